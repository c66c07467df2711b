"""Recordings of real runs: each gives the verdict that others' words come to, whole or damaged."""

import json
import random
import re
from pathlib import Path

import pytest

from kubectl_stress.errors import RecordingError
from kubectl_stress.formats.html.page import page
from kubectl_stress.formats.report_text import render
from kubectl_stress.results.recording import read_recording, to_report
from kubectl_stress.targets.api_events import event_change
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.second_opinion import Facts, second_opinion
from tests.selection.sample import sampled, size

RUNS = sorted((Path(__file__).parents[2] / "testdata" / "runs").iterdir())
NAMES = [run.name for run in RUNS]
ADDRESS = re.compile(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")
# Loopback, the guests' own network (QEMU's user networking) and the pods' network in them.
INNER = re.compile(r"127\.|10\.0\.2\.|10\.244\.")


def recording(run: Path) -> bytes:
    return (run / "recording.jsonl").read_bytes()


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_the_verdict_is_what_kernel_and_kubelet_say(run: Path) -> None:
    report = to_report(read_recording(recording(run)))

    facts = Facts.read(run)
    assert report.verdict.outcome.value == second_opinion(facts)
    assert {load.started_by for load in report.findings.other_loads} == facts.others


def test_every_outcome_was_really_produced_on_both_cgroup_generations() -> None:
    # With memory.oom.group, which is of version 2 and on every container there, the load never dies
    # alone; and version 1 has neither that nor memory.high.
    possible = {2: set(Outcome) - {Outcome.LOAD_OOM_KILLED}}
    possible[1] = set(Outcome) - {Outcome.GROUP_OOM_KILLED, Outcome.THROTTLED}
    produced: dict[int | None, set[Outcome]] = {1: set(), 2: set()}
    for run in RUNS:
        report = to_report(read_recording(recording(run)))
        assert report.findings.hello is not None
        produced[report.findings.hello.cgroup_version].add(report.verdict.outcome)

    assert len(RUNS) >= 20
    assert produced == possible


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_the_verdict_is_still_the_one_of_the_run(run: Path) -> None:
    read = read_recording(recording(run))

    assert read.damage is None
    assert to_report(read).verdict.outcome.value == read.outcome


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_the_counters_are_those_of_the_node(run: Path) -> None:
    report, facts = to_report(read_recording(recording(run))), Facts.read(run)

    if facts.after is None:
        return
    status = facts.status(facts.after)
    assert report.after.restart_count == status["restartCount"]
    if report.oom_kills is not None and "container" in facts.memory_events:
        before = report.findings.samples.first
        assert before is not None
        counted = facts.memory_events["container"]["oom_kill"] - (before.memory.oom_kill or 0)
        assert report.oom_kills == counted


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_a_real_recording_cut_after_any_line_is_read_up_to_there(run: Path) -> None:
    lines = recording(run).splitlines(keepends=True)

    for length in sampled(range(1, len(lines)), min(8, len(lines) - 1)):
        read = read_recording(b"".join(lines[:length]))
        assert read.damage == f"incomplete: it ends after line {length}, before the end of the run"
        assert to_report(read).verdict.sentence


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_a_real_recording_with_garbage_in_it_is_read_and_shown(run: Path) -> None:
    data, dice = recording(run), random.Random(run.name)

    for _ in range(size(whole=25, sample=5)):
        at, length = dice.randrange(len(data)), dice.randrange(1, 80)
        damaged = data[:at] + dice.randbytes(length) + data[at + dice.randrange(80) :]
        try:
            report = to_report(read_recording(damaged))
        except RecordingError:
            continue  # its header was hit
        assert render(report, "wide")
        assert json.loads(render(report, "json"))
        assert page(report)


@pytest.mark.parametrize("run", RUNS, ids=NAMES)
def test_nothing_of_the_machine_that_recorded_is_kept(run: Path) -> None:
    text = "".join(path.read_text() for path in run.iterdir())
    text = re.sub(r"/proc/\d+/root/", "/", text)  # where the agent lies, seen from its target

    addresses = set(ADDRESS.findall(text))
    assert {address for address in addresses if not INNER.match(address)} == set()
    for word in ("/root/", "/home/", "/tmp/pytest", "token", "Bearer", "BEGIN "):
        assert word not in text, word


@pytest.mark.parametrize("name", ["e10-evicted-v2", "e10-evicted-v1"])
def test_a_real_eviction_tells_who_used_how_much_of_what_ran_short(name: str) -> None:
    found = Facts.read(next(run for run in RUNS if run.name == name)).events
    (evicted,) = (event for event in found if event["reason"] == "Evicted")
    annotations = evicted["metadata"]["annotations"]

    text = event_change(evicted, at_ms=0).text

    assert "starved resource: memory" in text
    assert f"app used {annotations['offending_containers_usage']}" in text
