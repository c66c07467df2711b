"""What CPU time was used for, from counters."""

from dataclasses import replace

import pytest

from kubectl_stress.agent.cpu_use import CpuMeter, CpuUse, held_use
from kubectl_stress.agent.samples import Cpu, Phase
from tests.builders.cpu import cpu_sample, cpu_samples


def test_counters_become_thousandths_of_a_cpu() -> None:
    use = held_use(cpu_samples(125, app_millicores=10, throttled=True))

    assert use is not None
    assert (use.used_millicores, use.load_millicores) == (135, 125)
    assert (use.periods, use.throttled_periods, use.throttled_percent) == (30, 30, 100)


def test_without_a_quota_nothing_is_known_of_throttling() -> None:
    before, after = (cpu_sample(ms, used_us=ms, load_us=ms, periods=None) for ms in (0, 100))

    use = CpuUse.between(before, after)

    assert use is not None
    assert use.throttled_percent is None


def test_a_counter_that_cannot_be_read_is_unknown_and_not_0() -> None:
    unread = replace(cpu_sample(0, used_us=0, load_us=0), cpu=Cpu(), cpu_load=None)

    use = CpuUse.between(unread, cpu_sample(100, used_us=9, load_us=9))

    assert use is not None
    assert (use.used_millicores, use.load_millicores) == (None, None)


def test_the_meter_looks_back_for_about_a_second() -> None:
    meter = CpuMeter()
    slow = [cpu_sample(ms, used_us=0, load_us=0) for ms in range(0, 5_000, 100)]
    fast = [
        cpu_sample(ms, used_us=(ms - 4_900) * 200, load_us=0) for ms in range(5_000, 6_000, 100)
    ]

    uses = [meter.add(sample) for sample in (*slow, *fast)]

    assert uses[0] is None
    assert uses[-1] is not None
    assert uses[-1].used_millicores == 200


def test_another_agent_counts_anew() -> None:
    meter = CpuMeter()
    meter.add(cpu_sample(9_000, used_us=9_000_000, load_us=0))

    assert meter.add(cpu_sample(0, used_us=5, load_us=0)) is None


@pytest.mark.parametrize("phase", ["ramp", "settle"])
def test_only_the_last_hold_counts(phase: str) -> None:
    before = [cpu_sample(ms, used_us=900 * ms, load_us=0, phase=phase) for ms in (0, 50)]
    after = [replace(one, elapsed_ms=one.elapsed_ms + 100) for one in cpu_samples(125)]
    released = replace(after[-1], elapsed_ms=9_000, phase=Phase.SETTLE)

    use = held_use([*before, *after, released])

    assert use is not None
    assert use.load_millicores == 125


def test_of_steps_the_last_counts_and_of_two_agents_the_second() -> None:
    first = cpu_samples(60, load_percent=6)
    second = [replace(one, elapsed_ms=one.elapsed_ms + 3_100) for one in cpu_samples(125)]

    of_steps, of_agents = held_use([*first, *second]), held_use([*first, *cpu_samples(125)])

    assert of_steps is not None
    assert of_agents is not None
    assert of_steps.load_millicores == of_agents.load_millicores == 125


def test_a_run_without_a_hold_has_no_use() -> None:
    assert held_use([cpu_sample(0, used_us=0, load_us=0, phase="ramp")]) is None
