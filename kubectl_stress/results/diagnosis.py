"""What `doctor` found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum


class Health(Enum):
    """How one thing is; MISSING alone keeps commands from working."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Diagnosis:
    """One thing that was looked at; `remedy` says how to get it, "" where nothing is to do."""

    subject: str
    health: Health
    text: str
    remedy: str = ""


def exit_code(found: Sequence[Diagnosis]) -> int:
    """1 where something is missing without which no command works."""
    return int(any(each.health is Health.MISSING for each in found))


def to_dicts(found: Sequence[Diagnosis]) -> list[dict[str, str]]:
    """As JSON has them."""
    return [
        {
            "subject": each.subject,
            "health": each.health.value,
            "text": each.text,
            "remedy": each.remedy,
        }
        for each in found
    ]
