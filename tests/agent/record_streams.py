"""Record what the agent says in bare machines: `python -m tests.agent.record_streams AGENT`.

Both sides of the wire are tested against these streams: the plugin must understand them, and
PROTOCOL.md must show all that is in them. Those of protocol 1 lie above, and stay as they are.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.agent.container import MIB, Container, Run
from tests.agent.guest import Guest, booted

STREAMS_1 = Path(__file__).parents[1] / "testdata" / "streams"
STREAMS = STREAMS_1 / "protocol-2"
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


def _both(target: Container) -> str:
    sizes = f"--size-bytes {8 * MIB} --load-percent 5 --run-id both --started-by ann@laptop"
    return _text(target, f"run mem cpu {sizes} --duration-ms 1500 {_LIFE}")


def _level(target: Container) -> str:
    return _text(target, f"run mem --level 50% --ramp-ms 300 --duration-ms 1500 {_LIFE}")


def _steered(target: Container) -> str:
    """A run that waits for `go`, and is told what to do by commands with IDs."""
    words = f"--size-bytes {MIB} --wait-for-go --hold-until-told --deadline-ms 600000"
    run = target.run(f"run mem {words} --run-id steered --settle-ms 300 {_LIFE}")
    for pause, command in (
        ("2", f"#1 size {8 * MIB}\\n#2 load 5\\n#3 go\\n"),
        ("2", f"#4 size {16 * MIB}\\n"),
        ("1", "#5 level limit-16777216 usage\\n.frob\\n"),
        ("2", "#6 stop by ann@laptop\\n"),
    ):
        target.guest.run(f"sleep {pause}")
        run.send(command)
    return _finished(target, run)


def _holder(target: Container) -> str:
    """What a holder answers, and two loads in its log."""
    holder = target.run("hold --protocol 2 --run-id holder")
    load = f"run mem --size-bytes {MIB} --duration-ms 600000 --detach {_LIFE}"
    runs = [target.run(f"{load} --run-id {name} --started-by bob") for name in ("one", "two")]
    for command in ("#1 read\\n", "#2 list\\n", "#3 stop one by ann\\n", "#4 stop\\n"):
        target.guest.run("sleep 2")
        holder.send(command)
    for run in runs:
        _wait_for(target, run)
    return target.guest.run(f"kill {holder.pid}; sleep 1; cat {holder.path}.out")


def _probe(target: Container) -> str:
    return _text(target, f"probe {_LIFE}")


def _refused(target: Container) -> str:
    target.target_pid = 1  # in another cgroup
    return _text(target, f"run mem --size-bytes {MIB} --duration-ms 600 {_LIFE}")


_SCENES: dict[str, Callable[[Container], str]] = {
    "duration": _to_the_end,
    "oom-kill": _over_the_limit,
    "cpu": _cpu,
    "both": _both,
    "level": _level,
    "steered": _steered,
    "holder": _holder,
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
    return _finished(target, target.run(arguments))


def _wait_for(target: Container, run: Run) -> None:
    target.guest.run(f"while kill -0 {run.pid}; do usleep 50000; done 2> /dev/null; sleep 1")


def _finished(target: Container, run: Run) -> str:
    _wait_for(target, run)
    return target.guest.run(f"cat {run.path}.out")


if __name__ == "__main__":
    main()
