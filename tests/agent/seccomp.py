"""Refuses system calls to a process that is about to start, as a container's profile does."""

from __future__ import annotations

import ctypes
import errno
import platform
import struct
from collections.abc import Callable

# The calls that the tests refuse or look for: asm/unistd_64.h, and asm-generic/unistd.h.
_NUMBERS = {
    "x86_64": {
        "timer_create": 222,
        "timer_settime": 223,
        "prctl": 157,
        "pidfd_open": 434,
        "madvise": 28,
    },
    "aarch64": {
        "timer_create": 107,
        "timer_settime": 110,
        "prctl": 167,
        "pidfd_open": 434,
        "madvise": 233,
    },
}
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _FILTER = 38, 22, 2
_LOAD_NUMBER, _IF_EQUAL, _RETURN = 0x20, 0x15, 0x06  # linux/bpf_common.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h


def number_of(call: str) -> int:
    """The number of a system call on this machine."""
    return _NUMBERS[platform.machine()][call]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def refuse(call: str, error: int = errno.EPERM) -> Callable[[], None]:
    """What a child does before it becomes the program: from then on `call` fails with `error`."""
    number = number_of(call)
    instructions = b"".join(
        struct.pack("=HBBI", *instruction)
        for instruction in (
            (_LOAD_NUMBER, 0, 0, 0),
            (_IF_EQUAL, 0, 1, number),
            (_RETURN, 0, 0, _ERRNO | error),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    text = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.addressof(text))
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def install() -> None:
        assert text.raw == instructions  # it lives as long as the filter is needed
        if prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or prctl(
            _PR_SET_SECCOMP, _FILTER, ctypes.byref(program), 0, 0
        ):
            raise OSError(ctypes.get_errno(), "seccomp")

    return install
