"""The JSON form of a report: a contract with scripts."""

import json
from dataclasses import replace
from typing import Any

from kubectl_stress.agent.samples import Process
from kubectl_stress.agent.series import Series
from kubectl_stress.results.report import SCHEMA, change_dict, sample_dict
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation, Outcome
from tests.builders import runs
from tests.builders.pods import (
    MIB,
    bye,
    findings,
    hello,
    pod,
    report,
    sample,
    terminated,
    worker_killed,
)

CUT = Ending(None, 137, None, at_ms=5_500)
OOM_KILLED = terminated("OOMKilled", 137)
PROCESSES = (
    Process(1, "app", "target", 5 * MIB, 998, 130 * MIB),
    Process(40, "agent", "load", 50 * MIB, 998, 180 * MIB),
    Process(9, "init", "other", None, None, None),
)


def keys(values: dict[str, Any]) -> list[str]:
    return list(values)


def every_key(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for entry in value.values() for key in every_key(entry)}
    if isinstance(value, list):
        return {key for entry in value for key in every_key(entry)}
    return set()


def test_the_schema_is_named_first_and_its_keys_stay() -> None:
    values = report().to_dict()

    assert values["schema"] == SCHEMA == "kubectl-stress/report/v1"
    assert keys(values) == [
        "schema", "target", "plan", "memory", "cpu", "status", "processes", "other_loads",
        "predicted_first_victim",
        "worker_kills", "changes", "verdict",
    ]  # fmt: skip
    assert keys(values["verdict"]) == [
        "outcome", "sentence", "evidence", "expected", "is_as_expected",
    ]  # fmt: skip
    assert keys(values["memory"]) == [
        "before", "under_load", "difference", "last", "peak_usage_bytes", "peak_load_bytes",
        "samples", "loads",
    ]  # fmt: skip
    assert keys(values["status"]) == [
        "container_id", "state", "reason", "ready", "restart_count_before", "restart_count",
        "last_state", "oom_kills",
    ]  # fmt: skip


def test_a_full_report_survives_json() -> None:
    seen = findings(changes=[OOM_KILLED], ending=CUT, kills=[worker_killed()])
    values = report(seen, processes=PROCESSES, expectation=Expectation.OOM).to_dict()

    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_every_size_and_time_has_its_unit_in_its_name() -> None:
    seen = findings(changes=[OOM_KILLED], ending=CUT, kills=[worker_killed()])
    named = every_key(report(seen, processes=PROCESSES).to_dict())

    words = ("size", "limit", "usage", "peak", "duration", "ramp", "time", "held", "elapsed")
    bare = {key for key in named if key.endswith(words)}

    assert bare == {"size"}  # as it was typed, beside size_bytes


def test_counters_that_could_not_be_read_are_null_and_not_zero() -> None:
    unread = sample(oom_kill=None, oom_group_kill=None, high_events=None)

    values = report(findings(unread, unread)).to_dict()

    assert values["status"]["oom_kills"] is None
    assert values["memory"]["last"]["oom_kill"] is None
    assert values["memory"]["last"]["pressure_some_avg10_percent"] is None


def test_counters_that_went_with_their_cgroup_are_null() -> None:
    values = report(findings(changes=[OOM_KILLED], ending=CUT)).to_dict()

    assert values["status"]["oom_kills"] is None


def test_kills_are_those_of_the_run_and_not_of_the_cgroups_life() -> None:
    seen = findings(sample(oom_kill=3), sample(60, held_mib=50, oom_kill=5))

    assert report(seen).oom_kills == 2


def test_a_kill_told_by_the_supervisor_counts_without_a_readable_sample() -> None:
    unread = sample(oom_kill=None)

    seen = findings(unread, unread, kills=[worker_killed(0, 1)], ending=Ending(bye(), 0))

    assert report(seen).oom_kills == 1


def test_a_run_without_a_kill_says_zero() -> None:
    assert report().to_dict()["status"]["oom_kills"] == 0


def test_a_kill_seen_only_by_the_reading_afterwards_counts() -> None:
    seen = findings(ending=CUT, afterwards=sample(12, at_ms=8_000, oom_kill=1))

    found = report(seen)

    assert found.oom_kills == 1
    assert found.to_dict()["memory"]["last"]["usage_bytes"] == 12 * MIB


def test_restarts_are_those_of_the_run() -> None:
    def status(count: int) -> ContainerStatus:
        built = pod().container("app").with_container_status(restartCount=count)
        return ContainerStatus.from_pod(built.dict, "app")

    found = report(before=status(4), after=status(5))

    assert found.restarts == 1
    assert found.to_dict()["status"]["restart_count_before"] == 4
    assert found.to_dict()["status"]["restart_count"] == 5


def test_the_first_victim_is_that_at_the_limit() -> None:
    found = report(size="150%", processes_before=PROCESSES).to_dict()["predicted_first_victim"]

    assert (found["pid"], found["command"], found["role"]) == (None, "agent-worker", "load")
    assert report(findings(hello=None)).to_dict()["predicted_first_victim"] is None


def test_without_an_expectation_nothing_is_as_expected_or_not() -> None:
    verdict = report().to_dict()["verdict"]

    assert (verdict["expected"], verdict["is_as_expected"]) == (None, None)


def test_an_expectation_is_answered() -> None:
    survive = report(expectation=Expectation.SURVIVE).to_dict()["verdict"]
    oom = report(expectation=Expectation.OOM).to_dict()["verdict"]

    assert (survive["expected"], survive["is_as_expected"]) == ("survive", True)
    assert (oom["expected"], oom["is_as_expected"]) == ("oom", False)


def test_a_run_without_a_sample_has_no_reading_and_no_peak() -> None:
    seen = findings(changes=[], ending=CUT, samples=Series())

    memory = report(seen).to_dict()["memory"]

    assert (memory["before"], memory["last"], memory["peak_usage_bytes"]) == (None, None, None)


def test_the_target_tells_what_the_agent_found_there() -> None:
    found = report(findings(hello=hello(cgroup_version=1))).to_dict()["target"]

    assert found["pod"] == "web"
    assert 1 in found.values()


def test_a_sample_of_the_stream_is_told_with_its_working_set() -> None:
    values = sample_dict(sample(60, held_mib=50, inactive_file_bytes=10 * MIB))

    assert values["type"] == "sample"
    assert values["working_set_bytes"] == 50 * MIB
    assert values["load_held_bytes"] == 50 * MIB


def test_a_change_of_the_stream_keeps_the_apis_own_words() -> None:
    values = change_dict(OOM_KILLED)

    assert (values["type"], values["kind"], values["reason"]) == (
        "change",
        "terminated",
        "OOMKilled",
    )
    assert values["termination"]["exit_code"] == 137


def test_the_difference_is_parted_into_what_the_kernel_counts_apart() -> None:
    before = sample(10, anon_bytes=8 * MIB, file_bytes=MIB, kernel_bytes=MIB)
    under = sample(
        61, at_ms=1, held_mib=50, anon_bytes=58 * MIB, file_bytes=MIB, kernel_bytes=2 * MIB
    )
    after = sample(10, at_ms=2, phase="settle")

    found = report(findings(before, under, after)).to_dict()["memory"]

    assert found["under_load"]["usage_bytes"] == 61 * MIB
    assert found["difference"] == {
        "usage_bytes": 51 * MIB,
        "anon_bytes": 50 * MIB,
        "file_bytes": 0,
        "kernel_bytes": MIB,
        "load_bytes": 50 * MIB,
    }


def test_what_was_seen_before_an_interruption_stands() -> None:
    killed = runs.group_killed()
    seen = replace(killed.findings, interrupted="interrupted")

    found = replace(killed, findings=seen, verdict=judge(killed.plan, seen))

    assert found.verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert found.verdict.sentence.endswith("; interrupted")
    assert found.exit_code == 130
