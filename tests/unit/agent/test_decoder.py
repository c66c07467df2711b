"""The wire to the agent: lines in any portions, never an exception."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.agent.commands import MemoryOptions, RunOptions
from kubectl_stress.agent.decoder import MAX_LINE_BYTES, Decoder, decode_line
from kubectl_stress.agent.protocol import (
    Bye,
    EndReason,
    ExitCode,
    Garbage,
    Hello,
    PhaseStart,
    WorkerKilled,
)
from kubectl_stress.agent.samples import Phase, Sample

ROOT = Path(__file__).parents[3]
HELLO = {"type": "hello", "protocol": 1, "version": "0.1.0", "elapsed_ms": 0, "pid": 3}
SAMPLE = {
    "type": "sample",
    "elapsed_ms": 100,
    "time_ms": 5,
    "phase": "hold",
    "load": {"size_bytes": 50, "held_bytes": 40, "workers": 1},
    "memory": {"usage_bytes": 90, "limit_bytes": None, "oom_kill": None, "newer_field": 1},
}
BYE = {"type": "bye", "elapsed_ms": 9, "time_ms": 9, "reason": "duration", "exit_code": 0}


def line(values: dict[str, Any]) -> bytes:
    return json.dumps(values).encode() + b"\n"


STREAM = line(HELLO) + line(SAMPLE) + line(BYE)


def test_messages_come_out_as_values() -> None:
    hello, sample, bye = Decoder().feed(STREAM)

    assert isinstance(hello, Hello)
    assert isinstance(sample, Sample)
    assert (sample.held_bytes, sample.memory.usage_bytes) == (40, 90)
    assert bye == Bye(9, EndReason.DURATION, 0, 0, 0)


def test_what_the_agent_could_not_read_is_none_and_not_zero() -> None:
    (sample,) = Decoder().feed(line(SAMPLE))

    assert isinstance(sample, Sample)
    assert sample.memory.oom_kill is None
    assert sample.memory.working_set_bytes is None


@given(st.lists(st.integers(min_value=0, max_value=len(STREAM)), max_size=8))
def test_any_portions_give_the_same_messages(cuts: list[int]) -> None:
    decoder, edges = Decoder(), [0, *sorted(cuts), len(STREAM)]

    pieces = [STREAM[a:b] for a, b in pairwise(edges)]
    found = [message for piece in pieces for message in decoder.feed(piece)]

    assert found == Decoder().feed(STREAM)


@given(st.binary(max_size=300))
def test_garbage_never_raises(data: bytes) -> None:
    decoder = Decoder()

    decoder.feed(data)
    decoder.flush()


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_json_of_another_shape_is_garbage(value: Any) -> None:
    assert isinstance(decode_line(json.dumps(value).encode()), Garbage)


@pytest.mark.parametrize("kind", ["hello", "sample", "processes", "phase", "bye", "worker-killed"])
def test_a_message_without_its_fields_is_garbage(kind: str) -> None:
    assert isinstance(decode_line(json.dumps({"type": kind}).encode()), Garbage)


def test_a_type_of_a_newer_agent_is_passed_over() -> None:
    assert Decoder().feed(line({"type": "weather"})) == []


def test_a_stream_cut_in_a_line_says_so() -> None:
    decoder = Decoder()
    decoder.feed(STREAM[:-10])

    assert [type(message) for message in decoder.flush()] == [Garbage]


def test_an_endless_line_does_not_fill_the_memory() -> None:
    found = Decoder().feed(b"x" * (MAX_LINE_BYTES + 1))

    assert [type(message) for message in found] == [Garbage]


def test_a_workers_death_keeps_both_counters() -> None:
    killed = {"type": "worker-killed", "elapsed_ms": 1, "pid": 4, "signal": 9, "held_bytes": 7}
    killed |= {"oom_kill_before": 0, "oom_kill_after": 1}

    found = decode_line(json.dumps(killed).encode())

    assert isinstance(found, WorkerKilled)
    assert (found.oom_kill_before, found.oom_kill_after, found.oom_group_kill_after) == (0, 1, None)


def test_words_of_a_newer_agent_are_no_garbage() -> None:
    ended = decode_line(
        b'{"type":"bye","elapsed_ms":1,"reason":"tired","exit_code":99,"held_max_bytes":0}'
    )
    began = decode_line(b'{"type":"phase","elapsed_ms":1,"phase":"nap","held_bytes":0}')

    assert isinstance(ended, Bye)
    assert (ended.reason, ended.exit_code) == (EndReason.OTHER, 99)
    assert began == PhaseStart(1, Phase.NONE, 0)


def test_a_phase_start_is_read() -> None:
    found = decode_line(b'{"type":"phase","elapsed_ms":1,"phase":"hold","held_bytes":2}')

    assert found == PhaseStart(1, Phase.HOLD, 2)


def test_the_load_is_told_in_bytes_and_milliseconds() -> None:
    words = RunOptions(6, memory=MemoryOptions(5, workers=2)).arguments(holder_pid=9)

    assert words[:4] == ["run", "mem", "--size-bytes", "5"]
    assert words[-2:] == ["--holder-pid", "9"]
    assert "same" in words


def test_the_protocol_page_names_every_exit_code() -> None:
    page = (ROOT / "image" / "PROTOCOL.md").read_text()

    codes = {int(code) for code in re.findall(r"^\| `[a-z-]+` \| (\d+) \|", page, re.MULTILINE)}

    assert codes == {code.value for code in ExitCode}
