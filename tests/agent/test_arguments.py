"""What the command line takes and refuses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.agent.host import finished


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("", "give one of"),
        ("run", "give one of"),
        ("run disk", "give one of"),
        ("frob", "give one of"),
        ("run mem --duration-ms 1", "--size-bytes or --level is needed"),
        ("run mem --size-bytes 1", "--duration-ms or --hold-until-told is needed"),
        ("run mem --size-bytes 1 --hold-until-told", "--hold-until-told needs --deadline-ms"),
        ("run cpu --duration-ms 1", "--load-percent or --cpu-level is needed"),
        ("run mem cpu --size-bytes 1 --duration-ms 1", "--load-percent or --cpu-level is needed"),
        ("run mem mem --size-bytes 1 --duration-ms 1", "no such option"),
        ("run mem --size-bytes 1 --level 5% --duration-ms 1", "exclude each other"),
        ("run mem --level 5% --steps-bytes 1 --duration-ms 1", "exclude each other"),
        ("run cpu --load-percent 1 --cpu-level 5 --duration-ms 1", "exclude each other"),
        ("run mem --level 101% --duration-ms 1", "is no level"),
        ("run mem --level limit+1 --duration-ms 1", "is no level"),
        ("run mem --level 1 --level-metric rss --duration-ms 1", "is neither"),
        ("run cpu --cpu-level 25601 --duration-ms 1", "is no percentage"),
        ("run cpu --load-percent 1 --workers 2 --duration-ms 1", "no such option"),
        ("run mem --size-bytes 1 --cpu-workers 2 --duration-ms 1", "no such option"),
        ("run mem --size-bytes 1 --duration-ms 1 --run-id a/b", "is no ID"),
        ("run mem --size-bytes 1 --duration-ms 1 --run-id " + "a" * 33, "is no ID"),
        ("run mem --size-bytes 1 --duration-ms 1 --started-by " + "a" * 129, "is no plain text"),
        ("run mem --size-bytes 1 --duration-ms 1 --protocol 1", "is out of range"),
        ("hold --protocol 1", "is out of range"),
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
    assert re.fullmatch(r"kubectl-stress agent \d+\.\d+\.\d+, protocol 2\n", end.stdout)
