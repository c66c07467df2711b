"""A whole run on a cluster in memory: the pod `web`, what happens to it, and what was told."""

from datetime import UTC, datetime, timedelta
from typing import Any

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.errors import Refused
from kubectl_stress.injection.first_look import FirstLook
from kubectl_stress.operations.load import Run
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.results.report import Report
from kubectl_stress.session.announcer import Announcer
from kubectl_stress.session.progress import LogLine, Progress, What
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Expectation
from tests.builders.agent_lines import hello_line, phase_line, sample_line
from tests.builders.loads import memory_load
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster
from tests.fakes.time import FakeTime, ScriptedInbox

IDENTITY = RunIdentity("0a1b2c3d", "ann")
OOM_KILLED = {
    "containerID": "containerd://app-1",
    "reason": "OOMKilled",
    "exitCode": 137,
    "finishedAt": "2026-01-01T00:01:00Z",
}
BEGINNING = hello_line() + sample_line(10, phase="baseline") + phase_line("ramp")
NEAR_LIMIT = sample_line(127.9, held_mib=117)


def web() -> PodBuilder:
    return pod("web").container("app", limit="128Mi", request="64Mi")


def ended() -> PodBuilder:
    return web().with_container_status(state={"terminated": OOM_KILLED}, ready=False)


def started_again() -> PodBuilder:
    return web().with_container_status(
        containerID="containerd://app-2", restartCount=1, lastState={"terminated": OOM_KILLED}
    )


def announcer(cluster: FakeCluster, time: FakeTime) -> Announcer:
    """Whoever may create Events in "default"."""
    today = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def now() -> datetime:
        return today + timedelta(milliseconds=time.ms)

    return Announcer(cluster, IDENTITY, ["default"], clock=time.clock, today=now)


class Scene:
    """A pod, what happens to it, and what was told."""

    def __init__(self) -> None:
        self.time, self.cluster = FakeTime(), FakeCluster(web().dict)
        self.script = ScriptedInbox(self.time, self.cluster)
        self.heard: list[Progress] = []

    def hear(self, progress: Progress) -> None:
        self.heard.append(progress)

    def run(
        self,
        size: str = "50Mi",
        expectation: Expectation | None = None,
        *,
        look: FirstLook | None = None,
        **spec: Any,
    ) -> Report:
        target = Target.from_pod(self.cluster.pods["web"])
        announces = announcer(self.cluster, self.time)
        run = Run(
            self.cluster,
            self.script.loop,
            announcer=announces,
            tell=self.hear,
            confirm=self.confirm,
        )
        asked = memory_load(Amount.parse(size), duration_ms=20_000, **spec)
        with announces:
            return run(make_plan(asked, target), HolderSpec("agent:1"), expectation, look)

    def confirm(self, questions: tuple[str, ...]) -> None:
        if questions:
            raise Refused("; ".join(questions))

    @property
    def progress(self) -> list[What]:
        return [progress.what for progress in self.heard]

    @property
    def stories(self) -> list[str]:
        return [progress.text for progress in self.progress if isinstance(progress, LogLine)]
