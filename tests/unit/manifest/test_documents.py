"""YAML and JSON become fields that know their lines, whatever a file holds."""

import json
from unittest.mock import patch

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kubectl_stress.manifest import documents
from kubectl_stress.manifest.documents import Parsed, parse
from kubectl_stress.manifest.field import Array, Field, Kind, Object, Scalar


def only(text: str) -> Field:
    parsed = parse(text.encode())
    assert parsed.diagnostics == ()
    (document,) = parsed.documents
    return document


def problem(data: bytes) -> str:
    (diagnostic,) = parse(data).diagnostics
    return f"{diagnostic.line}: {diagnostic}"


def lines(field: Field) -> dict[str, int]:
    """The line of each field by its path."""
    inner = [one for _name, one in field.named()] or list(field.items())
    return {field.path: field.line} | {
        path: line for one in inner for path, line in lines(one).items()
    }


def test_every_field_knows_its_line_and_path() -> None:
    text = "# a comment\nspec:\n  mode: one\n  list:\n  - a\n  -\n    b: 1\n"

    assert lines(only(text)) == {
        "": 2,
        "spec": 2,
        "spec.mode": 3,
        "spec.list": 4,
        "spec.list[0]": 5,
        "spec.list[1]": 7,
        "spec.list[1].b": 7,
    }


def test_json_has_the_same_lines_tabs_or_not() -> None:
    text = '{\n\t"spec": {\n\t\t"size": "50\\u0025",\n\t\t"workers": 1\n\t}\n}\n'

    found = only(text)

    assert lines(found) == {"": 1, "spec": 2, "spec.size": 3, "spec.workers": 4}
    assert found["spec"]["size"].written == "50%"


def test_json_documents_may_follow_each_other_without_a_separator() -> None:
    parsed = parse(b'{"a": 1}\n\n{"a": 2} {"a":\n3}')

    assert [found["a"].written for found in parsed.documents] == ["1", "2", "3"]
    assert [found["a"].line for found in parsed.documents] == [1, 3, 3]


def test_several_documents_are_read_and_empty_ones_left_out() -> None:
    parsed = parse(b"---\n# nothing\n---\na: 1\n---\nnull\n---\na: 2\n...\n")

    assert [(found.line, found["a"].written) for found in parsed.documents] == [(4, "1"), (8, "2")]


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("1", Kind.INTEGER),
        ("1.5", Kind.NUMBER),
        ("1e3", Kind.NUMBER),
        ("true", Kind.BOOLEAN),
        ("50MiB", Kind.STRING),
        ('"1"', Kind.STRING),
        ("'true'", Kind.STRING),
        ("2026-01-01", Kind.STRING),
    ],
)
def test_a_scalar_is_kept_as_written_with_its_kind(written: str, kind: Kind) -> None:
    assert only(f"a: {written}")["a"].value == Scalar(written.strip("\"'"), kind)


def test_null_is_there_and_yet_no_value() -> None:
    found = only("a: null\nb: ~\nc:\n")

    assert not any(field for _name, field in found.named())
    assert all(field.value == Scalar("", Kind.NULL) for _name, field in found.named())


def test_a_field_that_is_not_there_has_a_path_and_the_line_of_its_parent() -> None:
    missing = only("a: 1\nspec:\n  mode: one\n")["spec"]["selector"]["pods"]

    assert (missing.path, missing.line, missing.value) == ("spec.selector.pods", 2, None)
    assert (missing.written, missing.items(), list(missing.named())) == ("", (), [])


def test_anchors_and_merge_keys_are_read_as_kubectl_reads_them() -> None:
    found = only("a: &a {x: 1, y: 2}\nb:\n  <<: [*a, {y: 3, z: 4}]\n  x: 9\nc: *a\n")

    assert sorted(found["b"].pairs()) == [("x", "9"), ("y", "2"), ("z", "4")]
    assert found["b"]["y"].path == "b.y"
    assert found["c"].pairs() == (("x", "1"), ("y", "2"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: 1\nb: [1\nc: 2\n", "3: error: invalid YAML: expected ',' or ']'"),
        (b"a:\n  b: 1\n   c: {}\n  d: 2\n", "3: error: invalid YAML: wrong indentation, or"),
        (b"a:\n  b: {}\n   c:\n    d: 2\n", "3: error: invalid YAML: wrong indentation: expected"),
        (b"a: 1\n\tb: 2\n", "2: error: invalid YAML: found character '\\t'"),
        (b'{"a": 1,\n "b": }x', "2: error: invalid YAML:"),
        (b"a: 1\nb: 2\na: 3\n", "3: error: a: written twice, first on line 1"),
        (b"a: &a [*a]\n", "1: error: a[0]: an alias of itself"),
        (b"? [a]\n: 1\n", "1: error: a name that is not a string"),
        (b"a:\n  <<: 1\n", "2: error: a: << takes an object, or a list of them"),
        (b"a: 1\nb: \xff\n", "2: error: not UTF-8 text"),
        (b"a: 1\nb: \x07\n", "2: error: invalid YAML: a character that YAML does not allow"),
        (b"a: *b\n", "1: error: invalid YAML: found undefined alias 'b'"),
        (b"[" * 5000, "1: error: nested too deeply to be a manifest"),
        (b'{"a":' * 5000, "1: error: nested too deeply to be a manifest"),
    ],
)
def test_a_mistake_of_syntax_has_its_line(data: bytes, said: str) -> None:
    assert said in problem(data)


def test_what_stands_before_a_mistake_is_read() -> None:
    parsed = parse(b"a: 1\n---\na: [\n")

    assert [found["a"].written for found in parsed.documents] == ["1"]
    assert len(parsed.diagnostics) == 1


def test_a_field_that_is_written_twice_hides_no_mistake_after_it() -> None:
    parsed = parse(b"a: 1\na: 2\nb: {c: 1, c: 2}\n")

    assert [one.line for one in parsed.diagnostics] == [2, 3]
    assert [field.path for _, field in parsed.documents[0].named()] == ["a", "b"]


def test_a_byte_order_mark_is_no_text() -> None:
    assert only("\ufeffa: 1")["a"].written == "1"


def test_no_tag_has_anything_built() -> None:
    found = only("a: !!python/object/apply:os.system [exit 1]\n")

    assert found["a"].strings() == ("exit 1",)


def test_aliases_of_aliases_cost_nothing() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 30)]

    found = only("\n".join(levels))

    assert len(found["a29"].items()) == 10


JSON_VALUES = st.recursive(
    st.booleans() | st.integers(-1000, 1000) | st.text("abc: {}[]#-\"'\\\n\té😀%", max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=10,
)


def plain(field: Field) -> object:
    if isinstance(field.value, Object):
        return {name: plain(inner) for name, inner in field.named()}
    if isinstance(field.value, Array):
        return [plain(item) for item in field.items()]
    return field.written


def as_written(value: object) -> object:
    if isinstance(value, dict):
        return {name: as_written(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [as_written(item) for item in value]
    return value if isinstance(value, str) else json.dumps(value)


@given(
    value=st.dictionaries(st.text("abc", min_size=1), JSON_VALUES),
    indent=st.sampled_from([None, 2, "\t"]),
)
def test_any_json_is_read_as_it_is(value: dict[str, object], indent: int | str | None) -> None:
    assert plain(only(json.dumps(value, indent=indent))) == as_written(value)


@given(
    data=st.binary(max_size=80) | st.text("abc:-[]{}&*!<>'\"\n #%|", max_size=60).map(str.encode)
)
def test_any_bytes_are_read_or_have_an_error_with_a_line(data: bytes) -> None:
    parsed = parse(data)

    assert isinstance(parsed, Parsed)
    assert all(1 <= one.line <= len(data) + 1 for one in parsed.diagnostics)


def as_read_by(loader: object, text: str) -> Parsed:
    with patch.object(documents, "_FAST_LOADER", loader):
        return parse(text.encode("utf-8", "surrogatepass"))


@given(text=st.text("abc:-[]{}&*!<>'\"\n #%|?,1.~\t\x85\u2028é😀\r", max_size=40))
@example("a: [b, c]\n---\nd: 1\n")
@example("a: &x 1\nb: *x\n")
@example("a: *x\n")
@example("a: 1e3\nb: '1'\nc: ~\n")
@example("a: " + "[" * 200 + "]" * 200)
@example("a:\n  b: 1\n c: 2\n")
def test_libyaml_and_the_other_reader_come_to_the_same(text: str) -> None:
    assert as_read_by(yaml.CSafeLoader, text) == as_read_by(None, text)


def test_each_document_that_is_read_is_told() -> None:
    told: list[None] = []

    parse(b"a: 1\n---\nb: 2\n", lambda: told.append(None))

    assert len(told) == 2
