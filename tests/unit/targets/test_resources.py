"""Limits as the kubelet applies them, to containers and to their pod."""

import json
from pathlib import Path
from typing import Any

import pytest

from kubectl_stress.targets.resources import limit_bytes, pod_cgroup_limit_bytes, pod_limit_bytes
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB, PodBuilder, pod

RUNS = Path(__file__).parents[2] / "testdata" / "runs"


def recorded(run: str, when: str) -> dict[str, Any]:
    """A pod as a real kubelet 1.37 showed it."""
    pods: dict[str, dict[str, Any]] = json.loads((RUNS / run / "pod.json").read_text())
    return pods[when]


@pytest.mark.parametrize(
    ("built", "limit_mib"),
    [
        (pod().container("app", limit="128Mi"), 128),
        (pod().container("app", limit="128Mi").container("b", limit="64Mi"), 192),
        (pod().container("app", limit="128Mi").container("b"), None),  # not all have one
        (pod().container("app"), None),
        (
            pod()
            .container("app", limit="128Mi")
            .container("b")
            .with_spec(resources={"limits": {"memory": "160Mi"}}),
            160,
        ),
        (pod().container("app", limit="128Mi").with_spec(overhead={"memory": "16Mi"}), 144),
        (
            pod()
            .container("app")
            .with_spec(resources={"limits": {"memory": "160Mi"}}, overhead={"memory": "16Mi"}),
            176,
        ),
        (pod().container("app", limit="128Mi").container("b", limit="0"), None),
    ],
    ids=["one", "sum", "one without", "none", "declared", "overhead", "both", "zero"],
)
def test_the_limit_of_the_pods_cgroup_is_the_kubelets(
    built: PodBuilder, limit_mib: int | None
) -> None:
    found = Target.from_pod(built.dict, "app").pod_cgroup_limit_bytes

    assert found == (None if limit_mib is None else limit_mib * MIB)


def test_an_init_container_that_is_over_is_no_sibling_and_a_sidecar_is() -> None:
    built = pod().container("app", limit="128Mi").container("log", limit="16Mi").dict
    built["spec"]["initContainers"] = [
        {"name": "migrate", "resources": {"limits": {"memory": "1Gi"}}},
        {
            "name": "proxy",
            "restartPolicy": "Always",
            "resources": {"limits": {"memory": "32Mi"}},
        },
    ]

    found = Target.from_pod(built, "app")

    assert [sibling.name for sibling in found.siblings] == ["log", "proxy"]
    assert found.pod_cgroup_limit_bytes == 1024 * MIB


@pytest.mark.parametrize(
    ("inits", "limit_mib"),
    [
        ([("init", 500)], 500),
        ([("sidecar", 100), ("init", 500)], 600),
        ([("init", 500), ("sidecar", 100)], 500),
        ([("sidecar", 100), ("sidecar", 50), ("init", 10)], 250),
        ([("init", 450), ("sidecar", 100), ("init", 300), ("sidecar", 50)], 450),
    ],
    ids=["alone", "after a sidecar", "before one", "all together", "several"],
)
def test_an_init_container_runs_beside_the_sidecars_before_it(
    inits: list[tuple[str, int]], limit_mib: int
) -> None:
    always = {"sidecar": {"restartPolicy": "Always"}, "init": {}}
    specs = [
        {"name": f"i{at}", "resources": {"limits": {"memory": f"{size}Mi"}}, **always[kind]}
        for at, (kind, size) in enumerate(inits)
    ]
    built = pod().container("app", limit="100Mi").with_spec(initContainers=specs)

    assert pod_cgroup_limit_bytes(built.dict) == limit_mib * MIB


def test_a_limit_of_zero_is_no_limit() -> None:
    assert limit_bytes(pod().container("app", limit="0").dict, "app") is None


def read_back(limit: str, applied: str) -> PodBuilder:
    built = pod().container("app", limit=limit)
    return built.with_status(resources={"limits": {"memory": applied}})


def test_a_pod_cgroup_that_a_resize_has_not_reached_is_the_limit() -> None:
    target = Target.from_pod(read_back("256Mi", "64Mi").dict, "app")

    assert target.effective_limit_bytes == 64 * MIB
    assert target.pod_cgroup_limit_bytes == 64 * MIB
    assert target.is_limited_by_pod


def test_a_pod_cgroup_with_the_limit_that_its_containers_need_is_no_limit_of_its_own() -> None:
    target = Target.from_pod(read_back("256Mi", "256Mi").dict, "app")

    assert (target.pod_limit_bytes, target.pod_cgroup_limit_bytes) == (None, 256 * MIB)
    assert not target.is_limited_by_pod


@pytest.mark.parametrize("run", ["resize-up-v1", "resize-up-v2"])
def test_a_real_pod_whose_cgroup_the_kubelet_has_not_resized_yet_has_the_old_limit(
    run: str,
) -> None:
    after = recorded(run, "after")
    stale = recorded(run, "before")["status"]["resources"]
    late = {**after, "status": {**after["status"], "resources": stale}}

    assert Target.from_pod(after, "app").effective_limit_bytes == 128 * MIB
    target = Target.from_pod(late, "app")
    assert (target.limit_bytes, target.effective_limit_bytes) == (128 * MIB, 96 * MIB)
    assert target.is_limited_by_pod


def test_what_a_real_kubelet_reads_back_from_cgroup_v1_without_a_limit_is_none() -> None:
    found = recorded("e10-evicted-v1", "after")

    assert found["status"]["resources"]["limits"]["memory"] == "9007199254740988Ki"
    assert pod_limit_bytes(found) is None
    assert pod_cgroup_limit_bytes(found) is None
