"""The benchmark waits for a fill while it goes on, and says why one did not come to its end."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from tests.agent.conftest import IMAGE

MIB = 1 << 20


@pytest.fixture
def fill(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(IMAGE / "bench"))
    yield importlib.import_module("fill")
    for name in ("fill", "cgroup"):
        sys.modules.pop(name, None)


class _Growing:
    def __init__(self, usage: Callable[[float], int]) -> None:
        self._usage, self._start = usage, time.monotonic()

    def usage_bytes(self) -> int:
        return self._usage(time.monotonic() - self._start)


@pytest.fixture
def sleeping() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process
        process.kill()


def filled(fill: Any, process: subprocess.Popen[bytes], usage: Callable[[float], int]) -> float:
    seconds: float = fill.seconds_to_fill(_Growing(usage), process, 64 * MIB, 0, still_seconds=0.2)
    return seconds


def test_a_slow_fill_is_waited_for(fill: Any, sleeping: subprocess.Popen[bytes]) -> None:
    assert filled(fill, sleeping, lambda seconds: int(seconds * 100 * MIB)) > 0.5


def test_a_fill_that_stands_still_is_told(fill: Any, sleeping: subprocess.Popen[bytes]) -> None:
    with pytest.raises(fill.NotFilled, match=r"nothing came for 0\.2 s, with 16 MiB charged"):
        filled(fill, sleeping, lambda _seconds: 16 * MIB)


def test_a_tool_that_ends_is_told(fill: Any) -> None:
    with (
        subprocess.Popen(["false"]) as process,
        pytest.raises(fill.NotFilled, match="ended with exit code 1, with 0 MiB charged"),
    ):
        filled(fill, process, lambda _seconds: 0)


def test_what_the_machine_cannot_give_is_not_asked_for(fill: Any) -> None:
    with pytest.raises(fill.NotFilled, match=f"and {(1 << 60) // MIB + 1024} MiB are needed"):
        fill.refuse_what_does_not_fit(1 << 60)
