"""The rest of the outcomes, each really produced; `make test` runs a seeded sample of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.e2e.judged import Judge, JudgedRun
from tests.e2e.plugin import Running
from tests.e2e.pods import Pods, holding, pod
from tests.selection.sample import HOW_TO_REPEAT, sampled

MIB = 1 << 20
LIVE_ON = "trap 'exit 0' TERM INT; while true; do sleep 3600 & wait; done"


@dataclass(frozen=True)
class Case:
    """A run that ends in `outcome`; `disturb` does something to the pod while the load is held.

    `or_outcome` is what it ends in where the kernel did not wait for a first victim's memory. Which
    of the two it was is for the second opinion to say, from the node's own log.
    """

    name: str
    outcome: str
    manifest: dict[str, Any]
    options: tuple[str, ...]
    disturb: Callable[[Pods], None] | None = None
    words: str = ""
    or_outcome: str = ""
    prepare: Callable[[Pods], None] = field(default=lambda _pods: None)


def signalled(name: str) -> Callable[[Pods], None]:
    return lambda pods: pods.memory("app").signal_app(name)


def set_high(pods: Pods) -> None:
    memory = pods.memory("app")
    memory.set_high(memory.usage_bytes() + 23 * MIB)


def delete(pods: Pods) -> None:
    pods.kubectl("delete", "pod", "app", "--wait=false")


def with_child(flavour: str, held_mib: int) -> dict[str, Any]:
    """An app whose child holds the memory, and may die without it."""
    work = f"(dd if=/dev/zero bs={held_mib}M 2>/dev/null | sleep 3600) & {LIVE_ON}"
    return pod(flavour, limit="96Mi", command=["sh", "-c", work])


def with_neighbour(flavour: str) -> dict[str, Any]:
    """A target without a limit of its own beside a larger container, under one limit."""
    made = pod(flavour, limit=None, request=None)
    made["spec"]["resources"] = {"limits": {"memory": "96Mi"}, "requests": {"memory": "96Mi"}}
    target = made["spec"]["containers"][0]
    neighbour = holding(flavour, 56, limit="96Mi")["spec"]["containers"][0]
    made["spec"]["containers"] = [target, {**neighbour, "name": "neighbour", "resources": {}}]
    return made


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
    return found


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
    pods.create(case.manifest)
    case.prepare(pods)

    def during(running: Running) -> None:
        if case.disturb is not None:
            running.wait_for("holding ")
            case.disturb(pods)

    run: JudgedRun = judged(f"{case.name}-{flavour}", "app", *case.options, during=during)

    assert run.outcome in (case.outcome, case.or_outcome or case.outcome), run.report["verdict"]
    assert case.words in " ".join([run.report["verdict"]["sentence"], *run.evidence])
