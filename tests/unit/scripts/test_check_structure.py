"""The check of the folders' promises finds what breaks them."""

import ast

import pytest

from scripts.check_structure import PACKAGE, _of

LONG = "def long():\n" + "    pass\n" * 30


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (LONG, "long() has 31 lines"),
        ("def told(): pass", "told"),
        ("class join_standing: pass", "join_standing"),
        ("x.text == 'as asked'", "an English sentence"),
        ("x.message.startswith('the agent')", "an English sentence"),
        ("try: pass\nexcept E as e:\n  'no' in str(e)", "an English sentence"),
    ],
    ids=["long", "coined", "part of a name", "equal", "beginning", "exception"],
)
def test_what_breaks_a_promise_is_found(source: str, found: str) -> None:
    problems = list(_of(PACKAGE / "verdict" / "x.py", ast.parse(source)))

    assert len(problems) == 1
    assert found in problems[0]


@pytest.mark.parametrize(
    "source", ["x.reason == 'Evicted'", "x.text == y", "str(x).startswith('a')"]
)
def test_fields_and_other_texts_may_decide(source: str) -> None:
    assert list(_of(PACKAGE / "verdict" / "x.py", ast.parse(source))) == []


def test_the_words_of_the_kubelet_are_read_in_targets_alone() -> None:
    tree = ast.parse("x.message.startswith('Container')")

    assert list(_of(PACKAGE / "targets" / "x.py", tree)) == []
