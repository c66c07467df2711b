"""The agent says what PROTOCOL.md shows, and the recordings end as their names say."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.agent.cgroup_files import V1, V2, tree
from tests.agent.conftest import IMAGE
from tests.agent.host import Line, finished
from tests.agent.record_streams import STREAMS

RUN = ("--duration-ms", "300", "--sample-interval-ms", "100", "--settle-ms", "100")
SIZES = ("--size-bytes", "8192", "--steps-bytes", "4096", "--step-hold-ms", "50")
COMMANDS = {
    "duration": ("run", "mem", *SIZES, *RUN),
    "cpu": ("run", "cpu", "--load-percent", "1.5", *RUN[:4]),
    "probe": ("probe",),
}
# Of the others. A group kill leaves nobody to say goodbye.
ENDS = {
    "oom-kill": "workers-killed",
    "not-a-member": "not-a-member",
    "group-kill": None,
    "steered": "stopped",
    "holder": "stopped",
    "both": "duration",
    "level": "duration",
}
NAMES = sorted(path.stem for path in STREAMS.glob("*.jsonl"))
PAGE = (IMAGE / "PROTOCOL.md").read_text()


def examples() -> dict[str, Line]:
    """The lines that the page shows, by their type; `…` stands there for any value."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    inline = re.findall(r'`(\{"type".*?\})`', PAGE)
    found: dict[str, Line] = {}
    for text in (*blocks, *inline):
        values = json.loads(text.replace("…", "0"))
        found.setdefault(values["type"], {}).update(values)
    return found


EXAMPLES = examples()


def recorded(name: str) -> list[Line]:
    return [json.loads(line) for line in (STREAMS / f"{name}.jsonl").read_text().splitlines()]


def shape(value: Any) -> Any:
    """Keys and types, where null may stand for any type."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None if value is None else type(value).__name__


def unknown(said: Any, shown: Any, at: str = "") -> list[str]:
    """What is said but not shown on the page, or shown as another type; null is of any type."""
    if said is None or shown is None:
        return []
    if isinstance(said, dict) and isinstance(shown, dict):
        return [
            fault
            for key, inner in said.items()
            for fault in (
                unknown(inner, shown[key], f"{at}.{key}") if key in shown else [f"{at}.{key}"]
            )
        ]
    if isinstance(said, list) and isinstance(shown, list):
        return unknown(said[0], shown[0], f"{at}[]") if said and shown else []
    return [] if said == shown else [f"{at}: {said}, not {shown}"]


@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_said_stands_on_the_page(
    agent: Path, tmp_path: Path, name: str, version: str
) -> None:
    files = tree(tmp_path, V1 if version == "v1" else V2)
    here = ("--target-pid", str(os.getpid()), "--cgroup-root", str(files))
    lines = finished(agent, *COMMANDS[name], *here).lines

    assert {line["type"] for line in lines} >= {"hello", "sample", "bye"}
    for line in lines:
        assert unknown(shape(line), shape(EXAMPLES[line["type"]])) == [], line


def test_recordings_end_as_their_names_say() -> None:
    assert {name.partition("-")[2] for name in NAMES} == {*COMMANDS, *ENDS}
    for name in NAMES:
        last = recorded(name)[-1]
        assert last.get("reason") == ENDS.get(name.partition("-")[2], "duration"), name


@pytest.mark.parametrize("name", NAMES)
def test_what_was_recorded_stands_on_the_page(name: str) -> None:
    for line in recorded(name):
        assert unknown(shape(line), shape(EXAMPLES[line["type"]])) == [], line


def test_the_recordings_show_every_kind_of_line() -> None:
    assert {line["type"] for name in NAMES for line in recorded(name)} == set(EXAMPLES)


def test_no_recorded_line_is_longer_than_a_pipe_takes_whole() -> None:
    texts = [(STREAMS / f"{name}.jsonl").read_bytes() for name in NAMES]

    assert max(len(line) for text in texts for line in text.splitlines()) < 4096
