"""The system calls with which a program begins: ptrace(2)."""

from __future__ import annotations

import ctypes
import os
import subprocess
from pathlib import Path

_TRACEME, _NEXT_CALL = 0, 24  # linux/ptrace.h: PTRACE_TRACEME, PTRACE_SYSCALL

_ptrace = ctypes.CDLL(None, use_errno=True).ptrace
_ptrace.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)


def first_calls(program: Path, *arguments: str, until: int) -> list[int]:
    """Numbers of the calls up to the first `until`, where the program is killed; each comes twice,
    as it begins and as it ends."""
    calls: list[int] = []
    with subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: _ptrace(_TRACEME, 0, None, None),
    ) as process:
        try:
            while until not in calls:
                _, status = os.waitpid(process.pid, 0)
                assert os.WIFSTOPPED(status), (status, calls)
                calls.append(int(Path(f"/proc/{process.pid}/syscall").read_text().split()[0]))
                assert _ptrace(_NEXT_CALL, process.pid, None, None) == 0
        finally:
            process.kill()
    return calls
