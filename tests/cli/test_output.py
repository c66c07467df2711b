"""stdout is the answer, stderr the story."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders.pods import pod
from tests.cli.conftest import CommandLine

MEM = ("mem", "web", "--size", "50Mi", "--duration", "20s")


def test_the_answer_is_on_stdout_and_the_story_on_stderr(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress(*MEM)

    captured = capsys.readouterr()
    assert captured.out.startswith("POD  USAGE ")
    assert "VERDICT  survived" in captured.out
    first, second, *_ = captured.err.splitlines()
    assert first == (
        'memory load of 50.0 MiB on container "app" of pod "web" in namespace "default" '
        "(limit 128.0 MiB, Burstable) for 20s"
    )
    assert second == 'container "app" (the only one)'
    assert "joining the target's cgroup by exec" in captured.err


@pytest.mark.parametrize("output", ["table", "wide", "json", "jsonl", "yaml", "csv", "name"])
def test_quiet_tells_nothing_but_the_answer(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    assert kubectl_stress(*MEM, "--quiet", "-o", output) == 0

    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.endswith("\n")


def test_json_is_one_document_of_the_documented_shape(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress(*MEM, "-o", "json", "--expect", "survive")

    answer = json.loads(capsys.readouterr().out)
    assert answer["schema"] == "kubectl-stress/report/v1"
    assert answer["target"]["pod"] == "web"
    assert answer["plan"]["size_bytes"] == 50 << 20
    assert answer["memory"]["peak_load_bytes"] == 50 << 20
    assert answer["status"]["oom_kills"] == 0
    assert answer["verdict"]["outcome"] == "survived"
    assert answer["verdict"]["is_as_expected"] is True


def test_jsonl_streams_what_happens_and_ends_with_the_report(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress(*MEM, "-o", "jsonl")

    kinds = [json.loads(line)["type"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["sample", "sample", "sample", "report"]


@pytest.mark.parametrize("how", ["client", "server"])
def test_a_dry_run_changes_nothing(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    assert kubectl_stress(*MEM, f"--dry-run={how}") == 0

    captured = capsys.readouterr()
    assert captured.out.startswith('would start: memory load of 50.0 MiB on container "app"')
    assert kubectl_stress.cluster.added == []
    assert kubectl_stress.cluster.execs == []
    judged = "try ephemeral container" in kubectl_stress.cluster.asked
    assert judged is (how == "server")


@pytest.mark.parametrize(("output", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_a_dry_run_prints_the_very_patch(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    output: str,
    read: Callable[[str], Any],
) -> None:
    kubectl_stress(*MEM, "--dry-run=client", "-o", output)
    shown = read(capsys.readouterr().out)["patch"]["spec"]["ephemeralContainers"][0]

    kubectl_stress(*MEM)

    sent = dict(kubectl_stress.cluster.added[0])
    assert {**shown, "name": ""} == {**sent, "name": ""}


def test_the_image_is_told_by_flag_or_environment(
    kubectl_stress: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECTL_STRESS_IMAGE", "registry.local/agent:9")
    monkeypatch.setenv("KUBECTL_STRESS_IMAGE_PULL_POLICY", "Never")

    kubectl_stress(*MEM)

    (added,) = kubectl_stress.cluster.added
    assert (added["image"], added["imagePullPolicy"]) == ("registry.local/agent:9", "Never")


def test_the_patience_is_told_by_the_environment_too(
    kubectl_stress: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kubectl_stress.cluster.holder_states = [{"waiting": {"reason": "ContainerCreating"}}]
    monkeypatch.setenv("KUBECTL_STRESS_TIMEOUT", "1s")

    assert kubectl_stress(*MEM) == 1

    assert "did not start within 1s (ContainerCreating)" in capsys.readouterr().err


def test_the_container_is_chosen_and_said(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    built = pod().container("app", limit="128Mi").container("sidecar", limit="64Mi")
    kubectl_stress.cluster.pods["web"] = built.dict

    kubectl_stress(*MEM, "--dry-run=client", "-c", "sidecar")

    assert 'on container "sidecar"' in capsys.readouterr().out


def test_events_that_may_not_be_read_are_noted(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.denied = {"list events": ""}

    assert kubectl_stress(*MEM) == 0
    assert "note: continuing without events (list events not allowed)" in capsys.readouterr().err


def test_quiet_does_not_note_what_is_missing(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.denied = {"list events": ""}

    kubectl_stress(*MEM, "-q")

    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("flags", "read"), [((), yaml.safe_load), (("-o", "json"), json.loads)])
def test_the_role_can_be_applied_as_it_is_printed(
    kubectl_stress: CommandLine,
    capsys: pytest.CaptureFixture[str],
    flags: tuple[str, ...],
    read: Callable[[str], Any],
) -> None:
    assert kubectl_stress("role", "-n", "shop", *flags) == 0

    manifest = read(capsys.readouterr().out)
    assert (manifest["kind"], manifest["metadata"]["namespace"]) == ("Role", "shop")
    assert kubectl_stress.connections == []


def test_a_load_at_pod_level_says_so_on_every_line(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--join=pod") == 0

    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    begun = next(number for number, line in enumerate(lines) if "starting the load" in line)
    assert all("[pod level only]" in line for line in lines[begun:])
    assert "note: the load is only in the pod's cgroup" in captured.err
    assert "(--join pod)" in captured.out


def test_a_privileged_join_is_asked_for_before_anything_is_attached(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--join=cgroup") == 5

    assert "privileged container" in capsys.readouterr().err
    assert kubectl_stress.cluster.added == []


def test_a_privileged_join_moves_the_load_once_it_is_agreed_to(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress(*MEM, "--join=cgroup", "--yes", "-o=json") == 0

    assert json.loads(capsys.readouterr().out)["plan"]["join"] == "cgroup"
    assert "--join-pid" in kubectl_stress.cluster.execs[-1][1]


def test_a_pending_target_is_waited_for_as_long_as_was_said(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    waiting = pod().container("app").with_container_status(state={"waiting": {"reason": "Hold"}})
    kubectl_stress.cluster.pods["web"] = waiting.dict

    assert kubectl_stress(*MEM, "--wait=1s") == 1

    captured = capsys.readouterr().err
    assert 'waiting: container "app" of pod "web" is not running (waiting: Hold' in captured


@pytest.mark.parametrize(
    ("environment", "flags", "image"),
    [
        ({}, (), "file/agent:1"),
        ({"KUBECTL_STRESS_IMAGE": "env/agent:1"}, (), "env/agent:1"),
        ({"KUBECTL_STRESS_IMAGE": "env/agent:1"}, ("--image=flag/agent:1",), "flag/agent:1"),
    ],
    ids=["the file", "the environment above it", "the flag above both"],
)
def test_the_image_is_the_flags_then_the_environments_then_the_files(
    kubectl_stress: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environment: dict[str, str],
    flags: tuple[str, ...],
    image: str,
) -> None:
    settings = tmp_path / "kubectl-stress" / "config.yaml"
    settings.parent.mkdir()
    settings.write_text("image: file/agent:1\nimagePullPolicy: Never\n")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert kubectl_stress(*MEM, *flags) == 0

    (added,) = kubectl_stress.cluster.added
    assert (added["image"], added["imagePullPolicy"]) == (image, "Never")
