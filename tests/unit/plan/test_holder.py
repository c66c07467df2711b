"""The manifest of the holder, and which ephemeral container is one."""

from typing import Any

import pytest

from kubectl_stress.plan.holder import ephemeral_container, live_holder
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod, target

HOLDER = HolderSpec("agent:1")


def test_the_holder_fits_pod_security_restricted() -> None:
    context = ephemeral_container(target(), HOLDER, "x")["securityContext"]

    assert context == {
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_the_holder_of_a_root_target_does_not_claim_to_be_non_root() -> None:
    root = {"linux": {"uid": 0, "gid": 0}}
    built = pod().container("app", limit="1Gi").with_container_status(user=root)

    context = ephemeral_container(Target.from_pod(built.dict), HOLDER, "x")["securityContext"]

    assert context["runAsNonRoot"] is False


def test_the_targets_own_profiles_are_copied() -> None:
    local = {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}}
    built = pod().container("app", limit="1Gi", securityContext=local)

    context = ephemeral_container(Target.from_pod(built.dict), HOLDER, "x")["securityContext"]

    assert context["seccompProfile"] == local["seccompProfile"]


def test_a_load_of_kind_file_needs_a_holder_that_can_be_written_to() -> None:
    built = pod().container("app", limit="128Mi")
    kept = {"runAsUser": 1000, "runAsGroup": 1000, "readOnlyRootFilesystem": True}
    built.with_holder("kubectl-stress-abc", securityContext=kept)
    writable = HolderSpec("agent:1", is_writable=True)

    assert live_holder(built.dict, target(), HOLDER) == "kubectl-stress-abc"
    assert live_holder(built.dict, target(), writable) is None
    context = ephemeral_container(target(), writable, "x")["securityContext"]
    assert context["readOnlyRootFilesystem"] is False


@pytest.mark.parametrize(
    ("values", "is_ours"),
    [
        ({}, True),
        ({"image": "agent:2"}, False),
        ({"targetContainerName": "other"}, False),
        ({"name": "debugger-x"}, False),
        ({"securityContext": {"runAsUser": 0, "runAsGroup": 0}}, False),
    ],
)
def test_only_a_fitting_holder_is_reused(values: dict[str, Any], is_ours: bool) -> None:
    name = values.pop("name", "kubectl-stress-abc")
    built = pod().container("app", limit="128Mi").with_holder(name, **values).dict

    assert live_holder(built, target(), HOLDER) == (name if is_ours else None)


def test_a_finished_holder_is_not_reused() -> None:
    built = pod().container("app").with_holder().dict
    built["status"]["ephemeralContainerStatuses"][0]["state"] = {"terminated": {"exitCode": 0}}

    assert live_holder(built, target(), HOLDER) is None
