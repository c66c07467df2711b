"""Foreign text: what is left of it once it is clean, and where it enters."""

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.agent.decoder import Decoder, decode_line
from kubectl_stress.agent.protocol import AgentError, Garbage, Processes
from kubectl_stress.kube.api_errors import Asker, Request, refusal
from kubectl_stress.kube.exec.channels import parse_status
from kubectl_stress.results.dataclass_json import from_json
from kubectl_stress.targets.api_events import event_change
from kubectl_stress.targets.changes import Change, changes
from kubectl_stress.targets.eligibility import refuse_unless_running
from kubectl_stress.targets.hpa_vpa_pdb import hpa_texts, pdb_texts, vpa_texts
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.text import (
    clean,
    clean_bytes,
    clean_lines,
    log_line,
    moment,
    whole_number,
    why_unreadable,
)
from tests.builders.pods import pod

HOSTILE = "Liveness probe failed: \x1b[2J\x1b]0;owned\x07\x1b[31mno\x9b0m \u202eanswer\r\n\x00"
HARMLESS = "Liveness probe failed: no answer"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (HOSTILE, HARMLESS),
        ("two  spaces stay", "two  spaces stay"),
        ("a\nb\tc", "a b c"),
        ("\x1b]0;title without an end", "]0;title without an end"),
        ("\x1b]8;;https://x.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPdevice\x1b\\ control", "control"),
        ("\x1b(0lqk", "lqk"),
        ("half \ud800 a pair", "half a pair"),
        ("zero\u200bwidth", "zero width"),
        ("größer → 5 µs", "größer → 5 µs"),
    ],
)
def test_foreign_text_keeps_its_words_alone(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters(codec=None)))
def test_whatever_comes_is_one_line_of_printable_characters(text: str) -> None:
    shown = clean(text)

    assert shown.isprintable()
    assert clean(shown) == shown
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs"}


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are() -> None:
    assert clean_bytes(b" caf\xe9 \x1b[1mopen\x1b[0m\n") == "caf\ufffd open"


def test_text_of_several_lines_keeps_them() -> None:
    assert clean_lines("first\x1b[2J\n\x07second") == "first\nsecond"


def test_a_moment_stands_in_a_column_of_its_own() -> None:
    assert (moment(61_549), log_line(900, "x")) == ("61.5s", "    0.9s  x")


def exec_status() -> str:
    return parse_status(json.dumps({"status": "Failure", "message": HOSTILE}).encode()).message


def api_error() -> str:
    body = json.dumps({"kind": "Status", "message": HOSTILE}).encode()
    return str(refusal(Request("GET", "/x"), 422, body, Asker("https://s")))


def waiting_reason() -> str:
    held = pod().container("app").with_container_status(state={"waiting": {"reason": HOSTILE}})
    with pytest.raises(Exception) as raised:
        refuse_unless_running(held.dict, "app")
    return str(raised.value)


def termination() -> str:
    ended = {"terminated": {"reason": HOSTILE, "exitCode": 1, "message": HOSTILE}}
    built = pod().container("app")
    before = ContainerStatus.from_pod(built.dict, "app")
    after = ContainerStatus.from_pod(built.with_container_status(state=ended).dict, "app")
    return changes(before, after, at_ms=0)[0].text


def decoded(**values: Any) -> Any:
    (message,) = Decoder().feed(json.dumps(values).encode() + b"\n")
    return message


def process_name() -> str:
    entry = {"pid": 1, "command": HOSTILE, "role": "target"}
    entry |= {"rss_bytes": 0, "oom_score_adj": 0, "badness_bytes": 0}
    found = decoded(type="processes", elapsed_ms=0, processes=[entry])
    assert isinstance(found, Processes)
    return found.processes[0].command


def agent_error() -> str:
    found = decoded(type="error", code="x", message=HOSTILE)
    assert isinstance(found, AgentError)
    return found.message


def garbage() -> str:
    found = decode_line(HOSTILE.encode())
    assert isinstance(found, Garbage)
    return found.text


def recorded_change() -> str:
    data = {"at_ms": 0, "kind": "event", "text": HOSTILE}
    return from_json(Change, data).text


def autoscaler() -> str:
    item = {"metadata": {"name": HOSTILE}, "spec": {"targetRef": {"kind": "D", "name": "d"}}}
    return vpa_texts([item], [("D", "d")])[0]


def metric() -> str:
    metrics = [{"type": "Resource", "resource": {"name": HOSTILE}}]
    spec = {"scaleTargetRef": {"kind": "D", "name": "d"}, "metrics": metrics}
    return hpa_texts([{"metadata": {"name": "h"}, "spec": spec}], [("D", "d")])[0]


def budget() -> str:
    return pdb_texts([{"metadata": {"name": HOSTILE}, "spec": {"selector": {}}}], {})[0]


@pytest.mark.parametrize(
    "entered",
    [
        lambda: event_change({"reason": "Unhealthy", "message": HOSTILE}, at_ms=0).text,
        exec_status,
        lambda: parse_status(HOSTILE.encode()).message,
        api_error,
        waiting_reason,
        termination,
        process_name,
        agent_error,
        garbage,
        recorded_change,
        autoscaler,
        metric,
        budget,
    ],
    ids=[
        "event", "exec status", "broken exec status", "API error", "waiting reason",
        "termination", "process name", "agent error", "garbage", "recording",
        "autoscaler", "metric", "disruption budget",
    ],
)  # fmt: skip
def test_it_is_clean_from_where_it_enters(entered: Any) -> None:
    text = entered()

    assert text.isprintable()
    assert HARMLESS in text


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (IsADirectoryError(21, "Is a directory", "/tmp"), "Is a directory"),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), "not UTF-8 text"),
        (ValueError("line 1: two\nlines"), "line 1: two lines"),
    ],
)
def test_why_a_file_cannot_be_read_is_not_said_in_pythons_words(
    error: Exception, words: str
) -> None:
    assert why_unreadable(error) == words


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("017", 17), ("9" * 18, 10**18 - 1)]
    + [(text, None) for text in ("", "-1", "+1", " 1", "1_0", "1.0", "٣", "²", "9" * 5_000)],
)
def test_a_whole_number_is_one_of_ascii_digits(text: str, number: int | None) -> None:
    assert whole_number(text) == number
