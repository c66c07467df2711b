"""Reads one target by a probe in its holder, which costs the target nothing, in an own thread.

What is read is put on the caller's queue. A stream that breaks off is taken up again for a while,
so that a restarted API server costs a gap; a restarted container ends it, since its holder ended
with it, and another one would be one more entry that cannot be removed.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from kubectl_stress.agent.commands import HEARTBEAT
from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.protocol import AgentError, Bye, Hello, Message, Processes
from kubectl_stress.agent.samples import Sample
from kubectl_stress.clock import Clock
from kubectl_stress.errors import Forbidden, InjectionError, NotFound, StressError, TargetError
from kubectl_stress.injection.ephemeral_container import refuse_changed_target
from kubectl_stress.injection.join import JoinedHolder, Joiner
from kubectl_stress.injection.probe import refuse_other_protocol
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.exec.channels import Channel
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.session.progress import LogLine
from kubectl_stress.targets.changes import Change
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean_bytes

_BEAT_MS = 1_000
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


@dataclass(frozen=True)
class Attached:
    """The holder is there."""

    holder: str


@dataclass(frozen=True)
class Finished:
    """No more readings of this target; `error` says why where it was not meant."""

    error: StressError | None = None


Step = LogLine | Attached | Finished | Message
Progress = Step | Change


class Reader:
    """Reads one target: a holder, and a probe in it that is started again where it breaks off."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        holder: HolderSpec,
        *,
        clock: Clock,
        put: Callable[[Step], None],
    ) -> None:
        self._cluster, self._target, self._spec = cluster, target, holder
        self._clock, self._put = clock, put
        self._is_stopped = threading.Event()
        self._stream: ExecStream | None = None
        self._heard_ms = clock.now_ms()

    def reading(self, sampling: Sampling) -> "_Thread":
        """A context manager around the thread that reads."""
        return _Thread(lambda: self._read(sampling), self._stop)

    def _stop(self) -> None:
        self._is_stopped.set()
        if self._stream is not None:
            self._stream.close()  # the probe reads the end of its stdin, and ends

    def _read(self, sampling: Sampling) -> None:
        try:
            joined = self._enter()
            if not sampling.is_once:
                self._follow(joined, sampling)
        except StressError as error:
            self._put(Finished(error))
        else:
            self._put(Finished())

    def _enter(self) -> JoinedHolder:
        """A holder, and the first reading through it."""
        joiner = Joiner(
            self._cluster, clock=self._clock, tell=lambda text: self._put(LogLine(text))
        )
        joined = joiner.enter(self._target, self._spec)
        reading = joined.reading
        self._put(Attached(joined.holder))
        for message in (reading.hello, reading.sample, Processes(0, reading.processes)):
            self._take(message)
        return joined

    def _follow(self, joined: JoinedHolder, sampling: Sampling) -> None:
        """Probe until the time is over; a stream that breaks off is taken up again for a while."""
        duration_ms = _LONGEST_MS if sampling.duration_ms is None else sampling.duration_ms
        deadline_ms = self._clock.now_ms() + duration_ms
        while not self._is_stopped.is_set():
            left_ms = deadline_ms - self._clock.now_ms()
            if left_ms <= 0:
                return
            try:
                if self._probe(*joined.probe(left_ms, sampling.sample_interval_ms)):
                    return
                failure: StressError = InjectionError("the probe in the holder broke off")
            except StressError as error:
                failure = error
            self._go_on_after(failure)

    def _go_on_after(self, failure: StressError) -> None:
        """Return where it is worth another try; raises otherwise."""
        if self._is_stopped.is_set():
            return
        try:
            pod = self._cluster.get_pod(self._target.namespace, self._target.pod)
            refuse_changed_target(pod, self._target)
        except _FINAL:
            raise
        except StressError:
            pass  # an API server that restarts
        if self._clock.now_ms() - self._heard_ms > _PATIENCE_MS:
            raise failure
        self._put(LogLine(f"{failure}: reading again"))
        self._clock.sleep(1)

    def _probe(self, container: str, command: list[str]) -> bool:
        """Whether the probe ran to its end."""
        namespace, pod = self._target.namespace, self._target.pod
        with self._cluster.exec(namespace, pod, container, command, stdin=True) as stream:
            self._stream = stream
            bye = self._hear(stream)
        return bye is not None and bye.reason == "duration"

    def _hear(self, stream: ExecStream) -> Bye | None:
        """Beat and listen until the stream ends; the goodbye, if there was one."""
        heard = _Heard()
        beaten_ms = self._clock.now_ms()
        while not (stream.ended or self._is_stopped.is_set()):
            if self._clock.now_ms() - beaten_ms >= _BEAT_MS:
                stream.send(HEARTBEAT)
                beaten_ms = self._clock.now_ms()
            for message in heard.feed(stream.receive(0.2)):
                self._take(message)
        if not (heard.has_reading or self._is_stopped.is_set()):
            reason = stream.status.message if stream.status else stream.lost
            words = heard.complaint or reason or "no word came"
            raise InjectionError(f"the agent gave no reading: {words}")
        return heard.bye

    def _take(self, message: Message) -> None:
        if isinstance(message, Hello):
            refuse_other_protocol(message)
        elif isinstance(message, AgentError):
            self._put(LogLine(f"agent: {message.message}"))
        self._put(message)
        self._heard_ms = self._clock.now_ms()


class _Heard:
    """What one stream said so far."""

    def __init__(self) -> None:
        self._decoder, self._errors = Decoder(), b""
        self.bye: Bye | None = None
        self.has_reading = False

    @property
    def complaint(self) -> str:
        return clean_bytes(self._errors)

    def feed(self, received: Iterable[tuple[Channel, bytes]]) -> Iterator[Message]:
        for channel, data in received:
            if channel is Channel.STDERR:
                self._errors += data
                continue
            for message in self._decoder.feed(data):
                self.has_reading = self.has_reading or isinstance(message, Sample)
                self.bye = message if isinstance(message, Bye) else self.bye
                yield message


class _Thread:
    """Runs while the block goes on, and is then told to stop and waited for."""

    def __init__(self, work: Callable[[], None], stop: Callable[[], None]) -> None:
        self._thread, self._stop = threading.Thread(target=work, daemon=True), stop

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._stop()
        self._thread.join(timeout=2)
