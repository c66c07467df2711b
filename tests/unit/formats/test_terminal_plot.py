"""The plot for a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.formats.terminal_plot import plot
from tests.builders import runs
from tests.builders.pods import MIB, sample

SURVIVED = """\
      MiB  usage, limit 128.0 MiB ╌
          │╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
          │
      100 ┤
"""


def test_it_shows_the_level_against_the_limit() -> None:
    text = plot(runs.survived(), width=40)

    assert text.startswith(SURVIVED)
    assert "50 ┤" in text


def test_what_happened_has_a_sign_and_a_word() -> None:
    text = plot(runs.liveness_restarted())

    head, marks = text.splitlines()[0], text.splitlines()[-3]
    assert "! probe failed   ■ ended   ↻ started" in head
    assert [sign for sign in marks if sign in "!■↻×"] == ["!", "!", "■", "■", "↻"]


def test_a_kill_is_not_hidden_by_what_came_with_it() -> None:
    assert "×" in plot(runs.group_killed()).splitlines()[-3]


@pytest.mark.parametrize("width", [10, 40, 80, 300])
def test_it_keeps_to_its_width(width: int) -> None:
    text = plot(runs.survived(), width=width)

    assert max(len(line) for line in text.splitlines()[1:]) <= max(width, 40)


def test_a_limit_far_away_is_named_and_not_drawn() -> None:
    far = [sample(20, at_ms=100 * i, limit_bytes=8192 * MIB) for i in range(20)]

    text = plot(runs.made_report(far))

    assert "limit 8.0 GiB above" in text
    assert "╌" not in text


def test_no_limit_and_no_samples_are_said() -> None:
    assert "usage, no limit" in plot(runs.unlimited())
    assert plot(runs.made_report([])) == "no samples to draw"


@given(
    levels=st.lists(st.integers(-(2**62), 2**62), max_size=5),
    times=st.lists(st.integers(-(2**62), 2**62), min_size=5, max_size=5),
    width=st.integers(1, 200),
)
def test_any_numbers_can_be_drawn(levels: list[int], times: list[int], width: int) -> None:
    samples = [
        sample(usage_bytes=level, at_ms=at_ms, limit_bytes=level)
        for level, at_ms in zip(levels, times, strict=False)
    ]

    assert plot(runs.made_report(samples), width=width)


def test_pressure_has_a_row_of_its_own_where_it_was_felt() -> None:
    shares = (0.0, 12.0, 50.0, 100.0)
    felt = [
        sample(60, at_ms=1_000 * i, held_mib=50, pressure_some_avg10_percent=share)
        for i, share in enumerate(shares)
    ]
    without = [sample(60, at_ms=1_000 * i, pressure_some_avg10_percent=0.0) for i in range(4)]

    rows = [line for line in plot(runs.made_report(felt)).splitlines() if "PSI some" in line]

    assert ["".join(row.split("│")[1].split()) for row in rows] == ["▁▄█"]
    assert "PSI some" not in plot(runs.made_report(without))


def test_a_limit_that_was_lowered_is_a_step() -> None:
    limits = [(0, 120), (5_000, 60), (10_000, 60)]
    found = [sample(30, at_ms=at_ms, limit_bytes=mib * MIB) for at_ms, mib in limits]

    rows = [
        line.split("│")[-1].split("┤")[-1] for line in plot(runs.made_report(found)).splitlines()
    ]
    dashed = [row.rstrip() for row in rows if "╌" in row][-2:]

    before, after = (row.index("╌") for row in dashed)
    assert before == 0
    assert abs(after - len(dashed[0])) <= 2
