"""The judgement: every outcome, and what must not be mistaken for it."""

from dataclasses import replace

import pytest

from kubectl_stress.agent.protocol import AgentError
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.plan import Plan
from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation, Outcome, Verdict, meets
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
LIVENESS = event("Killing", "Container app failed liveness probe, will be restarted")
NEAR = (sample(10), sample(127.9, at_ms=5_400, held_mib=117))


def texts(verdict: Verdict) -> str:
    return "\n".join(fact.text for fact in verdict.evidence)


def not_ready(at_ms: int = 3_000) -> Change:
    return Change(at_ms, ChangeKind.NOT_READY, "container is not ready")


def test_a_load_that_ran_to_its_end_was_survived() -> None:
    assert judge(plan(), findings()).outcome is Outcome.SURVIVED


def test_a_group_kill_is_told_with_its_evidence() -> None:
    verdict = judge(
        plan("120%"), findings(*NEAR, changes=[terminated("OOMKilled", 137)], ending=CUT)
    )

    assert verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "exit code 137" in texts(verdict)
    assert "127.9 MiB" in texts(verdict)
    assert "OOMKilled (137)" in texts(verdict)


def test_the_counters_of_a_cgroup_that_is_gone_are_unknown() -> None:
    verdict = judge(
        plan("120%"), findings(*NEAR, changes=[terminated("OOMKilled", 137)], ending=CUT)
    )

    assert "oom_kill unknown (cgroup gone)" in texts(verdict)


def test_without_oom_group_the_app_itself_was_the_victim() -> None:
    seen = findings(
        *NEAR,
        changes=[terminated("OOMKilled", 137)],
        ending=CUT,
        hello=hello(oom_group=None, cgroup_version=1),
    )

    assert judge(plan("120%"), seen).outcome is Outcome.APP_OOM_KILLED


def test_137_with_reason_error_is_not_called_an_oom_kill() -> None:
    verdict = judge(plan(), findings(changes=[terminated("Error", 137)], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "no status, counter or event shows" in verdict.sentence


def test_a_liveness_restart_with_137_is_a_liveness_restart() -> None:
    seen = findings(changes=[LIVENESS, terminated("Error", 137, at_ms=36_000)], ending=CUT)

    assert judge(plan(), seen).outcome is Outcome.LIVENESS_RESTARTED


def test_a_killing_event_that_arrives_after_the_status_still_counts() -> None:
    late = event("Killing", "Container app failed liveness probe, will be restarted", at_ms=7_000)
    seen = findings(changes=[terminated("Error", 137, at_ms=6_000), late], ending=CUT)

    assert judge(plan(), seen).outcome is Outcome.LIVENESS_RESTARTED


def test_a_container_that_is_stopped_for_another_reason_is_no_liveness_restart() -> None:
    stopped = event("Killing", "Stopping container app")

    verdict = judge(plan(), findings(changes=[stopped, terminated("Error", 137)], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("usage_mib", "is_likely"), [(99, True), (98.9, False)])
def test_a_137_without_a_cause_is_likelier_an_oom_kill_at_the_limit(
    usage_mib: float, is_likely: bool
) -> None:
    last = sample(usage_mib, limit_bytes=100 * MIB)

    verdict = judge(plan(), findings(last, changes=[terminated("Error", 137)], ending=CUT))

    assert ("an OOM kill is likely" in verdict.sentence) is is_likely


def test_a_sticky_oom_reason_does_not_hide_a_liveness_restart() -> None:
    # containerd keeps the reason OOMKilled of a worker's death until the container ends.
    seen = findings(
        changes=[LIVENESS, terminated("OOMKilled", 137, at_ms=36_000)],
        ending=CUT,
        kills=[worker_killed()],
        hello=hello(oom_group=None, cgroup_version=1),
    )

    assert judge(plan(), seen).outcome is Outcome.LIVENESS_RESTARTED


def test_a_reason_left_by_an_older_kill_does_not_hide_a_liveness_restart() -> None:
    older = (sample(10, oom_kill=1), sample(60, held_mib=50, oom_kill=1))
    ended = [LIVENESS, terminated("OOMKilled", 137, at_ms=36_000)]

    seen = findings(*older, changes=ended, ending=CUT)

    assert judge(plan(), seen).outcome is Outcome.LIVENESS_RESTARTED


def test_a_kill_while_a_liveness_kill_was_under_way_is_an_oom_kill_and_tells_both() -> None:
    seen = findings(
        *NEAR, changes=[LIVENESS, terminated("OOMKilled", 137, at_ms=6_000)], ending=CUT
    )

    verdict = judge(plan("120%"), seen)

    assert verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert "failed liveness probe" in texts(verdict)


def test_a_probe_that_failed_after_a_counted_kill_of_the_whole_group_did_not_end_it() -> None:
    # On a node short of CPU the kubelet probed a dead container for 16 s before it saw its end.
    seen = findings(
        *NEAR,
        changes=[LIVENESS, terminated("OOMKilled", 137, at_ms=29_300)],
        ending=CUT,
        afterwards=sample(1, oom_kill=4),
    )

    assert judge(plan("120%"), seen).outcome is Outcome.GROUP_OOM_KILLED


def test_a_reason_that_stuck_to_the_container_does_not_make_its_own_exit_a_kill() -> None:
    seen = findings(
        changes=[terminated("OOMKilled", 0)],
        ending=CUT,
        kills=[worker_killed()],
        hello=hello(oom_group=None, cgroup_version=1),
    )

    assert judge(plan(), seen).outcome is Outcome.APP_EXITED


def test_a_counted_kill_tells_of_a_137_whose_reason_the_runtime_missed() -> None:
    counted = (sample(10), sample(127.9, oom_kill=1))

    verdict = judge(plan(), findings(*counted, changes=[terminated("Error", 137)], ending=CUT))

    assert verdict.outcome is Outcome.GROUP_OOM_KILLED


def test_a_kill_that_took_only_the_load_does_not_explain_a_later_137() -> None:
    seen = findings(
        sample(10),
        sample(12, oom_kill=1),
        changes=[terminated("Error", 137)],
        kills=[worker_killed()],
        hello=hello(oom_group=None, cgroup_version=1),
    )

    assert judge(plan(), seen).outcome is Outcome.INCONCLUSIVE


def test_a_container_that_ended_with_its_deleted_pod_did_not_end_by_itself() -> None:
    gone = Change(3_000, ChangeKind.DELETED, "pod is being deleted")
    for code in (0, 137):
        seen = findings(changes=[gone, terminated("Error", code)], ending=CUT)

        assert "the pod was deleted" in judge(plan(), seen).sentence


def test_a_process_of_the_app_killed_beside_the_load_is_not_passed_over() -> None:
    seen = findings(
        sample(10),
        sample(12, oom_kill=2),
        kills=[worker_killed(0, 2)],
        ending=Ending(bye("workers-killed", 12), 12),
        hello=hello(oom_group=None, cgroup_version=1),
    )

    verdict = judge(plan("120%"), seen)

    assert verdict.outcome is Outcome.APP_OOM_KILLED
    assert "together with the load" in verdict.sentence


def test_an_app_that_exits_by_itself_is_told_so() -> None:
    verdict = judge(plan(), findings(changes=[terminated("Error", 1)], ending=CUT))

    assert verdict.outcome is Outcome.APP_EXITED
    assert "exit code 1" in verdict.sentence


def test_a_worker_killed_while_the_app_lives_is_the_loads_death() -> None:
    seen = findings(
        *NEAR,
        kills=[worker_killed()],
        ending=Ending(bye("workers-killed", 12), 12),
        hello=hello(oom_group=None, cgroup_version=1),
    )

    verdict = judge(plan("120%"), seen)

    assert verdict.outcome is Outcome.LOAD_OOM_KILLED
    assert "oom_kill 0 → 1" in texts(verdict)


def test_a_kill_counted_only_afterwards_is_still_the_loads_death() -> None:
    after: Sample = sample(12, at_ms=8_000, oom_kill=1)

    seen = findings(*NEAR, ending=CUT, afterwards=after)

    assert judge(plan("120%"), seen).outcome is Outcome.LOAD_OOM_KILLED


def test_a_kill_while_the_load_ran_on_took_a_process_of_the_app() -> None:
    seen = findings(sample(10), sample(128, held_mib=50, oom_kill=1))

    assert judge(plan(), seen).outcome is Outcome.APP_OOM_KILLED


def test_oom_events_without_a_kill_are_no_kill() -> None:
    seen = findings(sample(10), sample(128, held_mib=50, oom=3, max_events=40))

    assert judge(plan(), seen).outcome is Outcome.SURVIVED


def test_lost_readiness_is_told_even_if_it_came_back() -> None:
    failed = event("Unhealthy", "Readiness probe failed: timeout", at_ms=2_500)
    back = Change(9_000, ChangeKind.READY, "container is ready")

    seen = findings(changes=[failed, not_ready(), back])

    assert judge(plan(), seen).outcome is Outcome.READINESS_LOST


def test_a_kill_outweighs_lost_readiness() -> None:
    seen = findings(*NEAR, changes=[not_ready(), terminated("OOMKilled", 137)], ending=CUT)

    assert judge(plan("120%"), seen).outcome is Outcome.GROUP_OOM_KILLED


def test_an_eviction_is_no_kill_of_the_limit() -> None:
    evicted = Change(4_000, ChangeKind.EVICTED, "pod evicted: The node was low on resource: memory")

    seen = findings(changes=[evicted, terminated("Error", 137)], ending=CUT)

    assert judge(plan(), seen).outcome is Outcome.EVICTED


@pytest.mark.parametrize(
    ("evicted_ms", "is_early"), [(7_000, True), (6_000, False), (4_000, False)]
)
def test_a_load_that_died_before_the_kubelets_first_word_may_be_the_kernels(
    evicted_ms: int, is_early: bool
) -> None:
    evicted = Change(evicted_ms, ChangeKind.EVICTED, "pod evicted: The node was low on resource")

    verdict = judge(plan(), findings(changes=[evicted], ending=CUT))

    words = "the load was killed 1.5 s before the kubelet said anything: the kernel may have come"
    assert (words in verdict.sentence) is is_early
    assert any("without a final message" in fact.text for fact in verdict.evidence) is is_early


@pytest.mark.parametrize(
    ("used", "is_dead"),
    [("100Ki", True), ("0", True), ("40000Ki", False), ("90Mi", False), ("much", False)],
)
def test_a_kubelet_that_finds_the_memory_gone_may_have_come_after_the_kernel(
    used: str, is_dead: bool
) -> None:
    words = f"Container other was using 1Ki, request is 0. Container app was using {used}, request"
    evicted = Change(4_000, ChangeKind.EVICTED, f"{words} is 0, has larger consumption of memory.")

    verdict = judge(plan(), findings(sample(60, held_mib=50), changes=[evicted], ending=CUT))

    assert verdict.outcome is Outcome.EVICTED
    assert ("in use where 60.0 MiB had been" in verdict.sentence) is is_dead
    assert ("the kernel may have come first" in verdict.sentence) is is_dead


def test_a_connection_that_was_lost_before_the_kubelets_first_word_leaves_the_kernel_open() -> None:
    evicted = Change(14_000, ChangeKind.EVICTED, "pod evicted: The node was low on resource")
    lost = Ending(None, None, "no answer for 15 s", at_ms=5_500)

    sentence = judge(plan(), findings(changes=[evicted], ending=lost)).sentence

    words = "the connection to the load was lost 8.5 s before the kubelet said anything: the kernel"
    assert words in sentence


def test_a_load_that_died_just_before_the_event_and_long_before_the_stop_may_be_the_kernels() -> (
    None
):
    evicted = Change(6_400, ChangeKind.EVICTED, "pod evicted: The node was low on resource")
    killing = event("Killing", "Stopping container app", at_ms=7_500)

    sentence = judge(plan(), findings(changes=[evicted, killing], ending=CUT)).sentence

    assert "the load was killed 2.0 s before the kubelet stopped its container: the" in sentence


def test_a_run_that_ended_by_itself_is_not_dead_before_its_eviction() -> None:
    words = "Container app was using 100Ki, request is 0, has larger consumption of memory."
    evicted = Change(14_000, ChangeKind.EVICTED, words)

    seen = findings(sample(60, held_mib=50), changes=[evicted], ending=Ending(bye("done", 12), 0))

    assert "kernel" not in judge(plan(), seen).sentence


def test_memory_high_is_throttling() -> None:
    seen = findings(sample(10), sample(100, held_mib=20, high_events=9))

    assert judge(plan(), seen).outcome is Outcome.THROTTLED


def test_a_level_that_was_never_reached_is_inconclusive() -> None:
    verdict = judge(plan(), findings(sample(10), sample(40, held_mib=30)))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "30.0 MiB of 50.0 MiB" in verdict.sentence


def test_an_agent_that_got_no_turn_says_so_by_its_exit_code() -> None:
    lost = "command terminated with exit code 142"
    verdict = judge(plan(), findings(sample(60, held_mib=50), ending=Ending(None, 142, lost)))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "its watchdog ended it: the load was released" in verdict.sentence
    assert [fact.source for fact in verdict.evidence] == ["agent"]


def test_a_broken_stream_without_a_cause_is_inconclusive() -> None:
    verdict = judge(plan(), findings(ending=Ending(None, None, "connection reset")))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "connection reset" in verdict.sentence


def test_a_restart_that_no_status_explains_is_inconclusive_and_no_loss_of_readiness() -> None:
    started = Change(9_000, ChangeKind.STARTED, "container started again (restart 1)")

    verdict = judge(plan("120%"), findings(*NEAR, changes=[not_ready(), started], ending=CUT))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "does not say how the previous one ended" in verdict.sentence
    assert "an OOM kill is likely" in verdict.sentence
    assert "container started again (restart 1)" in texts(verdict)
    assert "exit code 137" in texts(verdict)


def test_a_restart_without_an_end_is_the_liveness_probes_where_the_kubelet_said_so() -> None:
    started = Change(36_000, ChangeKind.STARTED, "container started again (restart 1)")

    verdict = judge(plan(), findings(changes=[LIVENESS, not_ready(), started], ending=CUT))

    assert verdict.outcome is Outcome.LIVENESS_RESTARTED
    assert "the status does not say how it ended" in verdict.sentence
    assert "failed liveness probe" in texts(verdict)


def test_an_agent_that_gave_up_says_why() -> None:
    seen = findings(
        ending=Ending(bye("no-memory", 11), 11),
        errors=[AgentError("rlimit-as", "RLIMIT_AS is 1 GiB")],
    )

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "RLIMIT_AS is 1 GiB" in verdict.sentence


def test_a_load_outside_the_targets_cgroup_proves_nothing() -> None:
    inside, outside = sample(10, cgroup_same=True), sample(60, held_mib=50, cgroup_same=False)

    verdict = judge(plan(), findings(inside, outside, inside))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "not in the target's cgroup" in verdict.sentence


def test_a_cgroup_that_cannot_be_compared_is_not_held_against_the_run() -> None:
    unreadable = sample(60, held_mib=50, cgroup_same=None)

    assert judge(plan(), findings(sample(10), unreadable)).outcome is Outcome.SURVIVED


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (sample(127.9, held_mib=117), "died together at the limit"),
        (sample(116), "at the limit"),
        (sample(115.1), "while the last sample shows only 89% of the limit"),
        (sample(500, limit_bytes=None), "because the node ran out of memory"),
    ],
)
def test_a_group_kill_says_whose_memory_ran_out(last: Sample, words: str) -> None:
    seen = findings(sample(10), last, changes=[terminated("OOMKilled", 137)], ending=CUT)

    limit = "128Mi" if last.memory.limit_bytes else None

    verdict = judge(plan("50Mi", target=target(limit=limit), force=True), seen)

    assert verdict.outcome is Outcome.GROUP_OOM_KILLED
    assert words in verdict.sentence


def under_a_pods_limit() -> Plan:
    built = pod().container("app").container("side")
    built.with_spec(resources={"limits": {"memory": "96Mi"}})
    return plan(target=Target.from_pod(built.dict, "app"))


def neighbour(reason: str) -> Change:
    return replace(terminated(reason, 137), kind=ChangeKind.NEIGHBOUR)


def test_a_neighbour_killed_under_the_pods_limit_is_a_kill_of_the_app() -> None:
    seen = findings(sample(10), sample(60, held_mib=50), changes=[neighbour("OOMKilled")])

    verdict = judge(under_a_pods_limit(), seen)

    assert verdict.outcome is Outcome.APP_OOM_KILLED
    assert "another container of the pod" in verdict.sentence


@pytest.mark.parametrize(
    ("oom_kill", "words"),
    [
        (1, "the load was killed too, and the target keeps running"),
        (2, "a process of the target was"),
    ],
)
def test_a_neighbour_killed_before_the_load_is_not_passed_over(oom_kill: int, words: str) -> None:
    seen = findings(
        sample(10),
        sample(60, held_mib=30, oom_kill=oom_kill),
        changes=[neighbour("OOMKilled")],
        kills=[worker_killed(0, 1)],
        ending=Ending(bye("workers-killed", 12), 12),
        hello=hello(oom_group=None, cgroup_version=1),
    )

    verdict = judge(under_a_pods_limit(), seen)

    assert verdict.outcome is Outcome.APP_OOM_KILLED
    assert "another container of the pod" in verdict.sentence
    assert words in verdict.sentence
    assert [fact.source for fact in verdict.evidence] == ["status", "agent", "agent", "cgroup"]


def test_a_neighbour_that_dies_of_something_else_is_not_of_this_run() -> None:
    ended, own = neighbour("Error"), neighbour("OOMKilled")

    assert judge(under_a_pods_limit(), findings(changes=[ended])).outcome is Outcome.SURVIVED
    assert judge(plan(), findings(changes=[own])).outcome is Outcome.SURVIVED


def test_a_repeated_load_says_how_often_it_began() -> None:
    seen = findings(*NEAR, changes=[terminated("OOMKilled", 137)], ending=CUT, loads=3)

    assert judge(plan("120%"), seen).sentence.endswith("(the load was started 3 times)")


def test_a_deleted_pod_is_inconclusive() -> None:
    gone = Change(3_000, ChangeKind.DELETED, "the pod is gone")

    assert judge(plan(), findings(changes=[gone], ending=CUT)).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(
    ("outcome", "met"),
    [
        (Outcome.SURVIVED, {"survive", "ready"}),
        (Outcome.LOAD_OOM_KILLED, {"survive", "ready", "oom"}),
        (Outcome.APP_OOM_KILLED, {"oom", "restart"}),
        (Outcome.GROUP_OOM_KILLED, {"oom", "restart"}),
        (Outcome.LIVENESS_RESTARTED, {"restart"}),
        (Outcome.KUBELET_RESTARTED, {"restart"}),
        (Outcome.READINESS_LOST, {"survive"}),
        (Outcome.EVICTED, {"evict"}),
        (Outcome.THROTTLED, {"survive", "ready", "throttle"}),
        (Outcome.APP_EXITED, {"restart"}),
        (Outcome.INCONCLUSIVE, set()),
    ],
)
def test_each_outcome_meets_what_the_table_says(outcome: Outcome, met: set[str]) -> None:
    verdict = Verdict(outcome, "")

    assert {value.value for value in Expectation if meets(verdict, value)} == met


def test_a_counter_that_was_unknown_before_counts_no_kill() -> None:
    seen = findings(sample(10, oom_kill=None), ending=CUT, afterwards=sample(10, oom_kill=3))

    assert judge(plan(), seen).outcome is Outcome.INCONCLUSIVE


@pytest.mark.parametrize(("percent", "is_told"), [(63.0, True), (3.0, False), (None, False)])
def test_a_load_that_stalls_without_high_events_says_so_by_pressure(
    percent: float | None, *, is_told: bool
) -> None:
    seen = findings(
        sample(), sample(30, at_ms=9_000, held_mib=20, pressure_some_avg10_percent=percent)
    )

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "held only 20.0 MiB of 50.0 MiB" in verdict.sentence
    assert ("waited for memory 63% of the time (PSI)" in verdict.sentence) is is_told


def test_the_limit_is_judged_by_the_moment_of_the_kill_and_not_by_what_is_left_after_it() -> None:
    climb = [sample(12), sample(127, at_ms=4_900, held_mib=110)]
    after = sample(13, at_ms=6_000, oom_kill=1)
    seen = findings(
        *climb,
        after,
        kills=(worker_killed(),),
        ending=Ending(bye("workers-killed", 12), 12),
        hello=hello(oom_group=None, cgroup_version=1),
    )

    verdict = judge(plan("120%"), seen)

    assert verdict.outcome is Outcome.LOAD_OOM_KILLED
    assert "OOM-killed the load at the limit" in verdict.sentence


def test_a_lost_node_is_named_where_nothing_else_is_known() -> None:
    seen = findings(
        sample(),
        changes=(event("NodeNotReady", "Node is not ready"),),
        ending=Ending(None, None, "the connection was lost"),
    )

    verdict = judge(plan(), seen)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "became NotReady during the run" in verdict.sentence
    assert "NodeNotReady: Node is not ready" in [one.text for one in verdict.evidence]
