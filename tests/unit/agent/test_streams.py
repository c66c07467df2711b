"""Streams that the agent really sent, from bare machines, as the plugin understands them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypeVar

import pytest

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.protocol import (
    AgentError,
    Bye,
    Garbage,
    Hello,
    Message,
    Processes,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Sample

STREAMS = Path(__file__).parents[2] / "testdata" / "streams"
NAMES = sorted(path.stem for path in STREAMS.glob("*.jsonl"))
LIMIT = 64 * 1024 * 1024

_Kind = TypeVar("_Kind", bound=Message)


def decoded(name: str, *, portion: int = 1 << 20) -> list[Message]:
    data = (STREAMS / f"{name}.jsonl").read_bytes()
    decoder = Decoder()
    found: list[Message] = []
    for at in range(0, len(data), portion):
        found += decoder.feed(data[at : at + portion])
    return found + decoder.flush()


def only(messages: list[Message], kind: type[_Kind]) -> list[_Kind]:
    return [message for message in messages if isinstance(message, kind)]


@pytest.mark.parametrize("name", NAMES)
def test_every_line_is_understood_in_portions_of_any_size(name: str) -> None:
    whole = decoded(name)

    assert len(whole) == len((STREAMS / f"{name}.jsonl").read_text().splitlines())
    assert not only(whole, Garbage)
    assert isinstance(whole[0], Hello)
    assert decoded(name, portion=7) == whole


@pytest.mark.parametrize("name", NAMES)
def test_every_reading_is_taken_over(name: str) -> None:
    lines = (STREAMS / f"{name}.jsonl").read_text().splitlines()
    raw = [line for line in map(json.loads, lines) if line["type"] == "sample"]

    for sample, line in zip(only(decoded(name), Sample), raw, strict=True):
        assert vars(sample.memory).items() >= line["memory"].items()
        assert vars(sample.cpu).items() >= line["cpu"].items()
        assert sample.held_bytes == line["load"]["held_bytes"]


@pytest.mark.parametrize("version", [1, 2])
def test_a_kill_of_the_worker_alone_comes_with_its_counters(version: int) -> None:
    messages = decoded(f"v{version}-oom-kill")
    (killed,) = only(messages, WorkerKilled)

    assert (killed.signal, killed.oom_kill_before, killed.oom_kill_after) == (9, 0, 1)
    assert (killed.oom_group_kill_after is None) == (version == 1)
    assert only(messages, Bye)[0].reason == "workers-killed"


def test_a_group_kill_ends_the_stream_without_goodbye_near_the_limit() -> None:
    messages = decoded("v2-group-kill")
    last = only(messages, Sample)[-1]

    assert only(messages, Hello)[0].oom_group is True
    assert not only(messages, Bye)
    assert last.memory.usage_bytes is not None
    assert last.memory.usage_bytes > 0.99 * LIMIT


@pytest.mark.parametrize("version", [1, 2])
def test_a_run_in_another_cgroup_holds_nothing(version: int) -> None:
    messages = decoded(f"v{version}-not-a-member")

    assert [error.code for error in only(messages, AgentError)] == ["not-a-member"]
    assert only(messages, Bye)[0].held_max_bytes == 0


@pytest.mark.parametrize("version", [1, 2])
def test_the_target_and_the_load_are_in_the_process_table(version: int) -> None:
    tables = only(decoded(f"v{version}-duration"), Processes)

    assert {"target", "load"} <= {process.role for process in tables[-1].processes}
