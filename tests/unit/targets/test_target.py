"""Targets out of pods."""

import pytest

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.target import DEFAULT_CONTAINER_ANNOTATION, Target
from tests.builders.pods import MIB, pod


def test_limits_and_requests_are_bytes() -> None:
    found = Target.from_pod(pod().container("app", limit="128Mi", request="64Mi").dict)

    assert (found.limit_bytes, found.request_bytes) == (128 * MIB, 64 * MIB)


def test_what_the_kubelet_applied_stands_above_the_spec() -> None:
    resized = {"limits": {"memory": "256Mi"}}
    found = pod().container("app", limit="128Mi").with_container_status(resources=resized)

    assert Target.from_pod(found.dict).limit_bytes == 256 * MIB


def test_no_limit_is_none() -> None:
    assert Target.from_pod(pod().container("app").dict).effective_limit_bytes is None


def test_a_lower_pod_limit_is_the_effective_one() -> None:
    found = (
        pod().container("app", limit="128Mi").with_spec(resources={"limits": {"memory": "100Mi"}})
    )

    assert Target.from_pod(found.dict).effective_limit_bytes == 100 * MIB


def test_the_default_container_annotation_is_followed() -> None:
    notes = {DEFAULT_CONTAINER_ANNOTATION: "b"}
    found = pod().container("a").container("b").with_metadata(annotations=notes)

    assert Target.from_pod(found.dict).container == "b"


def test_the_first_of_several_containers_is_said_aloud() -> None:
    found = Target.from_pod(pod().container("a").container("b").dict)

    assert found.container == "a"
    assert found.container_choice == "the first of a, b; choose with -c"


def test_an_unknown_container_is_told_with_those_there_are() -> None:
    with pytest.raises(TargetError, match='no container "x" in pod "web": it has a, b'):
        Target.from_pod(pod().container("a").container("b").dict, "x")


def test_a_sidecar_can_be_the_target() -> None:
    built = pod().container("app").dict
    built["spec"]["initContainers"] = [{"name": "side", "restartPolicy": "Always"}]
    status = {"name": "side", "containerID": "containerd://s", "state": {"running": {}}}
    built["status"]["initContainerStatuses"] = [status]

    assert Target.from_pod(built, "side").container_id == "containerd://s"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"waiting": {"reason": "CrashLoopBackOff"}}, "waiting: CrashLoopBackOff"),
        ({"terminated": {"reason": "Completed"}}, "terminated: Completed"),
        ({}, "not created yet"),
    ],
)
def test_a_container_that_does_not_run_is_refused(state: dict[str, object], words: str) -> None:
    with pytest.raises(TargetError, match=words):
        Target.from_pod(pod().container("app").with_container_status(state=state).dict)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"deletionTimestamp": "2026-01-01T00:00:00Z"}, "being deleted"),
        ({"annotations": {"kubernetes.io/config.mirror": "x"}}, "static pod"),
    ],
)
def test_pods_that_take_no_holder_are_refused(metadata: dict[str, object], words: str) -> None:
    with pytest.raises(TargetError, match=words):
        Target.from_pod(pod().container("app").with_metadata(**metadata).dict)


def test_the_user_falls_back_to_the_spec() -> None:
    context = {"runAsUser": 7, "runAsGroup": 8}
    found = pod().container("app", securityContext=context).with_container_status(user={})

    assert Target.from_pod(found.dict).user == (7, 8)


def test_a_container_users_context_stands_above_the_pods() -> None:
    found = (
        pod()
        .container("app", securityContext={"runAsUser": 7})
        .with_spec(securityContext={"runAsUser": 1, "runAsGroup": 2})
        .with_container_status(user={})
    )

    assert Target.from_pod(found.dict).user == (7, 2)


def test_an_unknown_user_is_none() -> None:
    found = pod().container("app").with_container_status(user={})

    assert Target.from_pod(found.dict).user is None


def test_a_shared_process_namespace_is_noticed() -> None:
    found = pod().container("app").with_spec(shareProcessNamespace=True)

    assert not Target.from_pod(found.dict).has_own_pid_namespace


def test_kube_system_is_critical() -> None:
    assert Target.from_pod(pod(namespace="kube-system").container("app").dict).is_critical
