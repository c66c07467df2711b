"""A pod in memory that breaks at a ballast; each exec of a load is played to its end at once."""
# ruff: noqa: ARG002 - the arguments are those of the real methods

from collections.abc import Callable, Sequence
from typing import Any

from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.search.tries import Mark
from tests.builders.agent_lines import (
    bye_line,
    hello_line,
    phase_line,
    processes_line,
    sample_line,
    worker_killed_line,
)
from tests.builders.pods import MIB, PodBuilder
from tests.fakes.cluster import FakeCluster
from tests.fakes.stream import FakeStream

SINGLE: dict[str, Any] = {"cgroup_version": 1, "oom_group": None}


class BreakingPod(FakeCluster):
    """`fails` says how the app fails beside a ballast, None where it lives with it (cgroup v1).

    `ballasts` are those that were asked for, in bytes.
    """

    def __init__(self, web: PodBuilder, fails: Callable[[int], Mark | None]) -> None:
        super().__init__(web.dict)
        self._fails = fails
        self.ballasts: list[int] = []

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
            return FakeStream().says(_reading()).ends(0)
        size = int(command[list(command).index("--size-bytes") + 1])
        self.ballasts.append(size)
        return self._load(size, self._fails(size))

    def _load(self, size: int, mark: Mark | None) -> FakeStream:
        held = size / MIB
        begins = hello_line(**SINGLE) + sample_line(10, phase="baseline")
        holds = phase_line("hold", held_mib=held) + sample_line(10 + held, held_mib=held)
        if mark is Mark.OOM:
            killed = worker_killed_line() + bye_line("workers-killed", 12)
            return FakeStream().says(begins + sample_line(127.9, held_mib=110) + killed).ends(12)
        if mark is Mark.THROTTLED:
            high = sample_line(10 + held, held_mib=held, high_events=40)
            return FakeStream().says(begins + holds + high + bye_line()).ends(0)
        assert mark is None
        return FakeStream().says(begins + holds + bye_line()).ends(0)


def _reading() -> bytes:
    processes = processes_line((1, "hello", "target", 130), (23, "agent", "holder", 128))
    return hello_line(**SINGLE) + sample_line() + processes + bye_line()
