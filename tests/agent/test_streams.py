"""The agent of today says what it said when the streams were recorded: the same keys and types."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.host import Line, finished
from tests.agent.record_streams import STREAMS

NAMES = sorted(path.stem for path in STREAMS.glob("*.jsonl"))
RUN = ("--duration-ms", "300", "--sample-interval-ms", "100", "--settle-ms", "100")
SIZES = ("--size-bytes", "8192", "--steps-bytes", "4096", "--step-hold-ms", "50")
COMMANDS = {
    "duration": ("run", "mem", *SIZES, *RUN),
    "cpu": ("run", "cpu", "--load-percent", "1.5", *RUN[:4]),
    "probe": ("probe",),
}


# Of the others. A group kill leaves nobody to say goodbye.
ENDS = {"oom-kill": "workers-killed", "not-a-member": "not-a-member", "group-kill": None}


def recorded(name: str) -> list[Line]:
    return [json.loads(line) for line in (STREAMS / f"{name}.jsonl").read_text().splitlines()]


def shape(value: Any) -> Any:
    """Keys and types, where null may stand for any type."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else type(value).__name__


def agrees(one: Any, other: Any) -> bool:
    """True where both shapes are the same, or null on either side."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(agrees(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return not one or not other or agrees(one[0], other[0])
    return one is None or other is None or one == other


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", COMMANDS)
def test_the_lines_are_those_of_the_recording(
    agent: Path, tmp_path: Path, name: str, version: str
) -> None:
    files = tree(tmp_path, V1 if version == "v1" else V2)
    here = ("--target-pid", str(os.getpid()), "--cgroup-root", str(files))
    lines = finished(agent, *COMMANDS[name], *here).lines
    known = recorded(f"{version}-{name}")

    assert _order(lines) == _order(known)
    for line in lines:
        same = [old for old in known if old["type"] == line["type"]]
        assert any(agrees(shape(line), shape(old)) for old in same), line


def test_recordings_are_whole_lines_and_end_as_their_names_say() -> None:
    assert {name.partition("-")[2] for name in NAMES} == {*COMMANDS, *ENDS}
    for name in NAMES:
        last = recorded(name)[-1]
        assert last.get("reason") == ENDS.get(name.partition("-")[2], "duration"), name


def _order(lines: list[Line]) -> list[str]:
    """The kinds of lines and phases as they first come, without those that have a clock."""
    rest = [line for line in lines if line["type"] not in ("sample", "processes")]
    return list(dict.fromkeys(line["type"] + line.get("phase", "") for line in rest))
