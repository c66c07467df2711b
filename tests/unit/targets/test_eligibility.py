"""Which pods can be a target, which cannot, and which are worth waiting for."""

from typing import Any

import pytest

from kubectl_stress.errors import NotRunning, TargetError
from kubectl_stress.targets.target import Target
from tests.builders.pods import PodBuilder, pod


def app(state: dict[str, Any], **pod_spec: Any) -> PodBuilder:
    return pod().container("app").with_container_status(state=state).with_spec(**pod_spec)


def ended(exit_code: int) -> dict[str, Any]:
    return {"terminated": {"reason": "Completed", "exitCode": exit_code}}


def of_system(*names: str) -> dict[str, Any]:
    expression = {"key": "kubernetes.io/os", "operator": "In", "values": list(names)}
    return {"matchExpressions": [expression]}


def on_nodes(terms: list[dict[str, Any]]) -> PodBuilder:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    return pod().container("app").with_spec(affinity={"nodeAffinity": required})


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (pod().container("app").with_metadata(deletionTimestamp="now"), "is being deleted"),
        (
            pod().container("app").with_metadata(annotations={"kubernetes.io/config.mirror": "x"}),
            "static pods cannot have ephemeral containers",
        ),
        (pod().container("app").with_spec(os={"name": "windows"}), "runs on windows"),
        (
            pod().container("app").with_spec(nodeSelector={"kubernetes.io/os": "windows"}),
            "runs on windows",
        ),
        (on_nodes([of_system("windows")]), "runs on windows"),
        (on_nodes([of_system("windows"), of_system("windows")]), "runs on windows"),
        (pod().container("app").with_spec(runtimeClassName="gvisor"), "gvisor"),
        (pod().container("app").with_spec(runtimeClassName="kata-qemu"), "kernel of their own"),
    ],
    ids=[
        "terminating",
        "static",
        "Windows",
        "Windows by selector",
        "Windows by affinity",
        "by either",
        "gVisor",
        "Kata",
    ],
)
def test_a_pod_that_takes_no_load_is_refused_for_good(built: PodBuilder, words: str) -> None:
    with pytest.raises(TargetError, match=words) as raised:
        Target.from_pod(built.dict)

    assert not isinstance(raised.value, NotRunning)


@pytest.mark.parametrize(
    "terms",
    [
        [],
        [of_system("linux")],
        [of_system("linux", "windows")],
        [of_system("windows"), of_system("linux")],
        [of_system("windows"), {"matchFields": []}],
    ],
    ids=["none", "linux", "both", "one of two", "another way"],
)
def test_an_affinity_that_windows_need_not_meet_is_a_target(terms: list[dict[str, Any]]) -> None:
    assert Target.from_pod(on_nodes(terms).dict).start_doubts == ()


@pytest.mark.parametrize(
    ("built", "words"),
    [
        (pod().container("app").with_spec(runtimeClassName="wasmtime-spin"), "WebAssembly"),
        (
            pod()
            .container("app")
            .with_metadata(labels={"eks.amazonaws.com/fargate-profile": "default"}),
            "AWS Fargate",
        ),
        (
            pod()
            .container("app")
            .with_spec(tolerations=[{"key": "virtual-kubelet.io/provider", "operator": "Exists"}]),
            "virtual kubelet",
        ),
    ],
    ids=["WebAssembly", "Fargate", "virtual kubelet"],
)
def test_where_the_agent_may_never_start_that_is_said_first(built: PodBuilder, words: str) -> None:
    (doubt,) = Target.from_pod(built.dict).start_doubts

    assert words in doubt
    assert doubt.endswith("accepts the ephemeral container, and it may never start")


@pytest.mark.parametrize("runtime", ["crun", "runc", "nvidia"])
def test_another_runtime_on_the_nodes_kernel_is_a_target(runtime: str) -> None:
    built = pod().container("app").with_spec(runtimeClassName=runtime)

    assert Target.from_pod(built.dict).container == "app"


@pytest.mark.parametrize(
    "built",
    [
        app({}).with_status(phase="Pending"),
        app({"waiting": {"reason": "ContainerCreating"}}),
        app(ended(1)),
        app(ended(1), restartPolicy="OnFailure"),
        app({"terminated": None}),
    ],
    ids=["not created", "being created", "about to restart", "failed job", "no detail"],
)
def test_a_container_that_may_run_later_is_worth_waiting_for(built: PodBuilder) -> None:
    with pytest.raises(NotRunning, match="--wait"):
        Target.from_pod(built.dict)


@pytest.mark.parametrize(
    "built",
    [
        app(ended(0), restartPolicy="Never"),
        app(ended(1), restartPolicy="Never"),
        app(ended(0), restartPolicy="OnFailure"),
        app(ended(0)).with_status(phase="Succeeded"),
    ],
    ids=["never, done", "never, failed", "job done", "pod done"],
)
def test_a_container_that_has_ended_for_good_is_not(built: PodBuilder) -> None:
    with pytest.raises(TargetError, match="will not start again") as raised:
        Target.from_pod(built.dict)

    assert not isinstance(raised.value, NotRunning)


def test_a_crash_loop_is_told_with_how_it_ended_last() -> None:
    built = app({"waiting": {"reason": "CrashLoopBackOff"}}).with_container_status(
        lastState={"terminated": {"reason": "Error", "exitCode": 3}}
    )

    with pytest.raises(
        NotRunning,
        match=r"crash-looping \(Error, exit code 3\): fix it first, or use --wait 5m",
    ):
        Target.from_pod(built.dict)


@pytest.mark.parametrize(("policy", "is_target"), [("Always", True), (None, False)])
def test_a_sidecar_may_run_again_and_a_finished_init_container_may_not(
    policy: str | None, is_target: bool
) -> None:
    spec = {"name": "init", "restartPolicy": policy} if policy else {"name": "init"}
    status = {"name": "init", "state": ended(0)}
    built = pod().container("app").with_spec(initContainers=[spec])
    built.with_status(initContainerStatuses=[status])

    with pytest.raises(NotRunning if is_target else TargetError) as raised:
        Target.from_pod(built.dict, "init")

    assert isinstance(raised.value, NotRunning) is is_target
