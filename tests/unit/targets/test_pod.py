"""What a pod's manifest says of one container, by Kubernetes' own rules of merging."""

from typing import Any

import pytest

from kubectl_stress.targets.pod import (
    copied_security,
    liveness_failures,
    memory_volumes,
    stop_signal,
    user,
    user_guess,
)
from tests.builders.pods import pod

SECCOMP = {"seccompProfile": {"type": "RuntimeDefault"}}
LOCAL = {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}}
SELINUX = {"seLinuxOptions": {"level": "s0:c1,c2"}}


@pytest.mark.parametrize(
    ("of_pod", "of_container", "copied"),
    [
        ({}, {}, {}),
        (SECCOMP, {}, SECCOMP),
        (LOCAL, SECCOMP, SECCOMP),
        (SELINUX, LOCAL, SELINUX | LOCAL),
        ({"fsGroup": 5}, {"privileged": False}, {}),
    ],
    ids=["none", "the pod's", "the container's over the pod's", "each of its own", "others not"],
)
def test_profiles_are_the_containers_over_the_pods(
    of_pod: dict[str, Any], of_container: dict[str, Any], copied: dict[str, Any]
) -> None:
    built = pod().container("app", securityContext=of_container).with_spec(securityContext=of_pod)

    assert copied_security(built.dict, "app") == copied


@pytest.mark.parametrize(
    ("of_pod", "of_container", "known", "guess"),
    [
        ({}, {}, None, (0, 0)),
        ({"runAsNonRoot": True}, {}, None, (65532, 65532)),
        ({"runAsNonRoot": True}, {"runAsUser": 1000}, None, (1000, 0)),
        ({"runAsGroup": 7}, {}, None, (0, 7)),
        ({"runAsUser": 5, "runAsGroup": 6}, {"runAsUser": 9}, (9, 6), (9, 6)),
    ],
    ids=["nothing", "not root", "uid only", "gid only", "both, merged"],
)
def test_the_user_is_what_the_spec_says_and_else_a_guess(
    of_pod: dict[str, Any],
    of_container: dict[str, Any],
    known: tuple[int, int] | None,
    guess: tuple[int, int],
) -> None:
    built = pod().container("app", securityContext=of_container).with_spec(securityContext=of_pod)
    built.with_container_status(user=None)

    assert user(built.dict, "app") == known
    assert user_guess(built.dict, "app") == guess


def test_what_the_runtime_says_of_the_user_stands_above_the_spec() -> None:
    built = pod().container("app", securityContext={"runAsUser": 5, "runAsGroup": 6})

    assert user(built.dict, "app") == (1000, 1000)


def test_the_stop_signal_is_the_runtimes_else_the_specs() -> None:
    asked = pod().container("app", lifecycle={"stopSignal": "SIGUSR1"})

    assert stop_signal(pod().container("app").dict, "app") == ""
    assert stop_signal(asked.dict, "app") == "SIGUSR1"
    assert stop_signal(asked.with_container_status(stopSignal="SIGQUIT").dict, "app") == "SIGQUIT"


def test_a_liveness_probe_ends_the_container_after_three_failures_unless_told_otherwise() -> None:
    probed = pod().container("app", livenessProbe={}).dict
    patient = pod().container("app", livenessProbe={"failureThreshold": 9}).dict

    assert liveness_failures(pod().container("app").dict, "app") is None
    assert [liveness_failures(one, "app") for one in (probed, patient)] == [3, 9]


def test_volumes_of_memory_are_those_that_the_container_has() -> None:
    mounts = [{"name": "cache", "mountPath": "/cache"}, {"name": "disk", "mountPath": "/disk"}]
    made = (
        pod()
        .container("app", volumeMounts=mounts)
        .with_spec(
            volumes=[
                {"name": "cache", "emptyDir": {"medium": "Memory"}},
                {"name": "disk", "emptyDir": {}},
                {"name": "other", "emptyDir": {"medium": "Memory"}},
            ]
        )
    )

    assert memory_volumes(made.dict, "app") == ("cache",)
