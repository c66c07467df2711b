"""Turns what arrives during a run into findings, one input at a time. Pure: no clock.

Inputs are the agent's messages, pods and events of the API server; each returns what is new in it,
so that the caller can show it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from kubectl_stress.agent.protocol import (
    AgentError,
    Bye,
    Hello,
    Message,
    Processes,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Process, Sample, table_at_peak
from kubectl_stress.agent.series import Series
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.report import Report
from kubectl_stress.targets.api_events import event_change, is_reported
from kubectl_stress.targets.changes import Change, ChangeKind, changes
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending, Findings, is_cut
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.other_loads import OtherLoad, other_loads
from kubectl_stress.verdict.outcome import Expectation


class Collector:
    """The state of one run: samples, changes and how the stream ended."""

    def __init__(
        self,
        before: ContainerStatus,
        container: str,
        processes_before: tuple[Process, ...] = (),
        *,
        pressure_percent: float | None = None,
    ) -> None:
        self.status = before
        self.series, self._of_this_load = Series(), Series()
        self.changes: list[Change] = []
        self.hello: Hello | None = None
        self.bye: Bye | None = None
        self.processes_before = processes_before
        self.processes = processes_before  # under the full load
        self.kills: list[WorkerKilled] = []
        self.errors: list[AgentError] = []
        self.afterwards: Sample | None = None
        self.ending: Ending | None = None
        self._container, self._pressure_percent = container, pressure_percent
        self._own_runs, self._other_loads = set[str](), dict[str, OtherLoad]()
        self._other_loads_of_this_load = dict[str, OtherLoad]()
        self._loads = 1
        self._changes_before = self._kills_before = self._errors_before = 0

    def begin_again(self) -> None:
        """The load begins once more: what was seen stays, its agent's last words do not."""
        self.hello = self.bye = self.ending = self.afterwards = None
        self._loads += 1
        self._of_this_load, self._changes_before = Series(), len(self.changes)
        self._kills_before, self._errors_before = len(self.kills), len(self.errors)
        self._other_loads_of_this_load = {}

    def take(self, message: Message, *, at_ms: int) -> Message:
        """What the agent said, stamped with `at_ms` where it has a time on the client's axis."""
        if isinstance(message, Sample):
            message = replace(message, at_ms=at_ms)
            self.changes += _resizes(self._of_this_load.last, message)
            self.changes += self._pressures(message)
            self.series.add(message)
            self._of_this_load.add(message)
        elif isinstance(message, WorkerKilled):
            message = replace(message, at_ms=at_ms)
            self.kills.append(message)
        elif isinstance(message, Processes):
            self.processes = table_at_peak([self.processes, message.processes])
            self._see_other_loads(message.processes)
        elif isinstance(message, Hello):
            self.hello = message
            self._own_runs.add(message.run)
        elif isinstance(message, Bye):
            self.bye = message
        elif isinstance(message, AgentError):
            self.errors.append(message)
        return message

    def _see_other_loads(self, table: Sequence[Process]) -> None:
        for load in other_loads([table], self._own_runs):
            for seen in (self._other_loads, self._other_loads_of_this_load):
                known = seen.get(load.run, load)
                seen[load.run] = max(known, load, key=lambda one: one.held_bytes)

    def _pressures(self, now: Sample) -> list[Change]:
        """The pressure that `--stop-on` waits for, once in a load."""
        least, some = self._pressure_percent, now.memory.pressure_some_avg10_percent
        is_known = self.has_changed(ChangeKind.PRESSURE)
        if least is None or some is None or some < least or is_known:
            return []
        text = f"memory pressure {some:.1f}% (PSI some, average of 10 s), at least {least:g}%"
        return [Change(now.at_ms, ChangeKind.PRESSURE, text, "cgroup")]

    def see_pod(self, pod: Pod, *, at_ms: int) -> list[Change]:
        """A newer state of the pod; returns what changed since the last one."""
        status = ContainerStatus.from_pod(pod, self._container)
        found = changes(self.status, status, at_ms=at_ms)
        self.status = status
        self.changes += found
        return found

    def see_deletion(self, *, at_ms: int) -> list[Change]:
        """The pod is gone from the API server."""
        if any(change.kind is ChangeKind.DELETED for change in self.changes):
            return []
        change = Change(at_ms, ChangeKind.DELETED, "the pod is gone")
        self.changes.append(change)
        return [change]

    def see_event(self, event: Mapping[str, Any], *, at_ms: int) -> list[Change]:
        """An API event that is new in this run."""
        if not is_reported(event, self._container):
            return []
        change = event_change(event, at_ms=at_ms)
        self.changes.append(change)
        return [change]

    def end_stream(self, *, at_ms: int, exit_code: int | None, lost: str | None = None) -> Ending:
        """The stream is over."""
        self.ending = Ending(self.bye, exit_code, lost, at_ms)
        return self.ending

    def has_changed(self, *kinds: ChangeKind) -> bool:
        """Whether a change of one of these kinds was seen since this load began."""
        return any(change.kind in kinds for change in self.changes_of_this_load)

    @property
    def changes_of_this_load(self) -> list[Change]:
        """The changes since the load last began."""
        return self.changes[self._changes_before :]

    @property
    def needs_cause(self) -> bool:
        """The agent ended without goodbye, or by what somebody else did."""
        return is_cut(self.ending or Ending(self.bye))

    def findings(self) -> Findings:
        """Everything seen so far, as the verdict takes it."""
        return Findings(
            samples=self.series,
            changes=tuple(self.changes),
            ending=self.ending or Ending(self.bye),
            hello=self.hello,
            kills=tuple(self.kills),
            errors=tuple(self.errors),
            afterwards=self.afterwards,
            loads=self._loads,
            other_loads=tuple(self._other_loads.values()),
        )

    def report(
        self,
        plan: Plan,
        before: ContainerStatus,
        holder: str,
        expectation: Expectation | None,
        *,
        interrupted: str = "",
    ) -> Report:
        """Everything seen so far, judged."""
        findings = replace(self.findings(), interrupted=interrupted)
        return Report(
            plan=plan,
            findings=findings,
            verdict=judge(plan, findings),
            before=before,
            after=self.status,
            holder=holder,
            processes=self.processes,
            processes_before=self.processes_before,
            expectation=expectation,
        )

    def of_this_load(self) -> Findings:
        """What was seen since the load last began."""
        return replace(
            self.findings(),
            samples=self._of_this_load,
            changes=tuple(self.changes_of_this_load),
            kills=tuple(self.kills[self._kills_before :]),
            errors=tuple(self.errors[self._errors_before :]),
            other_loads=tuple(self._other_loads_of_this_load.values()),
            loads=1,
        )


def _resizes(before: Sample | None, now: Sample) -> list[Change]:
    """A limit that is another one than a sample ago: the container was resized in place."""
    old, new = (before.memory.limit_bytes if before else None), now.memory.limit_bytes
    if old is None or new is None or old == new:
        return []
    text = f"memory limit resized: {format_bytes(old)} → {format_bytes(new)}"
    return [Change(now.at_ms, ChangeKind.RESIZED, text, "cgroup")]
