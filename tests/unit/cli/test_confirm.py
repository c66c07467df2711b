"""What is asked before a load, and what an answer, or none, means."""

import io
import sys

import click
import pytest

from kubectl_stress.cli.confirm import confirm
from kubectl_stress.errors import Interrupted


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_ctrl_c_at_the_question_is_an_interrupt_that_whoever_asks_can_add_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def pressed(*_asked: object, **_given: object) -> bool:
        raise click.Abort

    monkeypatch.setattr(click, "confirm", pressed)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(sys, "stderr", Terminal())

    with pytest.raises(Interrupted, match="nothing was loaded"):
        confirm(["it has no limit"], yes=False)
