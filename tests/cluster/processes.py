"""The processes of a cluster, found by a mark in their environment.

The mark is there from the moment a process runs, so none is lost however the driver ends, and a
process that took over an old number is never mistaken for ours.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from tests.cluster.errors import ClusterError

_CLUSTER = "KUBECTL_STRESS_CLUSTER"
_COMPONENT = "KUBECTL_STRESS_COMPONENT"
_GONE_SECONDS = 10.0


def spawn(folder: Path, component: str, argv: Sequence[str], *, cwd: Path) -> None:
    """Start a process that outlives the driver; its output goes to the component's log."""
    log = log_path(folder, component)
    log.parent.mkdir(parents=True, exist_ok=True)
    # A proxy of the host's has no business between the parts of a cluster.
    inherited = {key: value for key, value in os.environ.items() if not _is_proxy(key)}
    environment = inherited | {_CLUSTER: str(folder), _COMPONENT: component}
    with log.open("ab") as output:
        subprocess.run(
            ["setsid", "--fork", *argv],
            check=True,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )


def find(folder: Path) -> dict[str, int]:
    """Map the components of a cluster that run to their process numbers."""
    found: dict[str, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (component := _component(int(entry.name), folder)):
            found[component] = int(entry.name)
    return found


def send(folder: Path, component: str, number: signal.Signals) -> bool:
    """Signal a component; tell whether it was there."""
    pid = find(folder).get(component)
    if pid is None:
        return False
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            # The descriptor holds the process; now make sure that it is still the one found.
            if _component(pid, folder) == component:
                signal.pidfd_send_signal(descriptor, number)
                return True
        finally:
            os.close(descriptor)
    return False


def kill(folder: Path, component: str) -> None:
    """Kill a component and wait until it is gone."""
    deadline = time.monotonic() + _GONE_SECONDS
    while send(folder, component, signal.SIGKILL):
        if time.monotonic() > deadline:
            raise ClusterError(f"{component} does not end, even when killed")
        time.sleep(0.02)


def kill_all(folder: Path) -> None:
    """Kill everything that belongs to a cluster, until nothing is left."""
    while components := find(folder):
        for component in components:
            kill(folder, component)


def log_path(folder: Path, component: str) -> Path:
    """Say where the output of a component is."""
    return folder / "logs" / f"{component}.log"


def log_tail(path: Path, lines: int = 15) -> str:
    """Give the end of a log."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 16384))
            text = file.read().decode(errors="replace")
    except OSError as error:
        return f"({error})"
    return "\n".join(line[:400] for line in text.splitlines()[-lines:])


def _is_proxy(variable: str) -> bool:
    return variable.lower().endswith("_proxy")


def _component(pid: int, folder: Path) -> str | None:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:  # it ended, or it is another user's
        return None
    if f"{_CLUSTER}={folder}".encode() not in environment:
        return None
    mark = f"{_COMPONENT}=".encode()
    names = [entry.removeprefix(mark) for entry in environment if entry.startswith(mark)]
    return names[0].decode() if names else None
