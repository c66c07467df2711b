"""Probes that fail near the limit: what the kubelet does then is never called an OOM kill."""

from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.judged import Judge
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, looking_up, lookup_probe, pod

# Of the limit of 128 MiB this leaves too little for the page cache that /lookup needs, and enough
# that nobody has to be killed.
NEAR_THE_LIMIT = "--size=104Mi"

# A lookup reads 2,048 pages: a moment from memory, and 7 s where half of them come from a disk that
# is as quick as a small one of a cloud.
DISK_READS_PER_S = 150
PROBE = lookup_probe(periodSeconds=5, timeoutSeconds=4, failureThreshold=2)


@pytest.fixture(autouse=True)
def slow_disk(cluster: Cluster, flavour: str) -> Iterator[None]:
    cluster.node(flavour).slow_disk(DISK_READS_PER_S)
    yield
    cluster.node(flavour).slow_disk(0)


def test_e06_a_liveness_probe_that_fails_near_the_limit_restarts_the_container(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(looking_up(flavour, livenessProbe=PROBE))

    run = judged(f"e06-{flavour}", "app", NEAR_THE_LIMIT, "--duration=60s", "--expect=restart")

    status, progress = pods.status("app"), run.report["status"]
    # A kubelet that is short of CPU may never show how the container ended.
    last = status["lastState"].get("terminated") or {}
    assert run.done.exit_code == 0
    assert run.outcome == "liveness-restarted"
    assert run.facts.victims == []
    assert progress["restart_count"] == status["restartCount"] == 1
    assert last.get("reason") != "OOMKilled"
    assert (progress["last_state"] or {}).get("exit_code") == last.get("exitCode")
    reasons = [change["reason"] for change in run.report["changes"]]
    assert reasons.index("Unhealthy") < reasons.index("Killing")
    assert any("Liveness probe failed" in text for text in run.evidence)
    assert any("failed liveness probe, will be restarted" in text for text in run.evidence)
    assert any("Liveness" in words for words in run.facts.progress("Unhealthy", "probe failed"))


def test_a_readiness_probe_that_fails_near_the_limit_takes_the_pod_out_of_service(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(looking_up(flavour, readinessProbe=PROBE))

    run = judged(f"readiness-{flavour}", "app", NEAR_THE_LIMIT, "--duration=40s", "--expect=ready")

    assert run.done.exit_code == 3
    assert run.outcome == "readiness-lost"
    assert run.report["status"]["restart_count"] == 0
    assert any("Readiness probe failed" in text for text in run.evidence)


def test_the_load_is_released_as_soon_as_readiness_is_lost(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(looking_up(flavour, readinessProbe=PROBE))

    run = judged(
        f"stop-on-{flavour}", "app", NEAR_THE_LIMIT, "--duration=10m", "--stop-on=not-ready"
    )
    pods.wait_until_ready("app")

    assert run.outcome == "readiness-lost"
    assert [line["reason"] for line in run.lines("bye")] == ["stopped"]
    assert "releasing the load: container is not ready" in run.done.stderr
    assert run.report["status"]["restart_count"] == 0


def test_the_load_is_released_at_memory_pressure(plugin: Plugin, pods: Pods) -> None:
    pods.create(looking_up("v2", livenessProbe={**PROBE, "failureThreshold": 100}))

    sign = "--stop-on=memory-pressure=5%"
    done = plugin("mem", "app", NEAR_THE_LIMIT, "--duration=10m", sign, "--yes", "-o=json")

    verdict = done.report["verdict"]
    assert verdict["outcome"] == "inconclusive"
    assert "because of --stop-on (memory pressure" in verdict["sentence"]
    assert "releasing the load: memory pressure" in done.stderr
    assert pods.status("app")["restartCount"] == 0


@pytest.mark.parametrize("flavour", ["v1"], indirect=True, scope="session")
def test_a_node_without_pressure_is_refused_before_anything_is_added(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour))

    done = plugin("mem", "app", "--size=20Mi", "--stop-on=memory-pressure=5%", "--yes")

    assert done.exit_code == 5
    assert "the node has no pressure stall information" in done.stderr
    assert pods.holders("app") == []
