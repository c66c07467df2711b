"""Many targets through one loop, with real threads: each its right verdict, nothing left open."""

import threading
from pathlib import Path

from kubectl_stress.clock import Clock
from kubectl_stress.operations.load import Run
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.report import Report
from kubectl_stress.session.event_loop import EventLoop
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    sample_line,
    survived,
    worker_killed_line,
)
from tests.builders.loads import memory_load
from tests.builders.scene import NEAR_LIMIT, announcer
from tests.fakes.cluster import FakeCluster
from tests.fakes.many_pods import ManyPods
from tests.fakes.time import PassingTime

SURVIVES = survived()
LOAD_DIES = (
    hello_line(oom_group=None, cgroup_version=1)
    + sample_line(10, phase="baseline")
    + NEAR_LIMIT
    + worker_killed_line()
    + bye_line("workers-killed", 12)
)


def run_all(cluster: FakeCluster) -> list[Report]:
    asked = memory_load(Amount.parse("50Mi"), duration_ms=20_000)
    plans = [make_plan(asked, Target.from_pod(found)) for found in cluster.pods.values()]
    loop = EventLoop(Clock(PassingTime().now_ms, lambda _: None))
    run = Run(
        cluster,
        loop,
        announcer=announcer(cluster, PassingTime()),
        tell=lambda _: None,
        confirm=lambda _: None,
    )
    found = run.all(plans, HolderSpec("agent:1"), None).found
    return [report for report in found if isinstance(report, Report)]


def test_twenty_targets_at_once_get_twenty_right_verdicts() -> None:
    cluster = ManyPods(*(LOAD_DIES if number % 3 == 0 else SURVIVES for number in range(20)))

    reports = run_all(cluster)

    assert [report.plan.target.pod for report in reports] == [f"web-{n}" for n in range(20)]
    assert [report.verdict.outcome for report in reports] == [
        Outcome.LOAD_OOM_KILLED if number % 3 == 0 else Outcome.SURVIVED for number in range(20)
    ]


def test_many_targets_share_one_watch_of_pods_and_one_of_events() -> None:
    cluster = ManyPods(*[SURVIVES] * 5)

    run_all(cluster)

    assert sorted(asked for asked in cluster.asked if asked.startswith("watch")) == [
        "watch events ",
        "watch pods ",
    ]


def test_a_run_leaves_no_thread_and_no_open_file() -> None:
    def left() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    run_all(ManyPods(SURVIVES, SURVIVES))
    before = left()

    for _ in range(20):
        run_all(ManyPods(SURVIVES, LOAD_DIES))

    assert left() == before
