"""What else happens to a pod while it is loaded: other clients, its kubelet, and its own end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.judged import Judge, JudgedRun
from tests.e2e.plugin import Plugin, Running
from tests.e2e.pods import Pods, holding, pod, wait_until

LIMIT_MIB = 96


@pytest.fixture
def bob(plugin: Plugin) -> Plugin:
    """Another administrator."""
    return Plugin(plugin.environment, (*plugin.options, "--as=bob", "--as-group=system:masters"))


@pytest.fixture
def of_bob(bob: Plugin, pods: Pods, flavour: str) -> Iterator[Running]:
    """His load, which is held."""
    pods.create(pod(flavour, limit=f"{LIMIT_MIB}Mi"))
    with bob.running("mem", "app", "--size=24Mi", "--duration=90s", "--yes", "-o=json") as load:
        load.wait_for("holding ")
        yield load


def names_bob(run: JudgedRun) -> bool:
    (other,) = run.report["other_loads"]
    told = f"started by {other['started_by']}" in run.report["verdict"]["sentence"]
    return told and other["started_by"] == "bob" and other["held_bytes"] > 23 << 20


def test_two_loads_at_once_that_fit_name_each_other(
    judged: Judge, of_bob: Running, pods: Pods, flavour: str
) -> None:
    processes = pods.memory("app").processes()

    run = judged(
        f"two-clients-{flavour}", "app", "--size=20Mi", "--duration=5s", processes=processes
    )
    his = of_bob.end().report

    assert run.outcome == his["verdict"]["outcome"] == "survived"
    assert names_bob(run)
    assert [load["started_by"] for load in his["other_loads"]] == ["admin"]
    assert "started by admin" in his["verdict"]["sentence"]


def test_a_load_above_the_limit_beside_another_one_names_it(
    judged: Judge, of_bob: Running, pods: Pods, flavour: str
) -> None:
    processes = pods.memory("app").processes()

    run = judged(f"two-clients-oom-{flavour}", "app", "--size=120%", processes=processes)
    his = of_bob.end().report

    assert run.outcome == ("group-oom-killed" if flavour == "v2" else "load-oom-killed")
    assert names_bob(run)
    if flavour == "v2":
        assert his["verdict"]["outcome"] == run.outcome
        assert "started by admin" in his["verdict"]["sentence"]


def test_a_liveness_kill_while_the_load_is_joining_is_named_and_no_other_join_offered(
    plugin: Plugin, pods: Pods
) -> None:
    http = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 4, "timeoutSeconds": 2}
    probe = {**http, "failureThreshold": 2, "terminationGracePeriodSeconds": 1}
    made = holding("v2", 8, limit=f"{LIMIT_MIB}Mi")
    made["spec"]["containers"][0]["livenessProbe"] = probe
    pods.create(made)
    memory = pods.memory("app")

    with plugin.running("mem", "app", "--size=20Mi", "--duration=60s", "--yes") as running:
        running.wait_for("reading the target's memory")
        # The runtime starts the agent under this; with thrice as much a probe was answered now and
        # then, so that nothing was killed within the minute that the agent is waited for.
        memory.write("cpu.max", "1000 300000")
        done = running.end()

    print(done.stderr)
    said = "failed liveness probe"
    wait_until("the kubelet says so", lambda: said in pods.kubectl("get", "events"))
    assert done.exit_code == 1
    assert "the agent did not start: the kubelet restarted" in done.stderr, done.stderr
    assert "liveness probe" in done.stderr
    assert "--join" not in done.stderr
    wait_until("it is started again", lambda: pods.status("app")["restartCount"] == 1, seconds=180)


@pytest.mark.parametrize("flavour", ["old"], indirect=True, scope="session")
def test_a_restart_of_an_old_kubelet_is_no_loss_of_readiness(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 5}
    made = holding(flavour, 8, limit="96Mi")
    made["spec"]["containers"][0]["readinessProbe"] = probe
    pods.create(made)

    def during(running: Running) -> None:
        running.wait_for("holding ")
        pods.cluster.node(flavour).configure_kubelet()

    run = judged("kubelet-v2", "app", "--size=20Mi", "--duration=60s", during=during)

    flips = [line for line in run.lines("change") if line["kind"] == "not-ready"]
    assert flips, "the kubelet kept it ready"
    assert run.outcome == "inconclusive"
    assert "as when the kubelet restarts" in run.report["verdict"]["sentence"]
