"""Ctrl-C under a load that runs: what was recorded up to there is kept, and shown as such."""

import json
import os
import signal
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from kubectl_stress.agent.commands import STOP
from kubectl_stress.errors import Interrupted
from kubectl_stress.kube.exec.channels import Channel
from tests.builders.agent_lines import bye_line, survived
from tests.cli.conftest import CommandLine
from tests.fakes.many_pods import ManyPods
from tests.fakes.stream import FakeStream, ReadyStream, is_go

Output = pytest.CaptureFixture[str]
HELD = survived().partition(b'{"type": "phase", "elapsed_ms": 21000')[0]
NAMES = ("web-0", "web-1", "web-2", "web-3")
RELEASED = "interrupted; the load has been released"


class Hand:
    """Presses Ctrl-C once all these loads are held and heard."""

    def __init__(self, count: int) -> None:
        self._missing = count

    def hears(self) -> None:
        self._missing -= 1
        if not self._missing:
            os.kill(os.getpid(), signal.SIGINT)


class HeldAlone(FakeStream):
    """A load that is held until it is told to stop."""

    def __init__(self, hand: Hand) -> None:
        super().__init__()
        self._hand: Hand | None = hand
        self.says(HELD)

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        if self._hand is not None and self._has_given and self._script.empty():
            self._hand.hears()
            self._hand = None
        return super().receive(timeout)

    def send(self, data: bytes) -> bool:
        if data == STOP:
            self.says(bye_line("stopped")).ends(0)
        return super().send(data)


class HeldTogether(ReadyStream):
    """The same of one of several, which begins once it is told to."""

    def __init__(self, hand: Hand) -> None:
        super().__init__(HELD)
        self._hand: Hand | None = hand

    def receive(self, timeout: float) -> list[tuple[Channel, bytes]]:
        has_gone = any(map(is_go, self.sent))
        if self._hand is not None and has_gone and self._script.empty():
            self._hand.hears()
            self._hand = None
        return super().receive(timeout)

    def send(self, data: bytes) -> bool:
        if not is_go(data):
            return super().send(data)
        self.says(self._load)
        self.sent.append(data)
        return True


@pytest.fixture
def file(tmp_path: Path) -> str:
    return str(tmp_path / "run.jsonl")


@pytest.fixture
def one(kubectl_stress: CommandLine, file: str) -> CommandLine:
    """A run of one target was interrupted."""
    kubectl_stress.cluster.load = HeldAlone(Hand(1))
    words = ("web", "--size", "50Mi", "--duration", "20s", "--yes", "--record", file)
    assert kubectl_stress("mem", *words) == Interrupted.exit_code
    return kubectl_stress


def many(command_line: CommandLine, file: str, *words: str) -> int:
    cluster, hand = ManyPods(*[b""] * len(NAMES)), Hand(len(NAMES))
    cluster.streams.update({name: HeldTogether(hand) for name in NAMES})
    command_line.cluster = cluster
    asked = ("--size", "50Mi", "--duration", "20s", "--yes", "--record", file)
    return command_line("mem", *NAMES, *words, *asked)


def test_the_recording_of_one_says_so_and_has_the_exit_code_of_the_run(
    one: CommandLine, file: str, capsys: Output
) -> None:
    capsys.readouterr()

    assert one("report", file) == Interrupted.exit_code

    seen = capsys.readouterr()
    assert f"VERDICT  inconclusive: {RELEASED}" in seen.out
    assert "60.0 MiB" in seen.out
    assert seen.err == ""


def test_whatever_is_expected_of_it(one: CommandLine, file: str) -> None:
    assert one("report", file, "--expect", "oom") == Interrupted.exit_code


def test_the_table_of_several_keeps_what_was_seen(
    kubectl_stress: CommandLine, file: str, capsys: Output
) -> None:
    assert many(kubectl_stress, file) == Interrupted.exit_code

    live = capsys.readouterr().out
    rows = [line.split() for line in live.splitlines() if line.startswith("web-")][:4]
    assert [row[0] for row in rows] == list(NAMES)
    assert all("interrupted" in row and "60.0" in row for row in rows)
    assert "4 targets: 4 interrupted" in live
    assert kubectl_stress("report", file) == Interrupted.exit_code
    assert capsys.readouterr().out == live


def test_so_do_the_other_forms(kubectl_stress: CommandLine, file: str, capsys: Output) -> None:
    many(kubectl_stress, file)
    capsys.readouterr()

    assert kubectl_stress("report", file, "-o", "json") == Interrupted.exit_code
    for one in json.loads(capsys.readouterr().out)["targets"]:
        assert (one["outcome"], one["error"]) == ("interrupted", RELEASED)
        assert one["report"]["memory"]["peak_usage_bytes"] == 60 << 20
    kubectl_stress("report", file, "-o", "junit")
    suite = ET.fromstring(capsys.readouterr().out)[0]
    assert all(float(case.get("time", "0")) > 0 for case in suite.iter("testcase"))
    assert suite.get("errors") == "4"
    kubectl_stress("report", file, "-o", "html")
    assert capsys.readouterr().out.count('class="limit"') >= 4


def test_what_became_of_the_loads_is_said_once_of_all(
    kubectl_stress: CommandLine, file: str, capsys: Output
) -> None:
    many(kubectl_stress, file)

    said = [line for line in capsys.readouterr().err.splitlines() if "interrupted" in line]
    assert [line[10:] for line in said] == [f"all 4 targets: {RELEASED}"]


def test_a_target_that_was_left_out_keeps_its_reason_in_what_a_killed_client_leaves(
    kubectl_stress: CommandLine, file: str, capsys: Output
) -> None:
    many(kubectl_stress, file, "gone", "--keep-going")
    lines = Path(file).read_text().splitlines(keepends=True)
    Path(file).write_text("".join(lines[:3]))
    capsys.readouterr()

    assert kubectl_stress("report", file) == 1

    told = capsys.readouterr().out
    assert 'gone: pod "gone" not found' in told
    assert "nothing is recorded of it: the recording is incomplete" in told
    assert "5 targets: 4 inconclusive, 1 not-loaded" in told


def test_a_plot_of_several_is_said_to_be_none(
    kubectl_stress: CommandLine, file: str, capsys: Output
) -> None:
    many(kubectl_stress, file)
    capsys.readouterr()

    kubectl_stress("report", file, "--plot")

    assert "--plot draws one target only" in capsys.readouterr().err
