"""Ctrl-C before the program is there to answer it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

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
