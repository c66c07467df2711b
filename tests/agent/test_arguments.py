"""What the command line takes and refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kubectl_stress.agent.protocol import PROTOCOL
from tests.agent.host import finished


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "give one of"),
        ("run", "give one of"),
        ("run disk", "give one of"),
        ("frob", "give one of"),
        ("run mem --duration-ms 1", "--size-bytes is needed"),
        ("run mem --size-bytes 1", "--duration-ms is needed"),
        ("run cpu --duration-ms 1", "--load-percent is needed"),
        ("run mem --size-bytes", "a value is needed"),
        ("run mem --size-bytes 1k --duration-ms 1", "is not a whole number"),
        ("run mem --size-bytes -1 --duration-ms 1", "is not a whole number"),
        ("run mem --size-bytes 18446744073709551616 --duration-ms 1", "is not a whole number"),
        ("run mem --size-bytes 9223372036854775807 --duration-ms 1", "is out of range"),
        ("run mem --size-bytes 1 --duration-ms 1 --workers 0", "is out of range"),
        ("run mem --size-bytes 1 --duration-ms 1 --workers 257", "is out of range"),
        ("run mem --size-bytes 1 --duration-ms 1 --kind disk", "is none of"),
        ("run mem --size-bytes 1 --duration-ms 1 --steps-bytes 1,,2", "is no list"),
        ("run mem --size-bytes 1 --duration-ms 1 --oom-score-adj -1000", "is neither"),
        ("run mem --size-bytes 1 --duration-ms 1 --oom-score-adj 1001", "is neither"),
        ("run mem --size-bytes 1 --duration-ms 1 --load-percent 5", "no such option"),
        ("run cpu --load-percent 101 --duration-ms 1", "is no percentage"),
        ("run cpu --load-percent 1.2345 --duration-ms 1", "is no percentage"),
        ("hold --size-bytes 1", "no such option"),
        ("hold --linger-ms x", "is not a whole number"),
        ("probe --workers 2", "no such option"),
        ("hold --target-container abc", "no such option"),
        ("probe --target-container", "a value is needed"),
    ],
)
def test_a_wrong_call_is_told_on_stderr(agent: Path, arguments: str, complaint: str) -> None:
    end = finished(agent, *arguments.split())

    assert end.exit_code == 2
    assert end.lines == []
    assert complaint in end.stderr
    assert "usage: agent" in end.stderr


def test_the_version_names_the_protocol(agent: Path) -> None:
    end = finished(agent, "version")

    assert (end.exit_code, end.stderr) == (0, "")
    assert re.fullmatch(rf"kubectl-stress agent \d+\.\d+\.\d+, protocol {PROTOCOL}\n", end.stdout)
