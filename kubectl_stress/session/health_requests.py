"""How the app is asked whether it is well.

A URL is asked through a forwarded port, from within the pod's network; a command is exec'd in the
target, which costs it memory, and so not when it has little left.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.search.health import HealthUrl
from kubectl_stress.session.health_checks import Ask, Asked
from kubectl_stress.targets.target import Target
from kubectl_stress.text import clean_bytes

if TYPE_CHECKING:
    from kubectl_stress.kube.exec.port_forward import PortForward

# How long an answer is waited for, whatever else comes meanwhile: later is as bad as never.
_MOST_MS = 10_000
_RECEIVE_S = 0.5
# An exec costs the target about 1.75 MiB; with less headroom than this none is started.
LEAST_HEADROOM_BYTES = 6 << 20


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
            _read_until(port, lambda _answer: port.is_open, now_ms)
            started_ms = now_ms()
            port.send(words.encode())
            answer = _read_until(port, lambda answer: b"\r\n" in answer, now_ms)
            latency_ms = now_ms() - started_ms
        return Asked(port.error or _problem_of(answer), latency_ms)

    return ask


def _read_until(
    port: "PortForward", is_enough: Callable[[bytes], bool], now_ms: Callable[[], int]
) -> bytes:
    """What comes, until it is enough, or nothing more is to be waited for."""
    answer, deadline_ms = b"", now_ms() + _MOST_MS
    while not (is_enough(answer) or port.ended) and now_ms() < deadline_ms:
        answer += port.receive(_RECEIVE_S)
    return answer


def _problem_of(answer: bytes) -> str | None:
    line = clean_bytes(answer.partition(b"\r\n")[0])
    with suppress(ValueError, IndexError):
        status = int(line.split()[1])
        return None if 200 <= status < 400 else f"HTTP status {status}"
    return f"no HTTP answer ({line})" if line else "no answer"


def by_command(
    cluster: Cluster, target: Target, command: Sequence[str], now_ms: Callable[[], int]
) -> Ask:
    """Exec it in the target; exit code 0 is well."""

    def ask() -> Asked:
        where = (target.namespace, target.pod, target.container)
        with cluster.exec(*where, command, stdin=False) as stream:
            deadline_ms = now_ms() + _MOST_MS
            while not stream.ended and now_ms() < deadline_ms:
                stream.receive(_RECEIVE_S)
            is_late, status = not stream.ended, stream.status
        if status is None:
            return Asked("the command did not end in time" if is_late else "no exit code")
        return Asked(None if status.exit_code == 0 else f"exit code {status.exit_code}")

    return ask
