"""A pod in memory whose app breaks at a CPU load; each load is played to its end at once."""
# ruff: noqa: ARG002 - the arguments are those of the real methods

from collections.abc import Callable, Sequence

from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.search.tries import Mark
from tests.builders.agent_lines import (
    bye_line,
    cpu_samples,
    hello_line,
    line,
    phase_line,
    processes_line,
    worker_killed_line,
)
from tests.builders.pods import MIB, PodBuilder
from tests.builders.scene import web
from tests.fakes.breaking_pod import SINGLE
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream

LIMIT = 250


def limited_web(limit: str | None = f"{LIMIT}m", request: str | None = "100m") -> PodBuilder:
    """The usual pod, with a CPU limit."""
    built = web()
    resources = built.dict["spec"]["containers"][0]["resources"]
    for kind, value in (("limits", limit), ("requests", request)):
        resources[kind] |= {"cpu": value} if value else {}
    return built


class BreakingCpu(FakeCluster):
    """`fails` says how the app fails beside a load in thousandths of a CPU; `loads` are those.

    By itself it uses `app`; beside a load what that leaves of the limit, but never less than 20m.
    Before any load it is throttled in `throttled_alone` of ten periods.
    """

    def __init__(
        self,
        fails: Callable[[int], Mark | None],
        *,
        pod: PodBuilder | None = None,
        app: int = 100,
        throttled_alone: int = 0,
    ) -> None:
        super().__init__((pod or limited_web()).dict)
        self._fails, self._app, self._throttled_alone = fails, app, throttled_alone
        self._readings = 0
        self.loads: list[int] = []

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> ExecStream:
        if "run" not in command:
            self._readings += 1
            return FakeStream().says(self._reading()).ends(0)
        words = list(command)
        percent, workers = (
            float(words[words.index(option) + 1]) for option in ("--load-percent", "--cpu-workers")
        )
        self.loads.append(round(percent * workers * 10))
        return self._load(self.loads[-1], self._fails(self.loads[-1]))

    def _reading(self) -> bytes:
        """Each a second after the one before."""
        at_ms = 1_000 * self._readings
        counters = {
            "usage_us": self._app * at_ms,
            "nr_periods": at_ms // 100,
            "nr_throttled": self._throttled_alone * at_ms // 1_000,
            "throttled_us": 0,
            "limit_millicores": LIMIT,
        }
        memory = {"usage_bytes": 10 * MIB, "limit_bytes": 128 * MIB}
        sample = line("sample", at_ms, phase="", memory=memory, cpu=counters)
        processes = processes_line((1, "hello", "target", 130), (23, "agent", "holder", 128))
        return hello_line(**SINGLE) + sample + processes + bye_line()

    def _load(self, load: int, mark: Mark | None) -> FakeStream:
        app = min(self._app, max(20, LIMIT - load))
        held = cpu_samples(
            load_percent=load / 10,
            used_us_per_ms=min(load, LIMIT - app),
            usage_us_per_ms=min(load, LIMIT - app) + app,
            is_throttled=load + self._app > LIMIT,
        )
        begins = hello_line(**SINGLE) + phase_line("hold") + held
        if mark is Mark.OOM:
            return (
                FakeStream()
                .says(begins + worker_killed_line() + bye_line("workers-killed", 12))
                .ends(12)
            )
        assert mark in (None, Mark.THROTTLED)
        return FakeStream().says(begins + bye_line()).ends(0)
