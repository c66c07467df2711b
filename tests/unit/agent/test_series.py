"""What a series tells of its samples, however long it gets."""

import random
from dataclasses import replace

import pytest

from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.agent.series import Series
from tests.builders.pods import MIB, sample


def test_the_peak_follows_samples_that_come_later() -> None:
    series = Series([sample(10)])
    peaks = [series.peak_usage_bytes]

    for usage_mib in (30, 20):
        series.add(sample(usage_mib))
        peaks.append(series.peak_usage_bytes)

    assert peaks == [10 * MIB, 30 * MIB, 30 * MIB]


def test_without_a_usage_there_is_no_peak() -> None:
    assert Series([sample(usage_bytes=None)]).peak_usage_bytes is None


def an_hour() -> list[Sample]:
    """At 10 Hz, with a peak, a stay elsewhere, and a short ramp."""
    chance = random.Random(7)
    found = [
        sample(
            chance.uniform(10, 90),
            at_ms=100 * number,
            held_mib=chance.uniform(0, 50),
            phase=Phase.RAMP if 1_000 <= number < 1_003 else Phase.HOLD,
            cgroup_same=not 2_001 <= number < 2_004,
            oom_kill=number // 10_000,
        )
        for number in range(36_000)
    ]
    found[777] = replace(sample(99, held_mib=51, phase=Phase.HOLD), cgroup_same=True, at_ms=77_700)
    return found


def test_an_hour_takes_no_more_room_than_minutes_and_tells_the_same() -> None:
    samples = an_hour()
    whole, thinned = Series(samples), Series()

    for one in samples:
        thinned.add(one)

    assert len(thinned.samples) <= 4_096
    assert thinned.count == len(whole.samples) == 36_000
    for name in ("first", "last", "peak", "peak_usage_bytes", "peak_held_bytes"):
        assert getattr(thinned, name) == getattr(whole, name)
    assert thinned.delta("oom_kill") == whole.delta("oom_kill") == 3
    assert thinned.samples[-2_048:] == samples[-2_048:]
    assert [one.at_ms for one in thinned.samples] == sorted(one.at_ms for one in thinned.samples)


@pytest.mark.parametrize("number", [1_000, 1_002, 2_001, 2_003, 777])
def test_what_a_verdict_rests_on_is_never_dropped(number: int) -> None:
    samples, thinned = an_hour(), Series()

    for one in samples:
        thinned.add(one)

    assert samples[number] in thinned.samples
