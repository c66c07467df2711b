"""The frames of an exec stream: a channel byte, then data. Pure: no I/O.

Protocols v4.channel.k8s.io and v5.channel.k8s.io of k8s.io/apimachinery/pkg/util/remotecommand;
v5 adds a signal by which stdin alone ends, which nobody needs here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kubectl_stress.text import clean, clean_bytes

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
PROTOCOLS = (V5, V4)


class Channel(IntEnum):
    """What the first byte of a frame says."""

    STDIN = 0
    STDOUT = 1
    STDERR = 2
    ERROR = 3
    RESIZE = 4
    CLOSE = 255


@dataclass(frozen=True)
class ExecStatus:
    """How the exec ended, as the error channel told; exit_code None: not by exiting."""

    exit_code: int | None
    reason: str = ""
    message: str = ""


def encode(channel: Channel, data: bytes) -> bytes:
    """One frame's payload."""
    return bytes((channel,)) + data


def decode(payload: bytes) -> tuple[Channel, bytes] | None:
    """Channel and data; None for an empty frame or a channel nobody knows."""
    try:
        return Channel(payload[0]), payload[1:]
    except (IndexError, ValueError):
        return None


def parse_status(data: bytes) -> ExecStatus:
    """The Status on the error channel; what cannot be read is the message of one without code."""
    try:
        status = json.loads(data)
    except ValueError:
        return _garbage(data)
    if not isinstance(status, dict) or not isinstance(status.get("status"), str):
        return _garbage(data)
    reason, message = (clean(str(status.get(key) or "")) for key in ("reason", "message"))
    if status["status"] == "Success":
        return ExecStatus(0, reason, message)
    return ExecStatus(_exit_code(status), reason, message)


def _garbage(data: bytes) -> ExecStatus:
    return ExecStatus(None, "Unreadable", clean_bytes(data))


def _exit_code(status: Mapping[str, Any]) -> int | None:
    if status.get("reason") != "NonZeroExitCode":
        return None
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    for cause in causes if isinstance(causes, list) else []:
        if isinstance(cause, dict) and cause.get("reason") == "ExitCode":
            return _number(cause.get("message"))
    return None


def _number(text: object) -> int | None:
    try:
        return int(str(text))
    except ValueError:
        return None
