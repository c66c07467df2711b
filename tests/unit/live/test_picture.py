"""The live picture: where the terminal has room for it, and where it has not."""

import pytest

from kubectl_stress.targets.changes import Change, ChangeKind
from tests.builders.pods import hello, sample
from tests.unit.live.telling import STARTED, Telling
from tests.unit.live.test_live_screen import Terminal, live

DOTS = range(0x2801, 0x2900)


def has_picture(terminal: Terminal) -> bool:
    return any(ord(character) in DOTS for character in terminal.text)


def climb(tell: Telling, *, seconds: int = 10) -> None:
    """A load that grows by 5 MiB a second, and a restart at the end."""
    tell(STARTED)
    tell(hello())
    for tenth in range(seconds * 10):
        tell(sample(20 + tenth / 2, at_ms=tenth * 100, held_mib=tenth / 2))
    tell(Change(seconds * 1_000, ChangeKind.STARTED, "container started again (restart 1)"))


@pytest.mark.parametrize(("columns", "lines"), [(80, 40), (160, 50)])
def test_a_terminal_with_room_shows_the_curve_above_the_table(
    monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
) -> None:
    with live(monkeypatch, columns=columns, lines=lines) as (terminal, tell, time):
        climb(tell)
        time.sleep(1)
        tell(sample(70, at_ms=10_500, held_mib=50))

        text = terminal.text
        assert has_picture(terminal)
        assert "MiB  usage, limit 128.0 MiB" in text
        assert text.index("usage, limit") < text.index("POD")
        assert "↻" in text
        assert all(len(row) <= columns for row in terminal.rows)


@pytest.mark.parametrize(("columns", "lines"), [(80, 24), (50, 60)], ids=["low", "narrow"])
def test_a_terminal_without_room_shows_the_table_alone(
    monkeypatch: pytest.MonkeyPatch, columns: int, lines: int
) -> None:
    with live(monkeypatch, columns=columns, lines=lines) as (terminal, tell, time):
        climb(tell)
        time.sleep(1)
        tell(sample(70, at_ms=10_500, held_mib=50))

        assert not has_picture(terminal)
        assert "POD" in terminal.text


@pytest.mark.parametrize(
    ("term", "encoding"), [("dumb", "utf-8"), ("xterm", "latin-1")], ids=["dumb", "latin-1"]
)
def test_a_terminal_that_cannot_show_dots_is_spared_them(
    monkeypatch: pytest.MonkeyPatch, term: str, encoding: str
) -> None:
    monkeypatch.setattr(Terminal, "encoding", encoding)
    with live(monkeypatch, columns=160, lines=50, term=term) as (terminal, tell, time):
        climb(tell)
        time.sleep(1)
        tell(sample(70, at_ms=10_500, held_mib=50))

        assert not has_picture(terminal)


def test_it_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch, columns=160, lines=50) as (terminal, tell, time):
        climb(tell)
        time.sleep(1)
        tell(sample(70, at_ms=10_500, held_mib=50))

    assert not has_picture(terminal)


def test_what_is_older_than_three_minutes_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    with live(monkeypatch, columns=160, lines=50) as (terminal, tell, time):
        tell(STARTED)
        for second in range(600):
            tell(sample(20 + second % 7, at_ms=second * 1_000, held_mib=5))
        time.sleep(1)
        tell(sample(20, at_ms=601_000, held_mib=5))

        (axis,) = [row for row in terminal.rows if row.endswith(" s")]
        *ticks, _unit = axis.split()
        assert 415 <= int(ticks[0]) <= 480
        assert int(ticks[-1]) <= 601
