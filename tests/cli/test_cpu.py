"""`cpu` on a cluster in memory: from its words to table, report and exit code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.builders.agent_lines import bye_line, cpu_samples, hello_line, line, phase_line
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster


def lines(throttled: bool) -> bytes:
    """Half the limit, held for two seconds; throttled in each period, or in none."""
    samples = cpu_samples(
        load_percent=12.5, used_us_per_ms=125, usage_us_per_ms=135, is_throttled=throttled
    )
    released = line("sample", 2_200, phase="settle", cpu_load={"load_percent": 0, "workers": 1})
    return hello_line(cpus=2) + phase_line("hold") + samples + released + bye_line("duration", 0)


def prepare(command_line: CommandLine, *, throttled: bool = False) -> None:
    built = pod().container("app", limit="128Mi", request="64Mi")
    resources = built.dict["spec"]["containers"][0]["resources"]
    resources["limits"]["cpu"], resources["requests"]["cpu"] = "250m", "100m"
    command_line.cluster = FakeCluster(built.dict)
    command_line.cluster.load.says(lines(throttled)).ends(0)


@pytest.fixture
def kubectl_stress_cpu(kubectl_stress: CommandLine) -> CommandLine:
    prepare(kubectl_stress)
    return kubectl_stress


def report(capsys: pytest.CaptureFixture[str]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_the_table_shows_what_was_used_and_what_the_load_got(
    kubectl_stress_cpu: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress_cpu("cpu", "web", "--load", "50%", "--duration", "2s") == 0

    captured = capsys.readouterr()
    head, row = captured.out.splitlines()[:2]
    assert head.split("  ") == [
        "POD", "CPU", " CPU%", " CPU LIMIT", "CPU LOAD", "ASKED", "THROTTLED", "RESTARTS", "READY",
    ]  # fmt: skip
    assert row.split() == ["web", "135m", "54.0%", "250m", "125m", "125m", "0.0%", "0", "yes"]
    assert "dies first" not in captured.out
    assert "CPU load of 125m (50% of the limit 250m) on container" in captured.err
    assert "holding 125m CPU" in captured.err


def test_the_agent_is_told_the_load(kubectl_stress_cpu: CommandLine) -> None:
    kubectl_stress_cpu("cpu", "web", "--load", "50%", "--workers", "2", "--duration", "2s", "-q")

    (words,) = (words for _, words in kubectl_stress_cpu.cluster.execs if "run" in words)
    assert words[words.index("run") + 1] == "cpu"
    assert words[words.index("--load-percent") + 1] == "6.25"
    assert words[words.index("--cpu-workers") + 1] == "2"


def test_a_quota_that_throttled_meets_the_expectation(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare(kubectl_stress, throttled=True)

    code = kubectl_stress("cpu", "web", "--load", "50%", "--expect", "throttle", "-o", "json")

    found = report(capsys)
    assert code == 0
    assert found["verdict"]["outcome"] == "throttled"
    assert found["cpu"]["under_load"]["throttled_percent"] == 100
    assert found["plan"]["cpu"] == {
        "load": "50%", "load_millicores": 125.0, "is_level": False, "workers": None,
        "steps_millicores": [],
    }  # fmt: skip


def test_a_recorded_run_is_shown_again_in_every_format(
    kubectl_stress_cpu: CommandLine, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = str(tmp_path / "run.jsonl")
    kubectl_stress_cpu("cpu", "web", "--load", "50%", "--record", file, "--plot")
    shown = capsys.readouterr().out

    for output in ("table", "html", "markdown", "junit"):
        assert kubectl_stress_cpu("report", file, "-o", output) == 0
        again = capsys.readouterr().out
        assert "125m" in again
        assert output != "table" or again in shown
    assert "m CPU  CPU, limit 250m" in shown


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "--load, --to or --steps is required"),
        (("--load", "50%", "--to", "80%"), "give one"),
        (("--load", "5Mi"), "is not a CPU load"),
        (("--steps", "50%,20%"), "steps must rise"),
        (("--load", "1", "--workers", "0"), "give a number from 1 to 64"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    kubectl_stress_cpu: CommandLine,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    text: str,
) -> None:
    assert kubectl_stress_cpu("cpu", "web", *words) == 2
    assert text in capsys.readouterr().err


def test_a_whole_percentage_of_cpus_has_a_manifest(
    kubectl_stress_cpu: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress_cpu("cpu", "web", "--load", "1500m", "-o", "manifest") == 0

    assert "    cpu:\n      workers: 2\n      load: 75\n" in capsys.readouterr().out


def test_a_share_of_the_limit_has_none(
    kubectl_stress_cpu: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress_cpu("cpu", "web", "--load", "50%", "-o", "manifest") == 2

    assert "a StressChaos cannot express --load 50%" in capsys.readouterr().err
