"""`kubectl stress find-limit --cpu` as a person uses it."""

import json
from pathlib import Path

import pytest

from kubectl_stress.search import cpu_ballast
from kubectl_stress.search.tries import Mark
from tests.builders.simulated_app import breaks_at
from tests.cli.conftest import CommandLine
from tests.fakes.breaking_cpu import BreakingCpu, limited_web

FIND = ("find-limit", "web", "--cpu", "--yes", "--level-hold", "1s")


@pytest.fixture(autouse=True)
def short_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is real here."""
    monkeypatch.setattr(cpu_ballast, "WATCH_MS", 50)


@pytest.fixture
def breaks(kubectl_stress: CommandLine) -> CommandLine:
    kubectl_stress.cluster = BreakingCpu(breaks_at(180, Mark.OOM))
    return kubectl_stress


def loads(kubectl_stress: CommandLine) -> list[int]:
    assert isinstance(kubectl_stress.cluster, BreakingCpu)
    return kubectl_stress.cluster.loads


def test_the_answer_is_printed_with_its_arithmetic_and_a_patch(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert breaks(*FIND) == 0

    out = capsys.readouterr().out
    assert out.startswith("CPU LOAD  OF LIMIT  TRIES")
    assert "ANSWER  found: 178m of CPU load survived, 181m did not: oom" in out
    assert "the app's own use beside 178m of CPU load was 72m on average" in out
    assert "72m × 1.2 = 90m (rounded up to whole 10m)" in out
    assert """'{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"90m"}""" in out
    assert "without any load the app used 100m CPU" in out


def test_json_names_its_units(breaks: CommandLine, capsys: pytest.CaptureFixture[str]) -> None:
    assert breaks(*FIND, "-o", "json", "-q") == 0

    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["resource"] == "cpu"
    assert found["settings"]["limit_millicores"] == found["target"]["limit_millicores"] == 250
    assert found["answer"]["survived_millicores"] == 178
    assert found["target"]["usage_millicores"] == 100
    assert found["minimal_limit_millicores"] == 72
    assert found["recommended_limit_millicores"] == 90
    assert {one["level_millicores"] for one in found["tries"]} == {*loads(breaks)}
    assert not [key for key in found["answer"] if key.endswith("_bytes")]


@pytest.mark.parametrize("output", ["table", "wide", "yaml", "csv", "markdown", "junit", "html"])
def test_every_format_has_the_answer(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    assert breaks(*FIND, "-o", output, "-q") == 0

    out = capsys.readouterr().out
    assert "oom" in out
    assert "of ballast" not in out


@pytest.mark.parametrize(("least", "code"), [("100m", 0), ("0.2", 3)])
def test_3_less_was_survived_than_expected(breaks: CommandLine, least: str, code: int) -> None:
    assert breaks(*FIND, "--expect-at-least", least, "-q") == code


def test_a_search_that_was_killed_is_gone_on_with(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "search.jsonl"
    assert breaks(*FIND, "--record", str(path), "-o", "json", "-q") == 0
    whole, made = json.loads(capsys.readouterr().out), len(loads(breaks))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:6]))
    breaks.cluster = BreakingCpu(breaks_at(180, Mark.OOM))

    assert breaks(*FIND, "--resume", str(path), "-o", "json", "-q") == 0

    assert json.loads(capsys.readouterr().out)["answer"] == whole["answer"]
    assert len(loads(breaks)) == made - 5
    assert breaks("report", str(path), "-o", "json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["recommended_limit_millicores"] == whole["recommended_limit_millicores"]
    assert breaks("find-limit", "web", "--yes", "--resume", str(path)) == 2
    assert "add --cpu" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--cpu", "--stop-before", "oom"), "no CPU load causes an OOM kill"),
        (("--max-throttled", "10%"), "requires --cpu"),
        (("--cpu", "--max-throttled", "101%"), "from 0% to 100%"),
        (("--cpu", "--resolution", "100m"), "at most 10% of the limit"),
        (("--cpu", "--expect-at-least", "60Mi"), "is not a CPU load"),
    ],
)
def test_2_what_cannot_be_meant_is_refused(
    breaks: CommandLine, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert breaks("find-limit", "web", *words) == 2
    assert message in capsys.readouterr().err


def test_5_a_container_without_a_cpu_limit_is_refused(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster = BreakingCpu(breaks_at(180, Mark.OOM), pod=limited_web(limit=None))

    assert kubectl_stress(*FIND) == 5
    assert "has no CPU limit of its own" in capsys.readouterr().err
