"""YAML and JSON files → documents whose every field knows its line. Pure.

PyYAML is used up to its nodes only: they have lines, and nothing is built from a tag.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml

from kubectl_stress.manifest.diagnostic import Diagnostic, Severity
from kubectl_stress.manifest.field import Array, Field, Kind, Object, Scalar
from kubectl_stress.text import clean

_MERGE = "tag:yaml.org,2002:merge"
_KINDS = {
    "tag:yaml.org,2002:int": Kind.INTEGER,
    "tag:yaml.org,2002:float": Kind.NUMBER,
    "tag:yaml.org,2002:bool": Kind.BOOLEAN,
    "tag:yaml.org,2002:null": Kind.NULL,
}
# YAML 1.1 takes 1e3 for a string; the API server's reader does not.
_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")
# The commonest mistakes, of which the YAML reader says only what it met instead.
_CAUSES = {
    "expected <block end>, but found '<block": "wrong indentation",
    "mapping values are not allowed": "wrong indentation, or text with a colon that needs quotes",
}
_BLANK = re.compile(r"\s*")
# libyaml reads twelve times as fast as PyYAML's own reader, where PyYAML was built with it.
_FAST_LOADER: Any = getattr(yaml, "CSafeLoader", None)
_DIFFERENT = re.compile(r"[\t?]|[|>][-+0-9]*#")
_DEEPEST = 100


@dataclass(frozen=True)
class Parsed:
    """The documents of a file, up to its first mistake of syntax, and the mistakes."""

    documents: tuple[Field, ...]
    diagnostics: tuple[Diagnostic, ...]


class _Malformed(Exception):
    """Text or a node that cannot be read, on a line counted from 1."""

    def __init__(self, line: int, path: str, sentence: str) -> None:
        super().__init__(sentence)
        self.diagnostic = Diagnostic(Severity.ERROR, line, clean(path), clean(sentence))


def parse(data: bytes, seen: Callable[[], None] = lambda: None) -> Parsed:
    """All documents of a file; empty ones are left out. `seen` is called after each."""
    documents, mistakes = list[Field](), list[Diagnostic]()
    try:
        for node, first_line in _nodes(_decoded(data)):
            document = _Reader(first_line, mistakes).read(node)
            if document:
                documents.append(document)
            seen()
    except _Malformed as malformed:
        mistakes.append(malformed.diagnostic)
    except RecursionError:
        deep = Diagnostic(Severity.ERROR, 1, "", "nested too deeply to be a manifest")
        mistakes.append(deep)
    return Parsed(tuple(documents), tuple(mistakes))


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Malformed(line, "", "not UTF-8 text") from None


def _nodes(text: str) -> Iterator[tuple[yaml.Node, int]]:
    """The root of each document, with the line that its own are counted from."""
    if text.lstrip().startswith("{"):
        yield from _json_nodes(text)
    else:
        yield from ((node, 1) for node in _yaml_nodes(text))


def _json_nodes(text: str) -> Iterator[tuple[yaml.Node, int]]:
    """JSON documents, one after another as `kubectl get -o json` and jq print them."""
    decoder, start = json.JSONDecoder(), _after_blank(text, 0)
    while start < len(text):
        try:
            _value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError:
            # YAML in braces, or a mistake that the YAML reader has a line for.
            yield from (
                (node, text.count("\n", 0, start) + 1) for node in _yaml_nodes(text[start:])
            )
            return
        # Tabs may stand between JSON's values, but not between YAML's; JSON strings have none.
        for node in _yaml_nodes(text[start:end].replace("\t", " ")):
            yield node, text.count("\n", 0, start) + 1
        start = _after_blank(text, end)


def _after_blank(text: str, start: int) -> int:
    found = _BLANK.match(text, start)
    assert found is not None
    return found.end()


def _yaml_nodes(text: str) -> Iterator[yaml.Node]:
    loader = _FAST_LOADER if _FAST_LOADER and _is_simple(text) else yaml.SafeLoader
    try:
        yield from yaml.compose_all(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise _Malformed(line, "", f"invalid YAML: {_problem(error)}") from None
    except yaml.YAMLError as error:
        line = text.count("\n", 0, getattr(error, "position", 0)) + 1
        raise _Malformed(line, "", "invalid YAML: a character that YAML does not allow") from None


def _is_simple(text: str) -> bool:
    """Whether libyaml makes the same nodes of it as PyYAML's own reader.

    That one has the better words for a mistake, and stops where libyaml, which composes nodes
    without looking at its stack, would end the process. They differ on tabs, "?", tags,
    and on comments that stick to the head of a block.
    """
    if _DIFFERENT.search(text):
        return False
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_FAST_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST or getattr(event, "anchor", None) or getattr(event, "tag", None):
                return False
    except yaml.YAMLError:
        return False
    return True


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "unknown"
    causes = (cause for sign, cause in _CAUSES.items() if sign in problem)
    return "".join(f"{cause}: " for cause in causes) + problem


class _Reader:
    """Makes fields of nodes; an anchor that is used again is read once."""

    def __init__(self, first_line: int, mistakes: list[Diagnostic]) -> None:
        self._first_line, self._mistakes = first_line, mistakes
        self._open: set[int] = set()
        self._values: dict[int, Scalar | Array | Object] = {}

    def read(self, node: yaml.Node, path: str = "", line: int | None = None) -> Field:
        """The field that the node is the value of."""
        own_line = node.start_mark.line + self._first_line
        if id(node) in self._open:
            raise _Malformed(line or own_line, path, "an alias of itself")
        if id(node) not in self._values:
            self._open.add(id(node))
            self._values[id(node)] = self._value(node, path)
            self._open.remove(id(node))
        return Field(path, line or own_line, self._values[id(node)])

    def _value(self, node: yaml.Node, path: str) -> Scalar | Array | Object:
        if isinstance(node, yaml.MappingNode):
            return Object(self._fields(node, path))
        if isinstance(node, yaml.SequenceNode):
            items = (self.read(item, f"{path}[{at}]") for at, item in enumerate(node.value))
            return Array(tuple(items))
        assert isinstance(node, yaml.ScalarNode)
        return _scalar(node)

    def _fields(self, node: yaml.MappingNode, path: str) -> dict[str, Field]:
        own: dict[str, Field] = {}
        merged: dict[str, Field] = {}
        for key, value in node.value:
            line = key.start_mark.line + self._first_line
            if key.tag == _MERGE:
                merged = {**self._merged(value, path), **merged}
                continue
            if not isinstance(key, yaml.ScalarNode):
                raise _Malformed(line, path, "a name that is not a string")
            name = key.value
            inner = f"{path}.{name}" if path else name
            if name in own:
                twice = f"written twice, first on line {own[name].line}"
                self._mistakes.append(_Malformed(line, inner, twice).diagnostic)
                continue
            own[name] = self.read(value, inner, line)
        return {**merged, **own}

    def _merged(self, node: yaml.Node, path: str) -> dict[str, Field]:
        """What `<<` takes in: of several, the first that has a field gives it."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        found: dict[str, Field] = {}
        for source in sources:
            if not isinstance(source, yaml.MappingNode):
                line = node.start_mark.line + self._first_line
                raise _Malformed(line, path, "<< takes an object, or a list of them")
            for name, field in self.read(source, path).named():
                inner = f"{path}.{name}" if path else name
                found.setdefault(name, replace(field, path=inner))
        return found


def _scalar(node: yaml.ScalarNode) -> Scalar:
    kind = _KINDS.get(node.tag, Kind.STRING)
    if kind is Kind.NULL:
        return Scalar("", kind)
    if kind is Kind.STRING and not node.style and _EXPONENT.fullmatch(node.value):
        kind = Kind.NUMBER
    # PyYAML leaves the two halves of a character that JSON escapes in two.
    written = str(node.value).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return Scalar(written, kind)
