"""`kubectl stress top` as a person calls it."""

import json

import pytest

from kubectl_stress.errors import Unreachable
from tests.builders.agent_lines import reading
from tests.builders.pods import pod
from tests.cli.conftest import CommandLine
from tests.fakes.stream import FakeStream


def test_without_a_terminal_it_is_one_reading(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kubectl_stress("top", "web") == 0

    captured = capsys.readouterr()
    assert captured.out.startswith("POD  USAGE ")
    assert "← dies first" in captured.out
    assert "host's memory" in captured.out
    assert "added ephemeral container" in captured.err
    assert [command for _, command in kubectl_stress.cluster.execs] == [["/agent", "probe"]]


@pytest.mark.parametrize("output", ["table", "wide", "json", "jsonl", "yaml", "csv", "name"])
def test_quiet_tells_nothing_but_the_answer(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str], output: str
) -> None:
    assert kubectl_stress("top", "web", "-q", "-o", output) == 0

    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.endswith("\n")


def test_several_targets_are_read_at_once_and_one_named_twice_only_once(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["db"] = pod("db").container("app", limit="64Mi").dict

    assert kubectl_stress("top", "web", "pod/db", "pod/web", "-o", "json") == 0

    progress = json.loads(capsys.readouterr().out)
    assert [entry["target"]["pod"] for entry in progress["targets"]] == ["web", "db"]


def test_1_one_of_them_could_not_be_read_and_the_other_is_shown(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.pods["db"] = pod("db").container("app", limit="64Mi").dict
    kubectl_stress.cluster.readings = [
        FakeStream().ends(1, message="no such file"),
        FakeStream().says(reading()).ends(0),
    ]

    assert kubectl_stress("top", "web", "db") == 1
    assert "no such file" in capsys.readouterr().out


def test_1_nothing_could_be_read(
    kubectl_stress: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    kubectl_stress.cluster.readings = [Unreachable("cannot reach the API server")]

    assert kubectl_stress("top", "web", "-q") == 1
    assert capsys.readouterr() == ("", "error: cannot reach the API server\n")


def test_1_a_target_that_is_not_there_keeps_anything_from_being_attached(
    kubectl_stress: CommandLine,
) -> None:
    assert kubectl_stress("top", "web", "missing") == 1
    assert kubectl_stress.cluster.added == []


@pytest.mark.parametrize("words", [("top",), ("top", "nodes/x"), ("top", "web", "--duration", "5")])
def test_2_the_words_are_wrong(kubectl_stress: CommandLine, words: tuple[str, ...]) -> None:
    assert kubectl_stress(*words) == 2
    assert kubectl_stress.connections == []


def test_a_limit_is_not_needed_to_be_read(kubectl_stress: CommandLine) -> None:
    kubectl_stress.cluster.pods["web"] = pod().container("app").dict

    assert kubectl_stress("top", "web") == 0


@pytest.mark.parametrize(
    ("words", "out", "err", "goes_on"),
    [
        ((), True, True, True),
        (("-o", "wide"), True, True, True),
        (("-o", "jsonl"), True, False, True),
        (("-o", "json"), True, True, False),
        (("-q",), True, True, False),
        ((), False, True, False),
        ((), True, False, False),
        (("--duration", "0s"), True, True, False),
        (("--duration", "9s"), False, False, True),
    ],
    ids=str,
)
def test_it_goes_on_where_somebody_sees_it(
    kubectl_stress: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    out: bool,
    err: bool,
    goes_on: bool,
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: out)
    monkeypatch.setattr("sys.stderr.isatty", lambda: err)

    kubectl_stress("top", "web", *words)

    asked = [" ".join(command) for _, command in kubectl_stress.cluster.execs]
    assert any("--duration-ms" in command for command in asked) is goes_on
