"""Probes that fail near the limit: what the kubelet does then is never called an OOM kill."""

from tests.e2e.judged import Judge
from tests.e2e.pods import Pods, looking_up, lookup_probe

# Of the limit of 128 MiB this leaves too little for the page cache that /lookup needs, and enough
# that nobody has to be killed.
NEAR_THE_LIMIT = "--size=92Mi"


def test_e06_a_liveness_probe_that_fails_near_the_limit_restarts_the_container(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    probe = lookup_probe(periodSeconds=1, timeoutSeconds=1, failureThreshold=3)
    pods.create(looking_up(flavour, livenessProbe=probe))

    run = judged(f"e06-{flavour}", "app", NEAR_THE_LIMIT, "--duration=60s", "--expect=restart")

    status = pods.status("app")
    last = status["lastState"]["terminated"]
    assert run.done.exit_code == 0
    assert run.outcome == "liveness-restarted"
    assert run.facts.victims == []
    assert run.report["status"]["restart_count"] == status["restartCount"] == 1
    assert last["reason"] != "OOMKilled"
    assert run.report["status"]["last_state"]["exit_code"] == last["exitCode"]
    reasons = [change["reason"] for change in run.report["changes"]]
    assert reasons.index("Unhealthy") < reasons.index("Killing")
    assert any("Liveness probe failed" in text for text in run.evidence)
    assert any("failed liveness probe, will be restarted" in text for text in run.evidence)
    assert any("Liveness" in words for words in run.facts.told("Unhealthy", "probe failed"))


def test_a_readiness_probe_that_fails_near_the_limit_takes_the_pod_out_of_service(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    probe = lookup_probe(periodSeconds=1, timeoutSeconds=1, failureThreshold=2)
    pods.create(looking_up(flavour, readinessProbe=probe))

    run = judged(f"readiness-{flavour}", "app", NEAR_THE_LIMIT, "--duration=20s", "--expect=ready")

    assert run.done.exit_code == 3
    assert run.outcome == "readiness-lost"
    assert run.report["status"]["restart_count"] == 0
    assert any("Readiness probe failed" in text for text in run.evidence)
