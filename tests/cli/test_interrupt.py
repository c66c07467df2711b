"""Ctrl-C before the program is there to answer it, and when it has answered."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from kubectl_stress.errors import Interrupted
from kubectl_stress.kube.connection import ConnectionFlags
from tests.cli.conftest import CommandLine

# Stands where click is imported from: what a hand on Ctrl-C does in the first moments.
INTERRUPTS = "import os, signal, time\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)\n"


@pytest.mark.parametrize("entry", ["main", "complete"])
def test_an_interrupt_while_the_program_starts_ends_it_without_a_word(
    tmp_path: Path, entry: str
) -> None:
    (tmp_path / "click").mkdir()
    (tmp_path / "click" / "__init__.py").write_text(INTERRUPTS)
    program = f"from kubectl_stress.__main__ import {entry}; {entry}()"

    done = subprocess.run(
        [sys.executable, "-c", program, "version"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a terminal
    )

    assert (done.returncode, done.stderr) == (-signal.SIGINT, "")


def program(*lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "\n".join(lines)],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # as in a terminal
    )


@pytest.mark.parametrize(("words", "code"), [(["version", "--client"], 0), (["mem"], 2)], ids=str)
def test_an_interrupt_while_python_ends_leaves_the_exit_code(words: list[str], code: int) -> None:
    done = program(
        "import atexit, os, signal, sys",
        "from kubectl_stress.__main__ import main",
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)",
        f"sys.argv[1:] = {words}",
        "main()",
    )

    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_second_interrupt_while_the_first_is_answered_is_one_too(
    kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pressed(*_args: object, **_given: object) -> None:
        raise KeyboardInterrupt

    def connected(flags: ConnectionFlags) -> None:
        monkeypatch.setattr(click, "echo", pressed)
        pressed(flags)

    monkeypatch.setattr(kubectl_stress, "_connect", connected)

    assert kubectl_stress("mem", "web", "--size", "50Mi") == Interrupted.exit_code


PREPARING = """
import atexit, os, signal, sys, threading, time
from kubectl_stress.__main__ import main
from kubectl_stress.cli import wiring
from tests.fakes.many_pods import ManyPods

cluster = ManyPods(*[b""] * 20)
cluster.holder_states = [{"waiting": {}}]  # whose image takes its time
cluster.idle = time.sleep
wiring._connect_to_server = lambda flags: cluster

def press() -> None:
    while not cluster.added:
        time.sleep(0.01)
    for pause in (0, PAUSE):
        time.sleep(pause)
        os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press, daemon=True).start()
atexit.register(lambda: print(f"\\n{len(cluster.runs)} loads"))  # the second may cut a line
sys.argv[1:] = ["mem", "-l", "app=web", "--size", "50Mi", "--yes"]
main()
"""


@pytest.mark.parametrize("pause_s", [0, 0.02, 0.1, 0.3])
def test_two_interrupts_while_many_targets_are_prepared_end_the_run_in_its_own_way(
    pause_s: float,
) -> None:
    done = program(PREPARING.replace("PAUSE", str(pause_s)))

    assert done.returncode == Interrupted.exit_code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.splitlines()[-1] == "0 loads"
