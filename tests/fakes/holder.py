"""A holder that knows which loads run beside it, as the stdin of `agent hold` answers."""
# ruff: noqa: ARG002 - the arguments are those of the real method

import re
from collections.abc import Callable
from typing import Any

from kubectl_stress.errors import StressError
from kubectl_stress.kube.exec.stream import ExecStream
from tests.builders.agent_lines import done_line, hello_line, line, processes_line, sample_line
from tests.fakes.cluster import FakeCluster, forbidden
from tests.fakes.stream import FakeStream

_COMMAND = re.compile(rb"#(\d+) (read|list|stop by (.*))\n")


class FakeHolder:
    """`loads` are the runs in its sight and who started them; a stopped one ends after `lasts`."""

    def __init__(self, lasts: int = 1, **loads: str) -> None:
        self.loads, self.stopped_by = dict(loads), list[str]()
        self.usage_mib: float = 10
        self.is_blind, self.others = False, list[tuple[int, str, str, int]]()
        self._lasts = lasts

    def answer(self, number: int, command: bytes, by: bytes | None) -> bytes:
        if command == b"list":
            if self.stopped_by:
                self._lasts -= 1
            if self._lasts < 0:
                self.loads = {}
            listed = b"".join(_load_line(run, user) for run, user in self.loads.items())
            return listed + done_line(number, command="list", count=len(self.loads))
        if command == b"read":
            memory: dict[str, Any] = {"usage_bytes": None} if self.is_blind else {}
            table = processes_line((23, "agent", "holder", 128), *self.others)
            return (
                hello_line(command="hold", pid=23)
                + sample_line(self.usage_mib, **memory)
                + table
                + done_line(number)
            )
        self.stopped_by.append((by or b"").decode())
        return done_line(number, command="stop", count=len(self.loads))


def _load_line(run: str, user: str) -> bytes:
    values = {"run": run, "pid": 37, "started_by": user, "detached": False, "start_time_ticks": 1}
    return line("load", load=values)


class _Attached(FakeStream):
    def __init__(self, holder: FakeHolder, idle: Callable[[float], None]) -> None:
        super().__init__(idle=idle)
        self._holder = holder

    def send(self, data: bytes) -> bool:
        found = _COMMAND.fullmatch(data)
        assert found, data
        self.says(self._holder.answer(int(found[1]), found[2].split()[0], found[3]))
        return super().send(data)


class HeldCluster(FakeCluster):
    """Pods whose holders, named as `POD/HOLDER`, may be attached to."""

    def __init__(self, *pods: dict[str, object]) -> None:
        super().__init__(*pods)
        self.holders: dict[str, FakeHolder | StressError] = {}

    def attach(self, namespace: str, pod: str, container: str) -> ExecStream:
        self.attached.append(container)
        holder = self.holders.get(f"{pod}/{container}", forbidden("create pods/attach"))
        if isinstance(holder, StressError):
            raise holder
        return _Attached(holder, self.idle)
