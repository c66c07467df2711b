"""A run over 20 pods on two real nodes, in the middle of which a pod or a node is lost.

Without KUBECTL_STRESS_FULL=1 there are four pods.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.cluster.node import Node
from tests.e2e.clusters import ARCHIVE
from tests.e2e.plugin import Plugin, Running
from tests.e2e.pods import Pods, pod, wait_until
from tests.selection.sample import size

PER_NODE = size(whole=10, sample=2)
COUNT = 2 * PER_NODE
NAMES = [f"app-{node}-{number}" for node in ("v2", "v1") for number in range(PER_NODE)]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Cluster]:
    """One cluster with a node of each cgroup generation."""
    cluster = Cluster.up("many", nodes=["v2", "v1"], images=[ARCHIVE])
    try:
        yield cluster
    finally:
        cluster.down()


@pytest.fixture(scope="module")
def many(nodes: Cluster) -> Pods:
    """As many pods on each node, for all of these tests."""
    pods = Pods(nodes, "many")
    manifests = [pod(name.split("-")[1], name=name) for name in NAMES]
    for manifest in manifests:
        manifest["metadata"]["labels"] = {"tier": "many"}
    pods.apply({"apiVersion": "v1", "kind": "List", "items": manifests})
    words = ("wait", "--for=condition=Ready", "pod", "-l", "tier=many", "--timeout=15m")
    done = nodes.kubectl("-n", pods.namespace, *words, timeout_seconds=1_000)
    assert done.returncode == 0, done.stderr
    return pods


@contextmanager
def all_held(many: Pods, duration: str, count: int = COUNT) -> Iterator[Running]:
    """A run over all of them, once each holds its load."""
    words = ("mem", "-l", "tier=many", "--size=16Mi", f"--duration={duration}", "--yes")
    with Plugin.on(many).running(*words, "--timeout=15m", "-o=json") as running:
        running.wait_for(f" targets: {count} hold", seconds=900)
        print(running.log)
        yield running


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {one["pod"]: one["outcome"] for one in report["targets"]}


def sentence_of(report: dict[str, Any], name: str) -> str:
    (found,) = (one["report"] for one in report["targets"] if one["pod"] == name)
    return str(found["verdict"]["sentence"])


def loads_on(node: Node) -> int:
    """Processes of ours with a load, by the node's own /proc."""
    script = 'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline 2>/dev/null; echo; done'
    return node.check_run(["sh", "-c", script]).count("agent run mem")


def test_ctrl_c_of_many_releases_them_all(many: Pods, nodes: Cluster) -> None:
    with all_held(many, "10m") as running:
        assert all(loads_on(node) >= PER_NODE for node in nodes.nodes)
        began = time.monotonic()
        running.send(signal.SIGINT)
        done = running.end()
        took_s = time.monotonic() - began

    errors = Counter(one["error"] for one in json.loads(done.stdout)["targets"])
    print(f"Ctrl-C of {COUNT} pods on two nodes: over after {took_s:.1f} s, {errors}")
    assert done.exit_code == 130
    assert json.loads(done.stdout)["summary"]["outcomes"] == {"interrupted": COUNT}
    assert set(errors) == {"interrupted; the load has been released"}
    for node in nodes.nodes:
        wait_until("no load is left", lambda n=node: loads_on(n) == 0, seconds=15)


def test_a_pod_that_is_deleted_is_inconclusive_and_the_others_survive(many: Pods) -> None:
    lost, kept = NAMES[1], [name for name in NAMES if name != NAMES[1]]
    before = [many.status(name) for name in kept]

    with all_held(many, "40s") as running:
        many.kubectl("delete", "pod", lost, "--wait=false")
        done = running.end()

    report = done.report
    assert done.exit_code == 4
    assert outcomes(report) == {
        name: "inconclusive" if name == lost else "survived" for name in NAMES
    }
    assert "deleted" in sentence_of(report, lost)
    assert [many.status(name) for name in kept] == before


def deployment(name: str, replicas: int) -> dict[str, Any]:
    """Of the same pods, on the node with cgroup v2."""
    template = pod("v2", name=name)
    template["metadata"] = {"labels": {"app": name}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {key: template[key] for key in ("metadata", "spec")},
        },
    }


def test_a_pod_that_is_deleted_is_followed_by_its_deployments_new_one(many: Pods) -> None:
    many.apply(deployment("followed", 2))
    many.kubectl("rollout", "status", "deploy/followed", "--timeout=10m")
    names = many.kubectl("get", "pod", "-l", "app=followed", "-o", "name").split()
    lost, kept = (name.removeprefix("pod/") for name in names)
    words = ("mem", "deploy/followed", "--size=16Mi", "--duration=6m", "--follow", "--yes")

    with Plugin.on(many).running(*words, "--timeout=15m", "-o=json") as running:
        for name in (lost, kept):
            running.wait_for(f"{name}: holding 16.0 MiB", seconds=900)
        many.kubectl("delete", "pod", lost, "--wait=false")
        done = running.end()

    report = done.report
    assert done.exit_code == 4
    found = outcomes(report)
    (new,) = (one for one in report["targets"] if one["replaces"])
    assert new["replaces"]["pod"] == lost
    assert found == {lost: "inconclusive", kept: "survived", new["pod"]: "survived"}
    # It ends with the run, and not after a whole --duration of its own.
    assert new["report"]["plan"]["duration_ms"] < 360_000
    many.kubectl("delete", "deploy", "followed", "--wait=false")


def test_the_pods_of_a_killed_node_are_inconclusive_and_the_others_survive(
    many: Pods, nodes: Cluster
) -> None:
    there = [name for name in NAMES if name != NAMES[1]]

    with all_held(many, "90s", len(there)) as running:
        nodes.node("v1").kill()
        done = running.end()

    report = done.report
    assert done.exit_code == 4
    assert outcomes(report) == {
        name: "survived" if "v2" in name else "inconclusive" for name in there
    }
    assert done.stderr.count("is NotReady") == 1
    for name in there:
        if "v1" in name:
            assert 'node "many-v1" became NotReady' in sentence_of(report, name)
