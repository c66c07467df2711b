"""What is known before a load, and what is only assumed."""

import pytest

from kubectl_stress.agent.samples import Process
from kubectl_stress.plan.read_facts import Found, read_facts
from kubectl_stress.plan.target_facts import Fact, Known, assumed_facts, facts
from kubectl_stress.targets.target import Target
from tests.builders.cpu import limited
from tests.builders.pods import MIB, PodBuilder, hello, memory, pod

APP = Process(1, "app", "target", 20 * MIB, 968, 140 * MIB)
HOLDER = Process(23, "agent", "holder", MIB, 999, 128 * MIB)
AGENT_ONLY = (
    "cgroup_version", "memory_oom_group", "oom_score_adj", "usage_bytes", "swap_limit_bytes",
    "processes", "first_victim", "node_headroom_bytes",
)  # fmt: skip


def known(built: PodBuilder, found: Found | None = None) -> dict[str, Fact]:
    target = Target.from_pod(built.dict)
    of_node = assumed_facts(target) if found is None else read_facts(target, found)
    return {fact.key: fact for fact in facts(target, {"hpa": "none"}, of_node)}


def web() -> PodBuilder:
    return pod().container("app", limit="128Mi", request="64Mi")


@pytest.mark.parametrize("key", [*AGENT_ONLY, "at_the_limit"])
def test_without_an_agent_nothing_is_called_read_that_only_it_can_read(key: str) -> None:
    assert known(web())[key].known is not Known.READ


@pytest.mark.parametrize("key", [*AGENT_ONLY, "at_the_limit"])
def test_with_a_probe_all_of_it_is_read(key: str) -> None:
    found = Found(hello(), memory(20), (APP, HOLDER))

    assert known(web(), found)[key].known is Known.READ


def test_limits_are_whole_bytes_as_data_and_quantities_for_a_person() -> None:
    fact = known(web())["limit_bytes"]

    assert (fact.value, fact.text, fact.label) == (128 * MIB, "128.0 MiB", "limit")


def test_the_pod_s_limit_is_assumed_where_the_kubelet_sums_it_up() -> None:
    declared = web().with_spec(resources={"limits": {"memory": "128Mi"}})

    assert known(web())["pod_limit_bytes"].known is Known.ASSUMED
    assert known(declared)["pod_limit_bytes"].known is Known.READ


@pytest.mark.parametrize(
    ("qos", "value", "certainty"),
    [
        ("Guaranteed", -997, Known.ASSUMED),
        ("BestEffort", 1000, Known.ASSUMED),
        ("Burstable", None, Known.UNKNOWN),
    ],
)
def test_the_oom_score_adj_of_a_class_is_assumed_where_the_class_alone_tells_it(
    qos: str, value: int | None, certainty: Known
) -> None:
    fact = known(web().with_status(qosClass=qos))["oom_score_adj"]

    assert (fact.value, fact.known) == (value, certainty)


@pytest.mark.parametrize(
    ("policy", "words"),
    [("Always", "restarts: each kill is one restart"), ("Never", "which then fails")],
)
def test_each_kill_is_told_to_be_a_restart_beforehand(policy: str, words: str) -> None:
    assert words in known(web().with_spec(restartPolicy=policy))["at_the_limit"].text


def test_without_a_limit_it_is_the_node_that_runs_out() -> None:
    found = Found(hello(), memory(20, limit_bytes=None), (APP,))

    for progress in (known(pod().container("app")), known(pod().container("app"), found)):
        assert "requires --force" in progress["at_the_limit"].text


def test_probes_are_told_with_their_times_and_what_follows() -> None:
    liveness = {"httpGet": {}, "periodSeconds": 5, "timeoutSeconds": 2}
    readiness = {"exec": {"command": ["true"]}}
    built = pod().container("app", limit="128Mi", livenessProbe=liveness, readinessProbe=readiness)

    progress = known(built)

    assert progress["liveness_probe"].text == (
        "httpGet each 5s, timeout 2s, fails after 3 in a row: then the container is restarted, "
        "which also ends the load"
    )
    assert "needs memory of the container itself" in progress["readiness_probe"].text
    assert progress["startup_probe"].text == "none"


def test_the_victim_that_was_read_is_named() -> None:
    found = Found(hello(oom_group=None, cgroup_version=1), memory(20), (APP, HOLDER))

    progress = known(web(), found)

    assert progress["first_victim"].value == 1
    assert progress["first_victim"].text == "1 app (target, rss 20.0 MiB, adj 968)"
    assert (
        "in the pod's cgroup the kernel will kill one process (app" in progress["at_the_limit"].text
    )
    assert progress["memory_oom_group"].text == "none on cgroup v1: an OOM kill ends one process"


def test_swap_is_told_to_put_an_oom_off() -> None:
    swapping = Found(
        hello(node_swap_total_bytes=512 * MIB), memory(20, swap_limit_bytes=64 * MIB), ()
    )

    fact = known(web(), swapping)["swap_limit_bytes"]

    assert fact.value == 64 * MIB
    assert "an OOM kill comes later" in fact.text


def test_limit_and_request_of_cpu_are_told_as_kubectl_writes_them() -> None:
    found = {fact.key: fact for fact in facts(limited(), {}, ())}
    without = {fact.key: fact for fact in facts(limited(limit=None), {}, ())}

    limit = found["cpu_limit_millicores"]
    assert (limit.text, limit.value) == ("250m", 250)
    assert found["cpu_request_millicores"].label == "CPU request"
    assert without["cpu_limit_millicores"].text == "none"
