"""Checks the app's health as its user says, once a second, in a thread of its own.

A URL is asked through a forwarded port, from within the pod's network; a command is exec'd in the
target, which costs it memory, and so not when it has little left.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.search.health import CHECKED_EVERY_MS, Check, Checked, HealthUrl
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean_bytes

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.port_forward import PortForward

# How long an answer is waited for: later is as bad as never.
_MOST_S = 10.0
_END_S = 2.0
# An exec costs the target about 1.75 MiB; with less headroom than this none is started.
LEAST_HEADROOM_BYTES = 6 << 20


@dataclass(frozen=True)
class Asked:
    """What came of one check: what is wrong, and how long the app took; None: the whole check."""

    problem: str | None = None
    latency_ms: int | None = None


Ask = Callable[[], Asked]


class HealthChecks:
    """Context manager; `ask` may block.

    `may_ask` is false while a check would cost too much.
    """

    def __init__(
        self,
        ask: Ask,
        now_ms: Callable[[], int],
        most_ms: int | None,
        may_ask: Callable[[], bool] = lambda: True,
    ) -> None:
        self._ask, self._now_ms, self._most_ms, self._may_ask = ask, now_ms, most_ms, may_ask
        self._checks: list[Check] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join(timeout=_END_S)

    def between(self, since_ms: int, until_ms: int) -> Checked:
        """What was seen in this time."""
        found = [one for one in list(self._checks) if since_ms <= one.at_ms <= until_ms]
        return Checked.of(found, self._most_ms)

    @property
    def is_well(self) -> bool:
        """Whether the last check passed in time; also before the first."""
        last = self._checks[-1:]
        is_slow = self._most_ms is not None and any(o.latency_ms > self._most_ms for o in last)
        return not is_slow and all(one.problem is None for one in last)

    def check(self) -> Check:
        """One check, kept."""
        started_ms = self._now_ms()
        try:
            asked = self._ask()
        except StressError as error:
            asked = Asked(str(error))
        ended_ms, took_ms = self._now_ms(), asked.latency_ms
        latency_ms = ended_ms - started_ms if took_ms is None else took_ms
        one = Check(ended_ms, latency_ms, asked.problem)
        self._checks.append(one)
        return one

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._may_ask():
                self.check()
            self._stop.wait(CHECKED_EVERY_MS / 1000)


def by_url(cluster: Cluster, target: Target, url: HealthUrl, now_ms: Callable[[], int]) -> Ask:
    """GET it on the pod's own port; 200 to 399 is well, as for the kubelet's probes.

    The latency is that from the request to the first line of its answer.
    """
    words = (
        f"GET {url.path} HTTP/1.1\r\nHost: localhost:{url.port}\r\n"
        "User-Agent: kubectl-stress\r\nConnection: close\r\n\r\n"
    )

    def ask() -> Asked:
        with cluster.port_forward(target.namespace, target.pod, url.port) as port:
            _read_until(port, lambda _answer: port.is_open)
            started_ms = now_ms()
            port.send(words.encode())
            answer = _read_until(port, lambda answer: b"\r\n" in answer)
            latency_ms = now_ms() - started_ms
        return Asked(port.error or _problem_of(answer), latency_ms)

    return ask


def _read_until(port: "PortForward", is_enough: Callable[[bytes], bool]) -> bytes:
    """What comes, until it is enough, or nothing more is to be waited for."""
    answer, waited = b"", 0.0
    while not (is_enough(answer) or port.ended) and waited < _MOST_S:
        found = port.receive(0.5)
        answer, waited = answer + found, waited + (0 if found else 0.5)
    return answer


def _problem_of(answer: bytes) -> str | None:
    line = clean_bytes(answer.partition(b"\r\n")[0])
    with suppress(ValueError, IndexError):
        status = int(line.split()[1])
        return None if 200 <= status < 400 else f"HTTP status {status}"
    return f"no HTTP answer ({line})" if line else "no answer"


def by_command(cluster: Cluster, target: Target, command: Sequence[str]) -> Ask:
    """Exec it in the target; exit code 0 is well."""

    def ask() -> Asked:
        where = (target.namespace, target.pod, target.container)
        with cluster.exec(*where, command, stdin=False) as stream:
            waited = 0.0
            while not stream.ended and waited < _MOST_S:
                waited += 0 if stream.receive(0.5) else 0.5
            status = stream.status
        if status is None:
            return Asked("the command did not end in time" if waited >= _MOST_S else "no exit code")
        return Asked(None if status.exit_code == 0 else f"exit code {status.exit_code}")

    return ask
