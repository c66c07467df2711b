"""Record what the agent says in bare machines: `python -m tests.agent.record_streams AGENT`.

Both sides of the wire are tested against these streams: the plugin must understand them, and the
agent of today must still say the same things.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.agent.container import MIB, Container
from tests.agent.guest import Guest, booted

STREAMS = Path(__file__).parents[1] / "testdata" / "streams"
_LIMIT = 64 * MIB
_LIFE = "--sample-interval-ms 250 --heartbeat-timeout-ms 600000"


def _to_the_end(target: Container) -> str:
    steps = f"--steps-bytes {8 * MIB},{16 * MIB} --step-hold-ms 300 --settle-ms 300"
    return _text(target, f"run mem --size-bytes {16 * MIB} {steps} --duration-ms 600 {_LIFE}")


def _over_the_limit(target: Container) -> str:
    return _text(
        target,
        f"run mem --size-bytes {2 * _LIMIT} --duration-ms 60000 --sample-interval-ms 5000 "
        "--heartbeat-timeout-ms 600000",
    )


def _cpu(target: Container) -> str:
    return _text(target, f"run cpu --load-percent 12.5 --cpu-workers 2 --duration-ms 600 {_LIFE}")


def _probe(target: Container) -> str:
    return _text(target, f"probe {_LIFE}")


def _refused(target: Container) -> str:
    target.target_pid = 1  # in another cgroup
    return _text(target, f"run mem --size-bytes {MIB} --duration-ms 600 {_LIFE}")


_SCENES: dict[str, Callable[[Container], str]] = {
    "duration": _to_the_end,
    "oom-kill": _over_the_limit,
    "cpu": _cpu,
    "probe": _probe,
    "not-a-member": _refused,
}


def main() -> None:
    STREAMS.mkdir(parents=True, exist_ok=True)
    for version in (1, 2):
        with (
            tempfile.TemporaryDirectory() as folder,
            booted(Path(folder), Path(sys.argv[1]), version) as guest,
        ):
            for name, play in _SCENES.items():
                _record(guest, f"v{version}-{name}", play)
            if version == 2:
                _record(guest, "v2-group-kill", _over_the_limit, group=True)


def _record(
    guest: Guest, name: str, play: Callable[[Container], str], *, group: bool = False
) -> None:
    target = Container(guest, name)
    target.create(_LIMIT)
    if group:
        guest.run(f"echo 1 > {target.memory}/memory.oom.group")
    (STREAMS / f"{name}.jsonl").write_text(play(target))
    target.remove()
    print(f"{name}: {(STREAMS / f'{name}.jsonl').stat().st_size} bytes")


def _text(target: Container, arguments: str) -> str:
    """The whole of the stream, until the agent closed it or was killed."""
    run = target.run(arguments)
    target.guest.run(f"while kill -0 {run.pid}; do usleep 50000; done 2> /dev/null; sleep 1")
    return target.guest.run(f"cat {run.path}.out")


if __name__ == "__main__":
    main()
