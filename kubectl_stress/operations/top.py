"""Reads targets without loading them, all at once. Prints nothing.

A probe in each target's holder reads it, which costs the target nothing. A stream that breaks off
is taken up again for a while, so that a restarted API server costs a gap; a restarted container
ends it, since its holder ended with it, and another one would be one more entry that cannot be
removed. Whoever shows it is given every step through `tell`, in the thread that called.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from kubectl_stress.agent.protocol import Bye, EndReason, Message, Processes
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import (
    Forbidden,
    InjectionError,
    Interrupted,
    NotFound,
    StressError,
    TargetError,
)
from kubectl_stress.injection.agent_stream import StreamEnded
from kubectl_stress.injection.ephemeral_container import refuse_changed_target
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.preflight.at_once import at_once
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.session.agent_stream import SteeredAgent
from kubectl_stress.session.event_loop import EventLoop, Procedure
from kubectl_stress.session.intake import Intake
from kubectl_stress.session.pod_watcher import watching
from kubectl_stress.session.progress import Attached, LogLine, Progress
from kubectl_stress.session.steering import Heartbeat
from kubectl_stress.targets.target import Target

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.stream import ExecStream

# The kubelet takes some 4 s to say that a container ended; an API server restarts in about 10 s.
_PATIENCE_MS = 30_000
_LONGEST_MS = 24 * 3_600_000
_FINAL = (NotFound, Forbidden, TargetError)


@dataclass(frozen=True)
class Sampling:
    """How long it is read, in milliseconds: None until interrupted (a day at most), 0 once."""

    duration_ms: int | None
    sample_interval_ms: int = 500

    @property
    def is_once(self) -> bool:
        """One reading, and nothing watched."""
        return self.duration_ms == 0


class Top:
    """One call of `top`; `tell` hears each step of each target."""

    def __init__(
        self,
        cluster: Cluster,
        holder: HolderSpec,
        loop: EventLoop,
        *,
        tell: Callable[[Progress], None],
    ) -> None:
        self._cluster, self._holder, self._loop, self._tell = cluster, holder, loop, tell

    def __call__(self, targets: Sequence[Target], sampling: Sampling) -> list[TargetState]:
        """Read them all; a target that cannot be read has its `error` set.

        Raises Interrupted where it was ended by a signal before its time.
        """
        numbered = enumerate(targets)
        intakes = at_once([partial(self._intake, target, number) for number, target in numbered])
        procedures = {
            number: _ReadProcedure(self._cluster, self._holder, intake).read(sampling)
            for number, intake in enumerate(intakes)
        }
        with ExitStack() as stack:
            if not sampling.is_once:
                stack.enter_context(watching(self._cluster, targets, self._loop.put))
            try:
                self._loop.run(procedures)
            except KeyboardInterrupt as error:
                # Ctrl-C ends a reading that has no end; other signals bring their names.
                if sampling.duration_ms is not None or error.args:
                    raise Interrupted from None
        return [intake.state for intake in intakes]

    def _intake(self, target: Target, number: int) -> Intake:
        try:
            return Intake.of(target, self._cluster, self._loop, number, self._tell)
        except NotFound:  # its own procedure ends of that, and the others go on
            return Intake.unseen(target, self._loop, number, self._tell)


class _ReadProcedure:
    """Reads one target: a holder, and a probe in it that is started again where it breaks off."""

    def __init__(self, cluster: Cluster, holder: HolderSpec, intake: Intake) -> None:
        self._cluster, self._spec, self._intake = cluster, holder, intake
        self._target, self._heard_ms = intake.state.target, intake.now_ms()

    def read(self, sampling: Sampling) -> Procedure[None]:
        try:
            joined = yield from self._enter()
            if not sampling.is_once:
                yield from self._follow(joined, sampling)
        except StressError as error:
            self._intake.finish(error)
        else:
            self._intake.finish()

    def _enter(self) -> Procedure[JoinedHolder]:
        """A holder, and the first reading through it."""
        joiner = Joiner(
            self._cluster,
            clock=self._intake.clock,
            tell=lambda text: self._intake.put(LogLine(text)),
        )
        joined = yield from self._intake.call(lambda: joiner.enter(self._target, self._spec))
        self._intake.tell(Attached(joined.holder))
        reading = joined.reading
        for message in (reading.hello, reading.sample, Processes(0, reading.processes)):
            self._intake.hear(message)
        self._heard_ms = self._intake.now_ms()
        return joined

    def _follow(self, joined: JoinedHolder, sampling: Sampling) -> Procedure[None]:
        """Probe until the time is over; a stream that breaks off is taken up again for a while."""
        duration_ms = _LONGEST_MS if sampling.duration_ms is None else sampling.duration_ms
        deadline_ms = self._intake.now_ms() + duration_ms
        while (left_ms := deadline_ms - self._intake.now_ms()) > 0:
            try:
                command = joined.probe(left_ms, sampling.sample_interval_ms)
                if (yield from self._probe(*command)):
                    return
                failure: StressError = InjectionError("the agent's stream broke off")
            except StressError as error:
                failure = error
            yield from self._go_on_after(failure)

    def _go_on_after(self, failure: StressError) -> Procedure[None]:
        """Return where it is worth another try; raises otherwise."""
        target = self._target
        try:
            pod = yield from self._intake.call(
                lambda: self._cluster.get_pod(target.namespace, target.pod)
            )
            refuse_changed_target(pod, target)
        except _FINAL:
            raise
        except StressError:
            pass  # an API server that restarts
        if self._intake.now_ms() - self._heard_ms > _PATIENCE_MS:
            raise failure
        self._intake.say(f"{failure}; reading again")
        yield from self._intake.sleep(1)

    def _probe(self, container: str, command: list[str]) -> Procedure[bool]:
        """Whether the probe ran to its end."""
        namespace, pod = self._target.namespace, self._target.pod

        def start() -> "ExecStream":
            return self._cluster.exec(namespace, pod, container, command, stdin=True)

        with SteeredAgent((yield from self._intake.call(start)), self._intake.put) as agent:
            return (yield from self._hear(agent))

    def _hear(self, agent: SteeredAgent) -> Procedure[bool]:
        """Beat and listen until the stream ends."""
        heartbeat, bye, has_reading = Heartbeat(self._intake.now_ms()), None, False
        while True:
            arrival = yield from self._intake.take_next()
            beat = heartbeat.next(self._intake.now_ms(), None, ())
            if beat is not None:
                agent.send(beat)
            if isinstance(arrival, StreamEnded):
                break
            if isinstance(arrival, Message):
                self._heard_ms = self._intake.now_ms()
            has_reading = has_reading or isinstance(arrival, Sample)
            bye = arrival if isinstance(arrival, Bye) else bye
        if not has_reading:
            raise InjectionError(
                f"the agent could not read the target: {arrival.lost or 'no message'}"
            )
        return bye is not None and bye.reason is EndReason.DURATION
