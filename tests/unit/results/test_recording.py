"""Recordings: the same run comes back, and no damage is an exception."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from kubectl_stress.agent.protocol import AgentError
from kubectl_stress.errors import RecordingError
from kubectl_stress.formats.report_text import render
from kubectl_stress.results.recording import Recording, read_recording, to_report
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation, Outcome
from tests.builders import runs
from tests.builders.pods import bye, sample

RUNS = {
    "survived": runs.survived(expectation=Expectation.READY),
    "group": runs.group_killed(expectation=Expectation.OOM),
    "worker": runs.worker_died(),
    "liveness": runs.liveness_restarted(),
    "unlimited": runs.unlimited(),
    "afterwards": runs.made_report(
        runs.climb(127), ending=Ending(None, 137, None, 5_000), afterwards=sample(12, oom_kill=1)
    ),
    "no-memory": runs.made_report(
        runs.climb(20),
        ending=Ending(bye("no-memory", 11), 11, None, 5_000),
        errors=(AgentError("rlimit-as", "RLIMIT_AS is 1 GiB"),),
    ),
}
SHORT = runs.recorded(runs.made_report(runs.climb(127, steps=3), given=None))


@pytest.fixture(params=list(RUNS.values()), ids=list(RUNS))
def report(request: pytest.FixtureRequest) -> Report:
    found: Report = request.param
    return found


# Of a real run on cgroup v2: the kernel killed the group, and then the client was killed too.
REAL = (
    Path(__file__).parents[2] / "testdata" / "recordings" / "group-kill-client-killed-v2.jsonl"
).read_bytes()


def read(data: bytes) -> Recording | None:
    try:
        return read_recording(data)
    except RecordingError:
        return None


def with_line(line: bytes, *, after: int) -> bytes:
    lines = SHORT.splitlines(keepends=True)
    return b"".join([*lines[:after], line + b"\n", *lines[after:]])


@pytest.mark.parametrize("output", ["table", "wide", "json", "yaml", "csv", "name"])
def test_a_recording_shows_what_the_run_showed(report: Report, output: str) -> None:
    again = to_report(read_recording(runs.recorded(report)))

    assert render(again, output) == render(report, output)


def test_a_whole_recording_has_no_damage(report: Report) -> None:
    recording = read_recording(runs.recorded(report))

    assert recording.damage is None
    assert recording.outcome == report.verdict.outcome.value


def test_a_recording_without_its_last_line_keeps_the_verdict_and_says_so(report: Report) -> None:
    recording = read_recording(runs.recorded(report, is_finished=False))

    assert recording.damage is not None
    assert "ends after line" in recording.damage
    assert to_report(recording).verdict == report.verdict


def test_a_load_whose_end_was_not_recorded_is_inconclusive() -> None:
    lines = runs.recorded(RUNS["survived"]).splitlines(keepends=True)

    verdict = to_report(read_recording(b"".join(lines[:20]))).verdict

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the recording is incomplete" in verdict.sentence


def test_every_line_is_an_object_with_a_type() -> None:
    lines = [json.loads(line) for line in runs.recorded(RUNS["group"]).splitlines()]

    assert lines[0]["schema"] == "kubectl-stress/recording/v2"
    assert lines[0]["plan"]["target"]["pod"] == "web"
    assert [line["type"] for line in lines[-3:]] == ["ending", "status", "report"]


def test_lines_of_a_newer_version_are_skipped() -> None:
    recording = read_recording(with_line(b'{"type":"weather","at_ms":1}', after=3))

    assert recording.damage is None


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"{}",
        b"[1]",
        b'{"type":"sample"}',
        b'{"type":"sample","elapsed_ms":true}',
        b'{"type":"change","at_ms":1,"kind":"terminated","text":"ended","termination":null}',
        b'{"type":"change","at_ms":1,"kind":"exploded","text":""}',
        b'{"type":"bye","elapsed_ms":1e999,"reason":"","exit_code":0,"held_max_bytes":0,"dropped":0}',
        b'{"type":"phase","elapsed_ms":NaN,"phase":"hold","held_bytes":0}',
        b'{"type":"phase","elapsed_ms":9223372036854775808,"phase":"hold","held_bytes":0}',
        b'{"type":"report","verdict":7}',
        b'{"type":"hello","text":"\xff"}',
        b"[" * 100_000,
    ],
    ids=lambda line: line[:60].decode("ascii", "replace"),
)
def test_a_damaged_line_ends_the_reading(line: bytes) -> None:
    recording = read_recording(with_line(line, after=4))

    assert recording.damage == "line 5 is damaged; it and everything after it are ignored"
    assert len(recording.values) == 3


def test_half_surrogates_do_not_reach_the_terminal() -> None:
    line = b'{"type":"change","at_ms":1,"kind":"event","text":"\\ud800","reason":"Killing"}'

    recording = read_recording(with_line(line, after=3))

    assert recording.of_type("change")[0].text == ""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a kubectl stress recording"),
        (b"\x00\x01", "not a kubectl stress recording"),
        (SHORT.split(b"\n", 1)[1], "not a kubectl stress recording"),
        (SHORT.replace(b"recording/v2", b"recording/v9", 1), "use the version that wrote it"),
        (SHORT.replace(b'"workers":1', b'"workers":0', 1), "header of this recording is damaged"),
        (SHORT.replace(b'"pod":"web"', b'"pod":["web"]', 1), "header of this recording is damaged"),
    ],
    ids=["empty", "binary", "headless", "newer", "impossible-plan", "wrong-type"],
)
def test_without_a_usable_header_it_is_refused_in_one_line(data: bytes, words: str) -> None:
    with pytest.raises(RecordingError) as caught:
        read_recording(data)

    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_prefix_can_be_read() -> None:
    for length in range(0, len(SHORT) - 1, 7):  # without its last newline it is whole
        recording = read(SHORT[:length])
        if recording is not None:
            assert recording.damage is not None
            render(to_report(recording), "table")


@given(
    place=st.integers(0, len(SHORT)),
    garbage=st.binary(max_size=60),
    replaced=st.integers(0, 40),
)
@example(place=100, garbage=b"", replaced=1)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_garbage_can_be_read(place: int, garbage: bytes, replaced: int) -> None:
    recording = read(SHORT[:place] + garbage + SHORT[place + replaced :])

    if recording is not None:
        for output in ("wide", "json"):
            render(to_report(recording), output)


def test_a_recorded_load_of_nothing_is_refused() -> None:
    header = json.loads(SHORT.splitlines()[0])
    header["plan"]["spec"] |= {"memory": None, "cpu": None}

    with pytest.raises(RecordingError):
        read_recording(json.dumps(header).encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=4,
)


@given(line=st.integers(0, len(SHORT.splitlines()) - 1), pick=st.randoms(), value=json_values)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_place_can_be_read(line: int, pick: object, value: object) -> None:
    lines = SHORT.splitlines()
    content = json.loads(lines[line])
    _replace_one(content, pick, value)
    lines[line] = json.dumps(content).encode()

    recording = read(b"\n".join(lines))

    if recording is not None:
        for output in ("wide", "json"):
            render(to_report(recording), output)


def _replace_one(content: dict[str, object], pick: object, value: object) -> None:
    """Put `value` at a random place in `content`."""
    key = pick.choice(list(content))  # type: ignore[attr-defined]
    inner = content[key]
    if isinstance(inner, dict) and inner and pick.random() < 0.8:  # type: ignore[attr-defined]
        _replace_one(inner, pick, value)
    else:
        content[key] = value


def test_a_real_recording_cut_after_any_line_is_read_up_to_there() -> None:
    lines = REAL.splitlines(keepends=True)

    for length in range(1, len(lines) + 1):
        recording = read_recording(b"".join(lines[:length]))
        damage = f"incomplete: it ends after line {length}, before the end of the run"
        assert recording.damage == damage
        assert to_report(recording).verdict.outcome is Outcome.INCONCLUSIVE


def test_a_real_recording_with_garbage_in_it_is_read_and_shown() -> None:
    dice = random.Random(20261125)

    for _ in range(100):
        at, length = dice.randrange(len(REAL)), dice.randrange(1, 80)
        recording = read(REAL[:at] + dice.randbytes(length) + REAL[at + dice.randrange(80) :])
        if recording is not None:
            assert recording.damage is not None
            assert render(to_report(recording), "wide")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"spec":{"memory":{', b'"spec":{"memory ":{'),
        (b'"memory":{"size_bytes"', b'"memory ":{"size_bytes"'),
        (b'"metric":null', b'"metric":"usage"'),
    ],
    ids=["no load", "no size", "no level"],
)
def test_a_plan_whose_sizes_are_not_those_of_its_loads_is_damaged(
    before: bytes, after: bytes
) -> None:
    damaged = SHORT.replace(before, after, 1)

    assert damaged != SHORT
    with pytest.raises(RecordingError, match="header of this recording is damaged"):
        read_recording(damaged)
