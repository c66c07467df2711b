"""An exec whose process is played by the test."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kubectl_stress.agent.commands import GO, STOP
from kubectl_stress.kube.exec.channels import Channel, ExecStatus
from kubectl_stress.kube.exec.stream import ExecStream
from tests.builders.agent_lines import bye_line, done_line, hello_line, phase_line, sample_line


def wait_until_done(handed: "queue.Queue[Any]") -> None:
    """As `join`, but a receiver that died fails the test and does not hang it."""
    with handed.all_tasks_done:
        is_done = handed.all_tasks_done.wait_for(lambda: not handed.unfinished_tasks, timeout=10)
    assert is_done, "nobody takes what is said"


@dataclass(frozen=True)
class _End:
    status: ExecStatus | None
    lost: str | None


class FakeStream(ExecStream):
    """Says what it is told to say, in order; `sent` is what came on its stdin.

    `receive` waits for the test to go on; with `idle` it lets that pass the time instead.
    """

    def __init__(self, *, idle: Callable[[float], None] | None = None) -> None:
        # Without a socket there is nothing for the real constructor to do.
        self.ended = False
        self.status = None
        self.lost = None
        self.sent: list[bytes] = []
        self._idle = idle
        self._script: queue.Queue[tuple[Channel, bytes] | _End] = queue.Queue()
        self._has_given = False

    def says(self, data: bytes, channel: Channel = Channel.STDOUT) -> "FakeStream":
        self._script.put((channel, data))
        return self

    def ends(
        self, exit_code: int | None = None, *, lost: str | None = None, message: str = ""
    ) -> "FakeStream":
        status = None if lost is not None else ExecStatus(exit_code, message=message)
        self._script.put(_End(status, lost))
        return self

    def wait_until_heard(self) -> None:
        """Return once whoever receives has dealt with all that was said."""
        if not self.ended:
            wait_until_done(self._script)

    def send(self, data: bytes) -> bool:
        self.sent.append(data)
        return not self.ended

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        if self._has_given:
            self._has_given = False
            self._script.task_done()
        if self._idle is not None and self._script.empty():
            self._idle(timeout)
            return []
        step = self._script.get()
        if isinstance(step, _End):
            self.ended, self.status, self.lost = True, step.status, step.lost
            self._script.task_done()
            return []
        self._has_given = True
        return [step]

    def close(self) -> None:
        if not self.ended:
            self.ends(lost="closed by this side")


def is_go(data: bytes) -> bool:
    """Whether the load was told to begin, at once or at a moment."""
    return data.startswith(GO.rstrip())


class ReadyStream(FakeStream):
    """An agent with --wait-for-go: it is ready at once, and says `load` when it is told to go."""

    def __init__(self, load: bytes) -> None:
        super().__init__()
        hello, rest = load.split(b"\n", 1) if load else (hello_line().strip(), b"")
        self._load = rest
        self.says(hello + b"\n" + phase_line("ready") + sample_line(10, phase="ready"))

    def send(self, data: bytes) -> bool:
        if is_go(data) and not any(map(is_go, self.sent)) and self._load:
            self.says(self._load).ends(0)
        elif data == STOP and STOP not in self.sent:
            self.says(bye_line("stopped")).ends(0)
        elif data.startswith(b"#"):
            number, word = data[1:].split()[:2]
            self.says(done_line(int(number), command=word.decode()))
        return super().send(data)
