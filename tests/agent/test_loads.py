"""Loads and levels with the real agent in a real cgroup with a CPU quota, by the whole engine."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kubectl_stress.agent.cpu_use import CpuUse, held_use
from kubectl_stress.agent.samples import Phase, Sample
from kubectl_stress.clock import Clock
from kubectl_stress.operations.load import Run
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.load_words import Metric
from kubectl_stress.plan.spec import CpuLoad, Leak, LoadSpec, MemoryLoad, Schedule
from kubectl_stress.results.report import Report
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Outcome
from tests.agent.local_pod import LIMIT, LocalPod, local_pod
from tests.builders.pods import MIB
from tests.builders.scene import announcer
from tests.fakes.time import FakeTime

QUOTA = 250
# 20 MiB more, in four seconds, and back at once; then again.
MOVES = """
import time
while True:
    held = []
    for _ in range(20):
        held.append(bytearray(b"x") * (1 << 20))
        time.sleep(0.2)
    del held
    time.sleep(2)
"""


@contextmanager
def quota_pod(agent: Path) -> Iterator[LocalPod]:
    with local_pod(agent) as pod:
        pod.cgroup.quota(QUOTA)
        yield pod


def run(pod: LocalPod, spec: LoadSpec) -> Report:
    target = replace(Target.from_pod(pod.pods["web"]), limit_millicores=QUOTA)
    announces = announcer(pod, FakeTime())
    engine = Run(
        pod,
        EventLoop(Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)),
        announcer=announces,
        tell=lambda _: None,
        confirm=lambda _: None,
    )
    with announces:
        report = engine(make_plan(spec, target), HolderSpec("agent:1"), None)
    print(report.verdict.sentence, *(fact.text for fact in report.verdict.evidence), sep="\n  ")
    return report


def cpu(amount: str, *steps: str, is_level: bool = False) -> CpuLoad:
    return CpuLoad(Amount.parse_cpu(amount), tuple(map(Amount.parse_cpu, steps)), None, is_level)


def used(report: Report) -> CpuUse:
    use = held_use(report.findings.samples.samples)
    assert use is not None
    return use


def held(report: Report) -> list[Sample]:
    samples = report.findings.samples.samples
    return [sample for sample in samples if sample.phase is Phase.HOLD]


def test_half_of_the_quota_is_used_and_survived(agent: Path) -> None:
    with quota_pod(agent) as pod:
        report = run(pod, LoadSpec(cpu=cpu("50%"), schedule=Schedule(8_000)))

    assert report.verdict.outcome is Outcome.SURVIVED
    load = used(report).load_millicores
    assert load is not None
    assert 0.9 * QUOTA / 2 <= load <= 1.1 * QUOTA / 2


def test_steps_beyond_the_quota_end_throttled(agent: Path) -> None:
    schedule = Schedule(6_000, step_hold_ms=3_000)
    with quota_pod(agent) as pod:
        report = run(pod, LoadSpec(cpu=cpu("200%", "20%", "50%"), schedule=schedule))

    asked = dict.fromkeys(one.cpu_load.load_percent for one in held(report) if one.cpu_load)
    use = used(report)
    assert list(asked) == [5.0, 12.5, 50.0]
    assert report.verdict.outcome is Outcome.THROTTLED
    assert use.throttled_percent is not None
    assert use.throttled_percent > 50
    assert use.used_millicores is not None
    assert 0.85 * QUOTA <= use.used_millicores <= 1.1 * QUOTA


def test_a_level_of_memory_and_a_cpu_load_are_held_at_once(agent: Path) -> None:
    memory = MemoryLoad(Amount.parse_level("70%"), metric=Metric.WORKING_SET)
    with quota_pod(agent) as pod:
        report = run(pod, LoadSpec(memory, cpu("40%"), Schedule(8_000)))

    states = [sample.level_state for sample in held(report)]
    level, last = int(0.7 * LIMIT), held(report)[-1].memory.working_set_bytes
    load = used(report).load_millicores
    assert report.verdict.outcome is Outcome.SURVIVED
    assert states.count("at") >= 0.8 * len(states)
    assert last is not None
    assert abs(last - level) <= 2 * MIB
    assert load is not None
    assert 0.85 * 0.4 * QUOTA <= load <= 1.15 * 0.4 * QUOTA


def test_a_cpu_level_is_held(agent: Path) -> None:
    with quota_pod(agent) as pod:
        report = run(pod, LoadSpec(cpu=cpu("60%", is_level=True), schedule=Schedule(8_000)))

    use = used(report).used_millicores
    assert report.verdict.outcome is Outcome.SURVIVED
    assert use is not None
    assert abs(use - 0.6 * QUOTA) <= 0.05 * QUOTA


def test_a_leak_grows_at_its_rate_and_ends_at_its_size(agent: Path) -> None:
    memory = MemoryLoad(Amount.parse("40Mi"), leak=Leak(10 * MIB, 60_000))
    with local_pod(agent) as pod:
        report = run(pod, LoadSpec(memory))

    growing = [one for one in report.findings.samples.samples if one.phase is Phase.RAMP]
    grown = growing[-1].held_bytes - growing[0].held_bytes
    seconds = (growing[-1].elapsed_ms - growing[0].elapsed_ms) / 1_000
    assert report.verdict.outcome is Outcome.SURVIVED
    assert report.findings.samples.peak_held_bytes == 40 * MIB
    assert abs(grown / seconds - 10 * MIB) <= MIB


def test_a_level_is_held_while_the_app_grows_and_shrinks(agent: Path) -> None:
    memory = MemoryLoad(Amount.parse_level("70%"), metric=Metric.WORKING_SET)
    with local_pod(agent) as pod:
        app = pod.cgroup.start(sys.executable, "-c", MOVES)
        try:
            report = run(pod, LoadSpec(memory, schedule=Schedule(14_000)))
        finally:
            app.kill()
            app.wait()

    found, level = held(report), int(0.7 * LIMIT)
    states = [sample.level_state for sample in found]
    highest = max(sample.memory.working_set_bytes or 0 for sample in found)
    loads = [sample.held_bytes for sample in found]
    assert report.verdict.outcome is Outcome.SURVIVED
    assert max(loads) - min(loads) >= 15 * MIB
    assert highest <= level + 3 * MIB
    assert states.count("at") >= 0.7 * len(states)
