"""The rest of the outcomes, each really produced; `make test` runs a seeded sample of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.cases import MIB, Case, signalled
from tests.e2e.ends import child_ends, ends, with_neighbour, with_stop_signal
from tests.e2e.judged import Judge, JudgedRun
from tests.e2e.plugin import Running
from tests.e2e.pods import Pods, pod, wait_until
from tests.selection.sample import HOW_TO_REPEAT, sampled

LIVE_ON = "trap 'exit 0' TERM INT; while true; do sleep 3600 & wait; done"


def set_high(pods: Pods) -> None:
    memory = pods.memory("app")
    memory.set_high(memory.usage_bytes() + 23 * MIB)


def delete(pods: Pods) -> None:
    pods.kubectl("delete", "pod", "app", "--wait=false")


def with_child(flavour: str, held_mib: int) -> dict[str, Any]:
    """An app whose child holds the memory, and may die without it."""
    work = f"(dd if=/dev/zero bs={held_mib}M 2>/dev/null | sleep 3600) & {LIVE_ON}"
    return pod(flavour, limit="96Mi", command=["sh", "-c", work])


def cases(flavour: str) -> list[Case]:
    short = ("--size=20Mi", "--duration=10s")
    limit = "--size=60Mi"
    is_v2 = flavour == "v2"
    found = [
        Case("survived", "survived", pod(flavour), ("--size=20Mi", "--duration=3s", "--workers=4")),
        Case("shm", "survived", pod(flavour), (*short[:1], "--kind=shm", "--duration=3s")),
        Case("exited", "app-exited", pod(flavour), short, signalled("TERM"), "exit code 0"),
        Case("killed", "inconclusive", pod(flavour), short, signalled("KILL"), "a SIGKILL or"),
        Case("deleted", "inconclusive", pod(flavour), short, delete, "the pod was deleted"),
        Case(
            "child",
            "group-oom-killed" if is_v2 else "app-oom-killed",
            with_child(flavour, 56),
            (limit,),
        ),
        Case(
            "workers",
            "group-oom-killed" if is_v2 else "load-oom-killed",
            pod(flavour),
            ("--size=120%", "--workers=3", "--ramp=3s"),
        ),
        Case(
            "neighbour",
            "app-oom-killed",
            with_neighbour(flavour),
            (limit, "--duration=5s"),
            words='container "neighbour"',
            or_outcome="group-oom-killed" if is_v2 else "",
        ),
    ]
    if is_v2:
        high = ("--size=24Mi", "--duration=5s")
        found.append(Case("throttled", "throttled", pod(flavour), high, prepare=set_high))
    else:
        found += child_ends(flavour)
    return [*found, *ends(flavour)]


ALL = [(flavour, case) for flavour in ("v2", "v1") for case in cases(flavour)]
CHOSEN = sampled(ALL, 4)


@pytest.mark.parametrize(
    ("flavour", "case"),
    CHOSEN,
    ids=[f"{case.name}-{flavour}" for flavour, case in CHOSEN],
    indirect=["flavour"],
    scope="session",
)
def test_each_outcome_is_told_by_its_cause(
    judged: Judge, pods: Pods, flavour: str, case: Case
) -> None:
    print(f"planned {len(ALL)}, ran {len(CHOSEN)}; {HOW_TO_REPEAT}")
    _start(pods, case)
    case.prepare(pods)

    def during(running: Running) -> None:
        if case.disturb is not None:
            running.wait_for("holding ")
            case.disturb(pods)
        if case.limit_mib is not None:
            print(f"the limit was told {_told_after_s(pods, running, case.limit_mib):.1f} s later")

    name = f"{case.name}-{flavour}"
    run: JudgedRun = judged(name, pods.name_of("app"), *case.options, during=during)

    assert run.outcome in (case.outcome, case.or_outcome or case.outcome), run.report["verdict"]
    assert case.words in " ".join([run.report["verdict"]["sentence"], *run.evidence])
    assert case.log in run.done.stderr


SINGLE = sampled(child_ends("v2"), 1)


@pytest.fixture
def single_kills(cluster: Cluster) -> Iterator[None]:
    """The kubelet leaves memory.oom.group of its containers at 0."""
    cluster.node("v2").configure_kubelet(singleProcessOOMKill=True)
    yield
    cluster.node("v2").configure_kubelet()


@pytest.mark.usefixtures("single_kills")
@pytest.mark.parametrize("case", SINGLE, ids=[case.name for case in SINGLE])
def test_a_child_dies_alone_on_cgroup_v2_where_the_kubelet_is_told_so(
    judged: Judge, pods: Pods, case: Case
) -> None:
    _start(pods, case)

    run = judged(f"{case.name}-v2", "app", *case.options)

    assert run.outcome == case.outcome
    assert case.words in run.report["verdict"]["sentence"]
    assert not run.facts.is_group


@pytest.fixture
def stop_signals(cluster: Cluster) -> Iterator[None]:
    """The kubelet has containers stopped by the signal that their spec names."""
    cluster.node("v2").configure_kubelet(featureGates={"ContainerStopSignals": True})
    yield
    cluster.node("v2").configure_kubelet()


@pytest.mark.usefixtures("stop_signals")
def test_the_containers_own_stop_signal_is_one_that_somebody_may_have_sent(
    judged: Judge, pods: Pods
) -> None:
    pods.create(with_stop_signal("v2"))
    assert pods.status("app")["stopSignal"] == "SIGABRT"

    def during(running: Running) -> None:
        running.wait_for("holding ")
        pods.memory("app").signal_app("ABRT")

    run = judged("stop-signal-v2", "app", "--size=20Mi", "--duration=60s", during=during)

    assert run.outcome == "inconclusive"
    assert "exit code 134 is a SIGABRT, and nothing says who" in run.report["verdict"]["sentence"]


def _told_after_s(pods: Pods, running: Running, limit_mib: int) -> float:
    """How long after the limit had changed in the cgroup it was told."""
    memory = pods.memory("app")
    file = "memory.max" if memory.is_v2 else "memory.limit_in_bytes"
    wait_until("the limit is changed", lambda: memory.number(file) == limit_mib * MIB)
    changed = time.monotonic()
    running.wait_for("memory limit resized")
    return time.monotonic() - changed


def _start(pods: Pods, case: Case) -> None:
    pods.apply(case.manifest)
    wait_until("its pod is there", lambda: pods.kubectl("get", "pods", "-l=app=app", "-o=name"))
    name = pods.name_of("app")
    if case.is_ready:
        pods.wait_until_ready(name)
    else:
        pods.await_start(name, "app")
