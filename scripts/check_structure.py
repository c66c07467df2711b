"""`make lint`: what the folders of kubectl_stress/ promise, beyond what import-linter checks.

Sizes of modules and functions, no circle of imports between files, words that nobody outside
guesses, and no decision that rests on an English sentence.
"""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

PACKAGE = Path(__file__).parents[1] / "kubectl_stress"
MODULE_LINES, MEDIAN_LINES, FUNCTION_LINES, ROOT_MODULES = 300, 95, 30, 7
_COINED = {"told", "standing", "entrance", "foretold", "goodbye"}
# What a person reads. Only targets/ may decide by such a text: the kubelet gives nothing else.
_SENTENCES = {"text", "message", "lost", "complaint"}
_ASKING = {"startswith", "endswith", "partition", "find", "index"}


def main() -> int:
    files = sorted(PACKAGE.rglob("*.py"))
    trees = {file: ast.parse(file.read_text()) for file in files}
    problems = [*_sizes(files), *_root(), *_circles()]
    for file, tree in trees.items():
        problems += [f"{file.relative_to(PACKAGE.parent)}:{text}" for text in _of(file, tree)]
    print("\n".join(problems) or f"{len(files)} modules are as CONTRIBUTING.md says")
    return 1 if problems else 0


def _sizes(files: list[Path]) -> Iterator[str]:
    lines = {file: len(file.read_text().splitlines()) for file in files}
    modules = [count for file, count in lines.items() if file.name != "__init__.py"]
    if (median := statistics.median(modules)) > MEDIAN_LINES:
        yield f"the median module has {median} lines, {MEDIAN_LINES} at most"
    for file, count in lines.items():
        if count > MODULE_LINES:
            yield f"{file.relative_to(PACKAGE.parent)}: {count} lines, {MODULE_LINES} at most"


def _root() -> Iterator[str]:
    modules = [file.name for file in PACKAGE.glob("*.py") if file.name != "__init__.py"]
    if len(modules) > ROOT_MODULES:
        yield f"kubectl_stress/ has {len(modules)} modules of its own, {ROOT_MODULES} at most"


def _circles() -> Iterator[str]:
    graph = grimp.build_graph(PACKAGE.name)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    try:
        TopologicalSorter(imports).prepare()
    except CycleError as error:
        yield f"modules import each other: {' → '.join(error.args[1])}"


def _of(file: Path, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > FUNCTION_LINES:
                yield f"{node.lineno}: {node.name}() has {count} lines, {FUNCTION_LINES} at most"
        if (name := _name(node)) and _COINED & set(re.split(r"_|(?<=[a-z])(?=[A-Z])", name)):
            yield f"{getattr(node, 'lineno', 0)}: {name}: CONTRIBUTING.md has plainer words"
    if PACKAGE / "targets" not in file.parents:
        for number in _decisions_by_sentences(tree):
            yield f"{number}: decides by an English sentence: use an enum or a field"


def _name(node: ast.AST) -> str:
    for field in ("id", "attr", "name", "arg"):
        if isinstance(value := getattr(node, field, None), str):
            return value
    return ""


def _decisions_by_sentences(tree: ast.Module) -> Iterator[int]:
    """Comparisons of such a text with words, and questions what it begins with or holds."""
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)}
    for node in ast.walk(tree):
        asked: list[ast.expr] = []
        if isinstance(node, ast.Compare) and any(map(_is_words, [node.left, *node.comparators])):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = [node.func.value] if node.func.attr in _ASKING else []
        if any(_is_sentence(expression, caught) for expression in asked):
            yield node.lineno  # type: ignore[attr-defined]  # each of these has one


def _is_words(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(node.value)


def _is_sentence(node: ast.expr, caught: set[str | None]) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in _SENTENCES
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "str"
        and isinstance(argument := node.args[0], ast.Name)
        and argument.id in caught
    )


if __name__ == "__main__":
    sys.exit(main())
