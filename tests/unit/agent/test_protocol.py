"""The page that describes the wire, held against the receiver and the sender's own list."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.agent.commands import (
    HEARTBEAT,
    STOP,
    CpuOptions,
    MemoryOptions,
    RunOptions,
    end_arguments,
    probe_arguments,
)
from kubectl_stress.agent.decoder import MAX_LINE_BYTES, decode_line
from kubectl_stress.agent.hold_command import PROTOCOL, hold_arguments
from kubectl_stress.agent.protocol import ExitCode, Garbage, Hello
from kubectl_stress.agent.samples import Cpu, CpuLoadReading, Memory, Process, Sample

IMAGE = Path(__file__).parents[3] / "image"
PAGE = (IMAGE / "PROTOCOL.md").read_text()


def examples() -> dict[str, dict[str, Any]]:
    """The lines that the page shows, by their type; `…` stands there for any number."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    inline = re.findall(r'`(\{"type".*?\})`', PAGE)
    found = [json.loads(text.replace("…", "0")) for text in (*blocks, *inline)]
    return {values["type"]: values for values in found}


EXAMPLES = examples()


def commands() -> dict[str, set[str]]:
    """The subcommands of the page with their options."""
    block = re.search(r"## Commands\n\n```\n(.*?)```", PAGE, re.DOTALL)
    assert block
    texts = re.split(r"^agent ", block[1], flags=re.MULTILINE)[1:]
    found: dict[str, set[str]] = {}
    for text in texts:
        name = re.match(r"(?:run )?\w+", text)
        assert name
        found.setdefault(name[0], set()).update(re.findall(r"--([a-z-]+)", text))
    return found


def names(cls: type) -> set[str]:
    return {field.name for field in fields(cls)}


def test_the_page_shows_every_message() -> None:
    assert set(EXAMPLES) == {
        "hello", "sample", "processes", "phase", "arrived", "done", "load", "worker-killed",
        "error", "bye",
    }  # fmt: skip


@pytest.mark.parametrize("kind", EXAMPLES)
def test_every_message_of_the_page_is_understood(kind: str) -> None:
    found = decode_line(json.dumps(EXAMPLES[kind]).encode())

    assert found is not None
    assert not isinstance(found, Garbage)


def test_the_version_is_that_of_the_page() -> None:
    title = re.match(r"# The agent's protocol, version (\d+)\n", PAGE)

    assert title
    assert EXAMPLES["hello"]["protocol"] == PROTOCOL == int(title[1])


def test_a_sample_of_the_page_loses_nothing() -> None:
    known = EXAMPLES["sample"]

    assert set(known["memory"]) == names(Memory)
    assert set(known["cpu"]) == names(Cpu)
    assert set(known["cpu_load"]) == names(CpuLoadReading)
    assert {"size_bytes", "held_bytes"} <= set(known["load"])
    assert set(known) - {"type", "run", "load", "io", "pids", "cgroup"} <= names(Sample)


def test_a_process_of_the_page_loses_nothing() -> None:
    (process,) = EXAMPLES["processes"]["processes"]

    assert set(process) == names(Process)


def test_what_is_read_of_hello_stands_on_the_page() -> None:
    of_target = {name for name in names(Hello) if name.startswith("target_")}

    assert names(Hello) - of_target <= set(EXAMPLES["hello"])
    assert {name.removeprefix("target_") for name in of_target} <= set(EXAMPLES["hello"]["target"])


def test_the_longest_line_is_that_of_the_page() -> None:
    assert f"at most {MAX_LINE_BYTES // 1024} KiB" in PAGE


def test_what_is_written_to_stdin_stands_on_the_page() -> None:
    assert f"| `{HEARTBEAT.decode()}` | heartbeat" in PAGE
    assert r"| `stop [by TEXT]\n` | release and end" in PAGE
    assert STOP == b"stop\n"


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (hold_arguments(600_000), "hold"),
        (probe_arguments(container_id="a", target_pid=1), "probe"),
        (end_arguments(), "end"),
        (RunOptions(2, memory=MemoryOptions(1)).arguments(holder_pid=3), "run mem"),
        (RunOptions(2, cpu=CpuOptions(12.5)).arguments(holder_pid=3), "run cpu"),
        (
            RunOptions(2, memory=MemoryOptions(1), cpu=CpuOptions(1)).arguments(None),
            "run mem cpu",
        ),
    ],
    ids=["hold", "probe", "end", "run mem", "run cpu", "run mem cpu"],
)
def test_only_arguments_of_the_page_are_given(words: list[str], command: str) -> None:
    options = {word.removeprefix("--") for word in words if word.startswith("--")}

    assert " ".join(words).startswith(command)
    # One run may have both loads, with the options of both.
    known = [given for name, given in commands().items() if name.split()[0] == command.split()[0]]
    assert options <= set().union(*known)


def endings() -> dict[str, int]:
    """Reason to exit code, from the page's table."""
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", PAGE, re.MULTILINE)
    return {reason: int(code) for reason, code in rows}


def test_each_reason_of_the_page_has_its_exit_code() -> None:
    named = {code.name.lower().replace("_", "-"): code.value for code in ExitCode}
    del named["ok"]

    assert endings() == {"duration": 0, "stopped": 0, **named}


def test_every_reason_of_the_sender_is_known() -> None:
    source = (IMAGE / "src" / "words" / "reason.h").read_text()

    sent = {name: int(code) for name, code in re.findall(r"REASON_(\w+) = (\d+)", source)}

    ours = {code.name: code.value for code in ExitCode if code is not ExitCode.OK}
    assert sent.items() <= {"DURATION": 0, "STOPPED": 1, **ours}.items()  # STOPPED exits with 0
