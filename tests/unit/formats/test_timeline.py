"""What a picture shows, before it is drawn."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.formats.timeline import (
    MarkKind,
    Timeline,
    clock,
    marks,
    ticks,
    time_ticks,
    timelines,
)
from kubectl_stress.results.report import Report
from kubectl_stress.targets.changes import Change, ChangeKind
from tests.builders import runs
from tests.builders.pods import MIB, event, sample, terminated


def drawn_of(report: Report) -> Timeline:
    (only,) = timelines(report)
    return only


def words(drawn: Timeline) -> list[tuple[str, int, int]]:
    return [(span.word, span.from_ms, span.to_ms) for span in drawn.readiness]


def test_a_kill_and_the_restart_after_it_are_marked() -> None:
    found = [(mark.at_ms, mark.kind) for mark in marks(runs.group_killed())]

    assert found == [(6_000, MarkKind.KILL), (7_800, MarkKind.RESTART)]


def test_a_kill_by_a_probe_is_no_oom_kill() -> None:
    kinds = [mark.kind for mark in marks(runs.liveness_restarted())]

    assert MarkKind.KILL not in kinds
    assert kinds.count(MarkKind.PROBE) == 3
    assert kinds[-3:] == [MarkKind.END, MarkKind.END, MarkKind.RESTART]


def test_a_worker_that_died_is_marked() -> None:
    (mark,) = marks(runs.worker_died())

    assert mark.kind is MarkKind.KILL
    assert "holding 100.0 MiB" in mark.text


def test_readiness_is_a_span_from_change_to_change() -> None:
    drawn = drawn_of(runs.group_killed())

    assert words(drawn) == [
        ("ready", 0, 6_000),
        ("not ready", 6_000, 9_000),
        ("ready", 9_000, 9_000),
    ]


def test_phases_follow_each_other_without_a_gap() -> None:
    phases = drawn_of(runs.survived()).phases

    assert [phase.word for phase in phases] == ["baseline", "ramp", "hold", "settle"]
    assert [p.to_ms for p in phases[:-1]] == [p.from_ms for p in phases[1:]]


def test_samples_after_a_pause_are_another_run_of_them() -> None:
    times = [*range(0, 1_000, 100), *range(9_000, 10_000, 100)]

    drawn = drawn_of(runs.made_report([sample(at_ms=at_ms) for at_ms in times]))

    assert [len(run) for run in drawn.runs] == [10, 10]


def test_samples_that_are_far_apart_by_intent_are_one_run() -> None:
    drawn = drawn_of(runs.made_report([sample(at_ms=10_000 * i) for i in range(20)]))

    assert [len(run) for run in drawn.runs] == [20]


def test_the_kernels_limit_stands_above_the_declared_one() -> None:
    resized = [sample(), sample(at_ms=100, limit_bytes=256 * MIB)]

    assert drawn_of(runs.made_report(resized)).limit == 256 * MIB
    assert drawn_of(runs.made_report([])).limit == 128 * MIB
    assert drawn_of(runs.unlimited()).limit is None


def test_a_run_of_nothing_has_a_second_all_the_same() -> None:
    drawn = drawn_of(runs.made_report([]))

    assert (drawn.start_ms, drawn.end_ms, drawn.runs, drawn.drawing.peak) == (0, 1_000, (), 0)


def test_changes_after_the_last_sample_are_on_the_axis() -> None:
    late = Change(60_000, ChangeKind.WAITING, "container waiting: CrashLoopBackOff")

    drawn = drawn_of(runs.made_report(runs.climb(60), terminated("Error", 1), late))

    assert drawn.end_ms == 60_000
    assert drawn.marks[-1].kind is MarkKind.END


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("Unhealthy", MarkKind.PROBE), ("Killing", MarkKind.END), ("BackOff", None)],
)
def test_only_some_events_are_marks(reason: str, kind: MarkKind | None) -> None:
    found = marks(runs.made_report([], event(reason, "words")))

    assert [mark.kind for mark in found] == ([] if kind is None else [kind])


@given(lowest=st.integers(0, 2**62), span=st.integers(1, 2**62), most=st.integers(2, 12))
def test_ticks_are_few_and_in_range(lowest: int, span: int, most: int) -> None:
    for found in (
        ticks(lowest, lowest + span, most=most),
        time_ticks(lowest, lowest + span, most=most),
    ):
        assert len(found) <= most + 1
        assert all(lowest <= tick <= lowest + span for tick in found)


@pytest.mark.parametrize(
    ("lowest", "highest", "found"),
    [(0, 140, [0, 20, 40, 60, 80, 100, 120, 140]), (0, 1, [0, 1]), (3, 9, [3, 4, 5, 6, 7, 8, 9])],
)
def test_ticks_are_round(lowest: int, highest: int, found: list[int]) -> None:
    assert ticks(lowest, highest, most=8) == found


def test_a_long_run_is_counted_in_minutes() -> None:
    assert time_ticks(0, 600_000, most=11) == [60_000 * i for i in range(11)]
    assert clock(90_000, span_ms=600_000) == "1:30"
    assert clock(90_000, span_ms=100_000) == "90"


def test_a_level_that_cannot_be_read_is_left_out() -> None:
    unreadable = replace(sample(), memory=replace(sample().memory, usage_bytes=None))

    assert drawn_of(runs.made_report([unreadable])).drawing.peak == 0


def test_a_resize_is_a_mark() -> None:
    resized = Change(2_000, ChangeKind.RESIZED, "memory limit resized: 1 → 2", "cgroup")
    failed = event("ResizeError", "Pod resize error", at_ms=3_000)

    report = runs.made_report([sample(10), sample(20, at_ms=4_000)], resized, failed)

    assert [(mark.at_ms, mark.kind) for mark in drawn_of(report).marks] == [
        (2_000, MarkKind.RESIZE),
        (3_000, MarkKind.RESIZE),
    ]


def test_a_limit_that_a_resize_moves_is_drawn_from_its_moment_on() -> None:
    limits = [(0, 96), (4_000, 96), (5_000, 128), (9_000, 128)]
    found = [sample(60, at_ms=at_ms, limit_bytes=mib * MIB) for at_ms, mib in limits]

    drawn = drawn_of(runs.made_report(found))

    assert drawn.limits == ((0, 96 * MIB), (5_000, 128 * MIB))
    assert drawn.limit_spans() == [(0, 5_000, 96 * MIB), (5_000, 9_000, 128 * MIB)]
    assert (drawn.limit, drawn.highest_limit) == (128 * MIB, 128 * MIB)
