"""What of the target's own image receives the agent, by what the pod says of it."""

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.plan.holder import ephemeral_container, live_holder
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.interpreter import SPARE_FOLDER, interpreters
from kubectl_stress.plan.target_image_refusal import known_refusal
from kubectl_stress.targets.target import Target
from tests.builders.pods import PodBuilder, pod, target

HOLDER = HolderSpec(TARGET_IMAGE)


def manifest(built: PodBuilder, holder: HolderSpec = HOLDER) -> dict[str, object]:
    return ephemeral_container(Target.from_pod(built.dict), holder, "x")


@pytest.mark.parametrize(
    ("command", "image", "then"),
    [
        ([], "registry.example/team/app:1", None),
        (["/app"], "registry.example/team/app:1", None),
        (["/usr/bin/python3.11", "app.py"], "app:1", ("/usr/bin/python3.11", "-c")),
        (["/nodejs/bin/node"], "app:1", ("/nodejs/bin/node", "-e")),
        (["perl"], "app:1", ("perl", "-e")),
        (["/bin/busybox", "httpd"], "app:1", ("/bin/busybox", "sh", "-c")),
        ([], "gcr.io/distroless/python3-debian12:nonroot", ("python3", "-c")),
        ([], "gcr.io/distroless/nodejs22-debian12", ("/nodejs/bin/node", "-e")),
        ([], "localhost:5000/node@sha256:abc", ("node", "-e")),
        ([], "cgr.dev/chainguard/python:latest", ("python3", "-c")),
        ([], "quay.io/prometheus/node-exporter:v1", None),
        ([], "pythonista:1", None),
    ],
)
def test_a_shell_is_tried_first_and_then_what_the_pod_names(
    command: list[str], image: str, then: tuple[str, ...] | None
) -> None:
    found = interpreters(Target.from_pod(pod().container("a", command=command, image=image).dict))

    assert found[0].words == ("sh", "-c")
    assert [each.words for each in found[1:]] == ([then] if then else [])


def test_a_busybox_without_links_runs_its_tools_by_itself() -> None:
    built = pod().container("app", command=["/bb"]).dict
    built["spec"]["containers"][0]["command"] = ["/opt/busybox", "sleep"]
    (_, found) = interpreters(Target.from_pod(built))

    command = found.wait_command(["hold"])

    assert command[:3] == ["/opt/busybox", "sh", "-c"]
    assert 'mkdir() { /opt/busybox mkdir "$@"; }\n' in command[3]
    assert command[4:] == ["kubectl-stress", "/tmp /var/tmp /run", "hold"]


def test_the_ephemeral_container_is_of_the_targets_image_and_pulls_nothing() -> None:
    made = manifest(pod().container("app", image="registry.example/app:1"))

    assert (made["image"], made["imagePullPolicy"]) == ("registry.example/app:1", "IfNotPresent")
    assert "volumeMounts" not in made


def test_a_pull_policy_that_is_given_holds() -> None:
    made = manifest(pod().container("app"), HolderSpec(TARGET_IMAGE, pull_policy="Never"))

    assert made["imagePullPolicy"] == "Never"


def test_it_fits_pod_security_restricted_but_can_be_written_to() -> None:
    context = ephemeral_container(target(), HOLDER, "x")["securityContext"]

    assert context == {
        "runAsUser": 1000,
        "runAsGroup": 1000,
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def test_an_empty_dir_that_nobody_mounts_is_there_for_the_agent() -> None:
    volumes = [
        {"name": "secret", "secret": {}},
        {"name": "pages", "emptyDir": {"medium": "HugePages-2Mi"}},
        {"name": "used", "emptyDir": {}},
        {"name": "of-init", "emptyDir": {}},
        {"name": "spare", "emptyDir": {}},
    ]
    mounts = [{"name": "used", "mountPath": "/data"}]
    init = {"name": "i", "image": "i", "volumeMounts": [{"name": "of-init", "mountPath": "/i"}]}
    built = pod().container("app", volumeMounts=mounts)
    built.with_spec(volumes=volumes, initContainers=[init])

    assert manifest(built)["volumeMounts"] == [{"name": "spare", "mountPath": SPARE_FOLDER}]
    assert "volumeMounts" not in manifest(built, HolderSpec("agent:1"))


def ended(built: PodBuilder, command: str, reason: str, message: str) -> None:
    """Adds what is left of a try by this interpreter."""
    made = manifest(built)
    assert isinstance(made["command"], list)
    entry = {key: made[key] for key in ("image", "securityContext")}
    built.with_holder(f"kubectl-stress-{command}", command=[command, *made["command"][1:]], **entry)
    state = {"terminated": {"reason": reason, "exitCode": 128, "message": message}}
    built.dict["status"]["ephemeralContainerStatuses"][-1]["state"] = state


def test_what_has_failed_in_this_pod_is_known_before_the_next_try() -> None:
    no_sh = 'exec: "sh": executable file not found in $PATH'
    built = pod().container("app", image="r/python:1")
    assert known_refusal(built.dict, Target.from_pod(built.dict), HOLDER) is None

    ended(built, "sh", "StartError", no_sh)
    found = Target.from_pod(built.dict)
    assert known_refusal(built.dict, found, HOLDER) is None  # Python is still to be tried

    ended(built, "python3", "StartError", no_sh.replace("sh", "python3"))
    assert "has no python3" in str(known_refusal(built.dict, found, HOLDER))


def test_a_failure_of_the_runtime_says_nothing_of_the_image() -> None:
    built = pod().container("app")
    ended(built, "sh", "StartError", "cannot allocate memory")

    assert known_refusal(built.dict, Target.from_pod(built.dict), HOLDER) is None


def test_a_running_one_is_reused_and_not_taken_for_one_of_the_agents_image() -> None:
    built = pod().container("app", image="app:1")
    made = manifest(built)
    values = {key: made[key] for key in ("image", "command", "securityContext")}
    built.with_holder("kubectl-stress-own", **values)
    built.with_holder("kubectl-stress-agent")

    found = Target.from_pod(built.dict)

    assert live_holder(built.dict, found, HOLDER) == "kubectl-stress-own"
    assert live_holder(built.dict, found, HolderSpec("agent:1")) == "kubectl-stress-agent"
