"""How a container ended, and by whom: each kind of end, and what must not be mistaken for it."""

from dataclasses import replace
from typing import Any

import pytest

from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import size_notes
from kubectl_stress.plan.load_words import LoadKind
from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.loads import memory_load
from tests.builders.pods import (
    MIB,
    bye,
    event,
    findings,
    hello,
    plan,
    pod,
    sample,
    target,
    terminated,
    worker_killed,
)

CUT = Ending(None, 137, None, at_ms=5_500)
V1 = hello(oom_group=None, cgroup_version=1)
STARTED = Change(9_000, ChangeKind.STARTED, "container started again (restart 1)")
COUNTED = (sample(10), sample(60, at_ms=4_000, oom_kill=1), sample(50, at_ms=5_000, oom_kill=1))
RESTARTS = {
    "Container app failed startup probe, will be restarted": "its startup probe failed",
    "Init container app failed startup probe": "its startup probe failed",
    "Container app definition changed, will be restarted": "its definition was changed",
    "Container app resize requires restart": "a resize of it requires a restart",
}


@pytest.mark.parametrize("code", [0, 1, 137])
@pytest.mark.parametrize("reason", ["OOMKilled", "Completed", "Error"])
def test_a_counted_kill_of_a_child_is_the_cause_whatever_process_1_ends_with(
    reason: str, code: int
) -> None:
    seen = findings(*COUNTED, changes=[terminated(reason, code)], ending=CUT, hello=V1)

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.APP_OOM_KILLED
    assert "OOM-killed a process of the app" in verdict.sentence
    assert f"then the container ended with exit code {code}" in verdict.sentence


@pytest.mark.parametrize("code", [0, 1, 143])
def test_the_status_alone_tells_of_a_child_that_nobody_could_count(code: int) -> None:
    seen = findings(changes=[terminated("OOMKilled", code)], ending=CUT, hello=V1)

    assert judge(plan(), seen).outcome is Outcome.APP_OOM_KILLED


@pytest.mark.parametrize("code", [0, 1])
def test_a_kill_of_the_load_is_not_the_cause_of_the_apps_own_end(code: int) -> None:
    seen = findings(
        *COUNTED,
        changes=[terminated("OOMKilled", code, at_ms=20_000)],
        ending=Ending(bye("workers-killed", 12), 12),
        kills=[worker_killed()],
        hello=V1,
    )

    assert judge(plan(), seen).outcome is Outcome.APP_EXITED


def test_a_kill_of_the_supervisor_that_only_a_later_reading_counts_is_not_the_apps() -> None:
    seen = findings(
        changes=[terminated("OOMKilled", 0, at_ms=60_000)],
        ending=CUT,
        afterwards=sample(20, oom_kill=1),
        hello=V1,
    )

    assert judge(plan(), seen).outcome is Outcome.APP_EXITED


def test_a_reason_that_an_older_kill_left_is_no_oom_kill_of_this_run() -> None:
    older = (sample(10, oom_kill=3), sample(60, oom_kill=3))
    killed = findings(*older, changes=[terminated("OOMKilled", 137)], ending=CUT, hello=V1)
    exited = findings(*older, changes=[terminated("OOMKilled", 1)], ending=CUT, hello=V1)

    assert judge(plan(), killed).outcome is Outcome.INCONCLUSIVE
    assert judge(plan(), exited).outcome is Outcome.APP_EXITED


@pytest.mark.parametrize(("message", "why"), RESTARTS.items())
@pytest.mark.parametrize("code", [0, 1, 137, 143])
def test_the_kubelets_own_restarts_are_told_with_its_reason(
    message: str, why: str, code: int
) -> None:
    killing = event("Killing", message, at_ms=2_000)
    seen = findings(changes=[killing, terminated("Error", code), STARTED], ending=CUT)

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.KUBELET_RESTARTED
    assert why in verdict.sentence
    assert f"exit code {code} is that kill" in verdict.sentence
    assert any(message in fact.text for fact in verdict.evidence)


def test_a_restart_of_all_containers_is_the_kubelets() -> None:
    text = "all containers of the pod are being restarted (RestartAllContainers)"
    all_of_them = Change(5_000, ChangeKind.ALL_RESTARTING, text)

    verdict = judge(plan(), findings(changes=[all_of_them, terminated("Error", 137)], ending=CUT))

    assert verdict.outcome is Outcome.KUBELET_RESTARTED
    assert "RestartAllContainers" in verdict.sentence


def test_the_container_whose_own_exit_restarts_all_exited() -> None:
    all_of_them = Change(6_000, ChangeKind.ALL_RESTARTING, "all containers are being restarted")

    verdict = judge(plan(), findings(changes=[terminated("Error", 42), all_of_them], ending=CUT))

    assert verdict.outcome is Outcome.APP_EXITED


def test_a_killing_event_of_an_earlier_load_does_not_explain_a_later_end() -> None:
    late = event("Killing", "Container app definition changed", at_ms=60_000)

    verdict = judge(plan(), findings(changes=[terminated("Error", 1), late], ending=CUT))

    assert verdict.outcome is Outcome.APP_EXITED


def test_a_container_that_the_kubelet_stopped_did_not_exit_on_its_own() -> None:
    stopped = event("Killing", "Stopping container app")

    verdict = judge(plan(), findings(changes=[stopped, terminated("Completed", 0)], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "the kubelet stopped the container" in verdict.sentence


def liveness_failures(count: int) -> list[Change]:
    text = "Liveness probe failed: HTTP probe failed with statuscode: 500"
    return [event("Unhealthy", text, at_ms=1_000 * number) for number in range(count)]


def with_liveness_probe(failures: int = 3, stop_signal: str = "") -> Plan:
    probed = replace(target(), liveness_failures=failures, stop_signal=stop_signal)
    return plan(target=probed)


@pytest.mark.parametrize("code", [137, 143])
def test_enough_failures_of_the_liveness_probe_explain_a_kill_without_its_event(code: int) -> None:
    seen = findings(changes=[*liveness_failures(3), terminated("Error", code)], ending=CUT)

    verdict = judge(with_liveness_probe(), seen)

    assert verdict.outcome is Outcome.LIVENESS_RESTARTED
    assert "failed 3 times" in verdict.sentence
    assert "Killing event did not come" in verdict.sentence


@pytest.mark.parametrize(("count", "code"), [(2, 143), (0, 143), (3, 0)])
def test_too_little_evidence_of_a_liveness_kill_is_inconclusive(count: int, code: int) -> None:
    seen = findings(changes=[*liveness_failures(count), terminated("Error", code)], ending=CUT)

    assert judge(with_liveness_probe(), seen).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("code", "signal"),
    [(143, "SIGTERM"), (130, "SIGINT"), (131, "SIGQUIT"), (138, "SIGUSR1"), (165, "SIGRTMIN+3")],
)
def test_an_exit_code_of_a_signal_that_nobody_explains_is_inconclusive(
    code: int, signal: str
) -> None:
    verdict = judge(plan(), findings(changes=[terminated("Error", code)], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert f"exit code {code} is a {signal}" in verdict.sentence
    assert "events may have been dropped" in verdict.sentence


@pytest.mark.parametrize("code", [0, 1, 2, 127, 128, 134, 139, 255])
def test_an_exit_code_of_the_apps_own_is_its_exit(code: int) -> None:
    verdict = judge(plan(), findings(changes=[terminated("Error", code)], ending=CUT))

    assert verdict.outcome is Outcome.APP_EXITED


@pytest.mark.parametrize(("signal", "code"), [("SIGABRT", 134), ("SIGRTMAX-1", 191)])
def test_the_containers_own_stop_signal_may_be_sent_by_the_kubelet(signal: str, code: int) -> None:
    seen = findings(changes=[terminated("Error", code)], ending=CUT)

    assert judge(with_liveness_probe(stop_signal=signal), seen).outcome is Outcome.INCONCLUSIVE


def test_an_exit_with_137_that_nobody_caused_is_called_neither_a_kill_nor_an_oom() -> None:
    verdict = judge(plan(), findings(changes=[terminated("Error", 137)], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "was killed" not in verdict.sentence
    assert "a SIGKILL or the app's own" in verdict.sentence


def test_a_container_without_a_limit_of_its_own_dies_at_the_pods() -> None:
    # Its own memory.max is the pod's, and the pod's cgroup, with its siblings, is full first.
    built = pod().container("app").container("side")
    built.with_spec(resources={"limits": {"memory": "128Mi"}})
    seen = findings(
        sample(10), sample(127, held_mib=110), changes=[terminated("OOMKilled", 137)], ending=CUT
    )

    asked = plan("60%", target=Target.from_pod(built.dict, "app"))

    assert "60% of the pod's limit 128.0 MiB" in size_notes(asked)
    assert "at the pod's limit" in judge(asked, seen).sentence


def sibling(name: str, finished_at: str) -> Change:
    died = terminated("OOMKilled", 137, at_ms=5_000)
    assert died.termination is not None
    end = replace(died.termination, finished_at=finished_at)
    text = f'container "{name}" of the same pod terminated: {end}'
    return replace(died, kind=ChangeKind.NEIGHBOUR, text=text, termination=end, container=name)


def test_every_container_that_the_pods_limit_cost_is_named_in_order() -> None:
    built = pod().container("app", limit="128Mi").container("side").container("log")
    built.with_spec(resources={"limits": {"memory": "160Mi"}})
    log, side = sibling("log", "2026-01-01T00:00:58Z"), sibling("side", "2026-01-01T00:00:57Z")
    ended = terminated("OOMKilled", 137)
    seen = findings(sample(10), sample(90, held_mib=80), changes=[log, side, ended], ending=CUT)

    verdict = judge(plan(target=Target.from_pod(built.dict, "app")), seen)

    assert verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "at the pod's limit" in verdict.sentence
    assert verdict.sentence.endswith("killed in this order: side, log, app")
    siblings = [fact.text for fact in verdict.evidence if "of the same pod" in fact.text]
    assert ["side" in text for text in siblings] == [True, False]


def test_a_sibling_that_died_alone_is_named() -> None:
    built = pod().container("app").container("side")
    built.with_spec(resources={"limits": {"memory": "96Mi"}})
    seen = findings(changes=[sibling("side", "2026-01-01T00:00:57Z")])

    verdict = judge(plan(target=Target.from_pod(built.dict, "app")), seen)

    assert 'another container of the pod ("side"), at the pod\'s limit' in verdict.sentence


def flip(*others: Change) -> list[Change]:
    lost = Change(3_000, ChangeKind.NOT_READY, "container is not ready")
    return [*others, lost, Change(9_000, ChangeKind.READY, "container is ready")]


def test_a_moment_without_readiness_and_without_a_failed_probe_is_the_kubelets() -> None:
    verdict = judge(plan(), findings(changes=flip()))

    assert verdict.outcome is Outcome.SURVIVED
    assert "as after a restart of the kubelet" in verdict.sentence
    assert "container is not ready" in [fact.text for fact in verdict.evidence]


def test_a_failed_probe_near_it_makes_it_a_loss_of_readiness() -> None:
    failed = event("Unhealthy", "Readiness probe failed: timeout", at_ms=2_000)
    long_before = event("Unhealthy", "Readiness probe failed: timeout", at_ms=-90_000)

    assert judge(plan(), findings(changes=flip(failed))).outcome is Outcome.READINESS_LOST
    assert judge(plan(), findings(changes=flip(long_before))).outcome is Outcome.SURVIVED


def at_limit(limit_mib: int, usage_mib: float, at_ms: int) -> Sample:
    return sample(usage_mib, at_ms=at_ms, held_mib=50, limit_bytes=limit_mib * MIB)


def test_a_kill_after_the_limit_was_lowered_says_so() -> None:
    lowered = (sample(10), at_limit(128, 62, 2_000), at_limit(64, 63, 3_000))
    seen = findings(*lowered, changes=[terminated("OOMKilled", 137)], ending=CUT)

    assert (
        "after a resize had lowered it from 128.0 MiB to 64.0 MiB" in judge(plan(), seen).sentence
    )


def test_a_kill_while_the_limit_is_being_lowered_says_so() -> None:
    started = event("ResizeStarted", "Pod resize started", at_ms=1_000)

    verdict = judge(plan(), findings(changes=[started, terminated("OOMKilled", 137)], ending=CUT))

    assert "while a resize of the pod was under way" in verdict.sentence
    assert "ResizeStarted: Pod resize started" in [fact.text for fact in verdict.evidence]


def test_the_peak_names_the_limit_of_its_moment() -> None:
    raised = (sample(10), at_limit(100, 61, 2_000), at_limit(200, 60, 3_000))

    (peak,) = [fact for fact in judge(plan(), findings(*raised)).evidence if "peak" in fact.text]

    assert "61.0% of the limit 100.0 MiB at that moment" in peak.text


@pytest.mark.parametrize(
    "known",
    [
        {"afterwards": sample(20, oom_kill=1)},
        {"kills": [replace(worker_killed(), oom_kill_after=None)]},
    ],
    ids=["counted at the end alone", "reported without counters"],
)
def test_a_kill_whose_beginning_nobody_counted_may_have_left_the_reason(
    known: dict[str, Any],
) -> None:
    unread = (sample(10, oom_kill=None), sample(20, oom_kill=None))
    ended = [terminated("OOMKilled", 137, at_ms=20_000)]

    seen = findings(*unread, changes=ended, ending=Ending(bye(), 0), hello=V1, **known)

    assert judge(plan(), seen).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("volumes", "kind", "is_told"),
    [
        (("cache",), LoadKind.ANON, True),
        ((), LoadKind.ANON, False),
        (("cache",), LoadKind.SHM, False),
    ],
)
def test_shared_memory_is_named_that_a_restart_does_not_free(
    volumes: tuple[str, ...], kind: LoadKind, is_told: bool
) -> None:
    full = sample(127, at_ms=5_000, held_mib=40, shmem_bytes=40 * MIB)
    seen = findings(full, changes=[terminated("OOMKilled", 137)], ending=CUT)
    spec = memory_load(Amount.parse("120%"), kind=kind)
    given = plan(spec=spec, target=replace(target(), memory_volumes=volumes))

    texts = [fact.text for fact in judge(given, seen).evidence]

    assert any(text.startswith("shmem 40.0 MiB") for text in texts) is is_told


def test_the_event_of_a_kill_for_all_containers_is_that_even_without_the_pods_condition() -> None:
    seen = findings(changes=[event("Killing", "killing"), STARTED], ending=CUT)

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.KUBELET_RESTARTED
    assert "RestartAllContainers" in verdict.sentence
