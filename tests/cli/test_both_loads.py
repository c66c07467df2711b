"""`mem --cpu-load`: memory and CPU at the same time, in one run, one table and one verdict."""

import pytest

from tests.builders.agent_lines import bye_line, cpu_samples, hello_line, phase_line
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.cluster import FakeCluster


def lines(throttled: bool) -> bytes:
    samples = cpu_samples(
        load_percent=25,
        used_us_per_ms=245,
        usage_us_per_ms=250,
        is_throttled=throttled,
        held_mib=50,
        usage_mib=60,
    )
    return hello_line(cpus=2) + phase_line("hold", held_mib=50) + samples + bye_line("duration", 0)


@pytest.fixture
def loaded(kubectl_stress: CommandLine) -> CommandLine:
    built = pod().container("app", limit="128Mi", request="64Mi")
    built.dict["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "250m"
    kubectl_stress.cluster = FakeCluster(built.dict)
    kubectl_stress.cluster.load.says(lines(throttled=True)).ends(0)
    return kubectl_stress


def test_both_stand_in_one_table_and_one_verdict(
    loaded: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("mem", "web", "--size", "50Mi", "--cpu-load", "100%", "--duration", "2s")
    assert loaded(*words, "--expect", "throttle", "-o", "wide") == 0

    captured = capsys.readouterr()
    head = " ".join(line for line in captured.out.splitlines() if line.startswith("POD"))
    assert {"USAGE", "LIMIT", "CPU", "THROTTLED"} <= set(head.split())
    assert "VERDICT  throttled: the CPU quota throttled the container" in captured.out
    assert "the load 245m of 250m asked for" in captured.out
    assert "the load held 50.0 MiB" in captured.out
    assert "memory load of 50.0 MiB and CPU load of 250m (100% of the limit" in captured.err
    assert "(limit 128.0 MiB, CPU limit 250m, Burstable)" in captured.err


def test_the_agent_is_told_both_in_one_run(loaded: CommandLine) -> None:
    loaded("mem", "web", "--size", "50Mi", "--cpu-load", "100%", "--duration", "2s", "-q")

    (words,) = (words for _, words in loaded.cluster.execs if "run" in words)
    at = words.index("run")
    assert words[at : at + 3] == ["run", "mem", "cpu"]
    assert {"--size-bytes", "--load-percent", "--cpu-workers", "--workers"} <= set(words)
    options = [word for word in words if word.startswith("--")]
    assert len(options) == len(set(options))


def test_the_cpu_load_rises_in_steps_while_the_memory_is_held(
    loaded: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("--cpu-steps", "20%,60%", "--cpu-load", "100%", "--step-hold", "1s")
    assert loaded("mem", "web", "--size", "50Mi", *words, "--duration", "2s") == 0

    (arguments,) = (words for _, words in loaded.cluster.execs if "run" in words)
    assert arguments[arguments.index("--load-percent") + 1] == "5"
    assert arguments[arguments.index("--duration-ms") + 1] == "4000"
    assert "--steps-bytes" not in arguments
    assert b"load 15\n" in loaded.cluster.load.sent
    said = capsys.readouterr().err
    assert "after 20%, 60% for 1s each" in said
    assert "holding 150m CPU (step 2)" in said


@pytest.mark.parametrize("other", [("--steps", "10Mi,20Mi"), ("--leak", "5Mi/s")])
def test_only_one_of_the_loads_changes(
    loaded: CommandLine, capsys: pytest.CaptureFixture[str], other: tuple[str, str]
) -> None:
    assert loaded("mem", "web", "--size", "50Mi", *other, "--cpu-steps", "20%,60%") == 2
    assert f"{other[0]} with --cpu-steps: hold one of the two loads" in capsys.readouterr().err


def test_a_leak_needs_neither_a_ramp_nor_a_size(
    loaded: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert loaded("mem", "web", "--leak", "5Mi/s", "--ramp", "3s") == 2
    assert "it takes no --ramp" in capsys.readouterr().err

    assert loaded("mem", "web", "--leak", "5Mi/s", "--dry-run", "client") == 0
    out = capsys.readouterr().out
    assert "memory load that grows by 5.0 MiB a second up to 128.0 MiB (100% of the limit" in out
    assert "for 24h at most" in out
