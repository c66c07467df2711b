"""The payloads of an exec stream: channels, and how a command ended."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubectl_stress.kube.exec.channels import (
    Channel,
    ExecStatus,
    decode,
    encode,
    parse_status,
)


def status(**fields: Any) -> ExecStatus:
    return parse_status(json.dumps({"metadata": {}, **fields}).encode())


def failure(**fields: Any) -> ExecStatus:
    return status(status="Failure", **fields)


def exit_cause(code: object) -> dict[str, Any]:
    return {
        "causes": [{"reason": "Other", "message": "x"}, {"reason": "ExitCode", "message": code}]
    }


def test_the_first_byte_is_the_channel() -> None:
    assert encode(Channel.STDIN, b"a") == b"\x00a"
    assert decode(b"\x02oops") == (Channel.STDERR, b"oops")


@pytest.mark.parametrize("payload", [b"", b"\x07data"], ids=["empty", "unknown"])
def test_what_nobody_knows_is_none(payload: bytes) -> None:
    assert decode(payload) is None


def test_success_is_exit_code_zero() -> None:
    assert status(status="Success") == ExecStatus(0)


def test_an_exit_code_is_among_the_causes() -> None:
    message = "command terminated with exit code 3"

    found = failure(reason="NonZeroExitCode", message=message, details=exit_cause("3"))

    assert found == ExecStatus(3, "NonZeroExitCode", message)


@pytest.mark.parametrize(
    "details",
    [None, {}, {"causes": None}, {"causes": [None, {}]}, exit_cause("x"), exit_cause(None), "x"],
)
def test_a_failure_without_an_exit_code_has_none(details: object) -> None:
    found = failure(reason="NonZeroExitCode", message="ended", details=details)

    assert found == ExecStatus(None, "NonZeroExitCode", "ended")


def test_an_internal_error_has_no_exit_code_but_its_words() -> None:
    message = "error executing command in container: container not running"

    found = failure(reason="InternalError", message=message, details=exit_cause("3"))

    assert found == ExecStatus(None, "InternalError", message)


@pytest.mark.parametrize("data", [b"not JSON", b"[]", b"{}", b'{"status": 1}', b"\xff"])
def test_what_is_no_status_is_told_as_it_is(data: bytes) -> None:
    found = parse_status(data)

    words = data.decode("utf-8", "replace")
    assert found == ExecStatus(None, "Unreadable", words)


@given(st.binary(max_size=200))
def test_garbage_never_raises(data: bytes) -> None:
    decode(data)
    parse_status(data)
