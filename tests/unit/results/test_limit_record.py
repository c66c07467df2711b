"""The record of a search, whole and damaged: read up to there, and never more than that."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubectl_stress.errors import RecordingError
from kubectl_stress.formats.html.limit_page import limit_page
from kubectl_stress.formats.limit_text import render_limit
from kubectl_stress.results.limit_record import (
    LimitHeader,
    end_line,
    header_line,
    is_limit_record,
    read_limit_record,
    try_line,
)
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.answer import Answer, AnswerKind
from kubectl_stress.search.levels import next_step
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.search.units import Searched
from tests.builders.pods import MIB, target
from tests.builders.simulated_app import settings as asked

SEARCHES = Path(__file__).parents[2] / "testdata" / "searches"
TRIES = (
    Try(60 * MIB, Mark.FITS, "survived", held_bytes=60 * MIB, peak_usage_bytes=80 * MIB),
    Try(64 * MIB, Mark.OOM, "killed", restarts=1, pressure_full_percent=1.5),
)
ANSWER = Answer(AnswerKind.FOUND, "found", 60 * MIB, 64 * MIB, Mark.OOM)
RESULT = LimitResult(target(), asked(), TRIES, ANSWER, 20 * MIB, (), 50 * MIB)
LINES = [
    header_line(LimitHeader("0.2.0", target(), asked(), 20 * MIB)),
    *(try_line(one, Searched.MEMORY) for one in TRIES),
    end_line(RESULT),
]
WHOLE = "".join(LINES).encode()


def test_what_is_recorded_is_read_again() -> None:
    assert is_limit_record(WHOLE)
    assert read_limit_record(WHOLE).result == RESULT


@pytest.mark.parametrize("size", range(0, len(WHOLE), 97))
def test_a_record_that_breaks_off_is_read_up_to_there(size: int) -> None:
    data = WHOLE[:size]
    if b"\n" not in data:
        with pytest.raises(RecordingError):
            read_limit_record(data)
        return
    assert read_limit_record(data).tries == list(TRIES)[: data.count(b'"try"')][: _whole(data)]


def _whole(data: bytes) -> int:
    return sum(b'"try"' in line for line in data.split(b"\n")[:-1])


def test_a_record_of_0_2_is_read_and_shown_with_the_keys_that_it_had() -> None:
    """Written before levels were of any resource but memory."""
    result = read_limit_record((SEARCHES / "memory-v1.jsonl").read_bytes()).result

    was = json.loads((SEARCHES / "memory-v1.json").read_text())
    assert _kept(json.loads(json.dumps(result.to_dict())), was) == was


def _kept(now: object, was: object) -> object:
    """Only what there was: keys may be added."""
    if isinstance(now, dict) and isinstance(was, dict):
        return {key: _kept(now[key], value) for key, value in was.items()}
    if isinstance(now, list) and isinstance(was, list):
        return [_kept(*pair) for pair in zip(now, was, strict=True)]
    return now


def test_another_version_is_refused() -> None:
    with pytest.raises(RecordingError, match="use the version that wrote it"):
        read_limit_record(WHOLE.replace(b"limit-search/v1", b"limit-search/v9"))


def test_a_time_that_no_calendar_has_is_shown_as_well_as_may_be() -> None:
    late = replace(TRIES[0], time_ms=1 << 62, latency_ms=1 << 62, not_ready_ms=1 << 62)

    render_limit(replace(RESULT, tries=(late,)), "wide")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


@given(line=st.integers(0, len(LINES) - 1), pick=st.randoms(), value=json_values)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_can_be_read(line: int, pick: object, value: object) -> None:
    lines = [json.loads(text) for text in LINES]
    _replace_one(lines[line], pick, value)
    data = "\n".join(json.dumps(content) for content in lines).encode() + b"\n"

    try:
        record = read_limit_record(data)
    except RecordingError:
        return

    render_limit(record.result, "wide")
    render_limit(record.result, "json")
    limit_page(record.result)
    next_step(record.header.settings, record.tries)


def _replace_one(content: dict[str, object], pick: object, value: object) -> None:
    """Put `value` at a random place in `content`."""
    key = pick.choice(list(content))  # type: ignore[attr-defined]
    inner = content[key]
    if isinstance(inner, dict) and inner and pick.random() < 0.8:  # type: ignore[attr-defined]
        _replace_one(inner, pick, value)
    else:
        content[key] = value
