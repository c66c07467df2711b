"""How the agent comes into the pod, and in whose words it is said that it did not."""

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.errors import (
    Conflict,
    Forbidden,
    InjectionError,
    NotFound,
    TargetError,
    Unreachable,
)
from kubectl_stress.injection.ephemeral_container import bring_holder, refuse_changed_target
from kubectl_stress.kube.watch import Object
from kubectl_stress.plan.holder_spec import HolderSpec
from tests.builders.pods import PodBuilder, pod, target
from tests.fakes.cluster import FakeCluster, forbidden
from tests.fakes.time import FakeTime

TARGET = target()
HOLDER = HolderSpec("agent:1")


def web() -> PodBuilder:
    return pod().container("app", limit="128Mi", request="64Mi")


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def bring(cluster: FakeCluster, time: FakeTime, *, progress: list[str] | None = None) -> str:
    heard: list[str] = [] if progress is None else progress
    cluster.idle = time.sleep
    return bring_holder(cluster, TARGET, HOLDER, clock=time.clock, tell=heard.append).name


def test_a_holder_is_added_and_awaited() -> None:
    cluster, time, progress = FakeCluster(web().dict), FakeTime(), list[str]()
    cluster.holder_states = [{}, waiting("ContainerCreating"), {"running": {}}]

    name = bring(cluster, time, progress=progress)

    assert cluster.added[0]["name"] == name
    assert progress == [f"added ephemeral container {name} (image agent:1)"]
    assert cluster.asked == ["get pods web", "add ephemeral container"]  # and what is watched
    assert time.ms == 750  # three states that were not running yet, that of the patch the first


def test_a_live_holder_is_reused_and_nothing_is_added() -> None:
    cluster, progress = FakeCluster(web().with_holder("kubectl-stress-old").dict), list[str]()

    name = bring(cluster, FakeTime(), progress=progress)

    assert (name, cluster.added) == ("kubectl-stress-old", [])
    assert progress == ["reusing ephemeral container kubectl-stress-old"]


def test_somebody_elses_change_in_between_is_tried_again_under_another_name() -> None:
    cluster = FakeCluster(web().dict)
    cluster.errors["add ephemeral"] = [Conflict("changed"), Conflict("changed")]

    name = bring(cluster, FakeTime())

    assert cluster.asked.count("add ephemeral container") == 3
    assert [entry["name"] for entry in cluster.added] == [name]


def test_a_conflict_that_does_not_end_is_told() -> None:
    cluster = FakeCluster(web().dict)
    cluster.errors["add ephemeral"] = [Conflict("the object has been modified")] * 3

    with pytest.raises(Conflict, match="has been modified"):
        bring(cluster, FakeTime())


@pytest.mark.parametrize(
    "reason",
    ["ErrImageNeverPull", "InvalidImageName", "ImagePullBackOff", "CreateContainerConfigError"],
)
def test_a_holder_without_hope_is_not_waited_for(reason: str) -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.holder_states = [waiting(reason, "the kubelet's\n words")]

    with pytest.raises(InjectionError, match=f"{reason}: the kubelet's words"):
        bring(cluster, time)

    assert time.ms == 250  # until the kubelet said so


def test_an_image_that_cannot_be_pulled_names_the_flags_that_help() -> None:
    cluster = FakeCluster(web().dict)
    cluster.holder_states = [waiting("ImagePullBackOff", "Back-off pulling image")]

    with pytest.raises(InjectionError, match=r"or set --image-pull-policy") as raised:
        bring(cluster, FakeTime())

    assert "use --image target, which pulls nothing" in str(raised.value)


def test_an_own_image_that_does_not_start_is_not_offered_once_more() -> None:
    cluster, own = FakeCluster(web().dict), HolderSpec(TARGET_IMAGE)
    cluster.holder_states = [waiting("ErrImageNeverPull", "not present")]

    with pytest.raises(InjectionError, match="ErrImageNeverPull") as raised:
        bring_holder(cluster, TARGET, own, clock=FakeTime().clock, tell=lambda _text: None)

    assert "--image" not in str(raised.value)


@pytest.mark.parametrize(
    ("reason", "message", "remedy"),
    [
        (
            "ImagePullBackOff",
            'Back-off pulling image "r/a": failed to authorize: 401 Unauthorized',
            "a private image needs a pull secret of the pod (imagePullSecrets)",
        ),
        (
            "ImagePullBackOff",
            "no match for platform in manifest: not found",
            "not built for this node's architecture",
        ),
    ],
    ids=["private", "another architecture"],
)
def test_what_the_runtime_says_of_an_image_names_its_remedy(
    reason: str, message: str, remedy: str
) -> None:
    cluster = FakeCluster(web().dict)
    cluster.holder_states = [waiting(reason, message)]

    with pytest.raises(InjectionError) as raised:
        bring(cluster, FakeTime())

    assert message in str(raised.value)
    assert remedy in str(raised.value)


def test_a_holder_that_ended_at_once_is_told_with_its_reason() -> None:
    cluster = FakeCluster(web().dict)
    ended = {"reason": "StartError", "message": "exec: permission denied", "exitCode": 128}
    cluster.holder_states = [{"terminated": ended}]

    with pytest.raises(InjectionError, match=r"\(StartError: exec: permission denied\)") as raised:
        bring(cluster, FakeTime())

    assert "Its entry stays in the pod" in str(raised.value)
    assert "--image" not in str(raised.value)


def test_an_environment_that_is_too_large_ends_the_start_with_that_reason() -> None:
    cluster = FakeCluster(web().dict)
    message = 'failed to create task: exec: "/agent": argument list too long'
    ended = {"reason": "StartError", "message": message, "exitCode": 128}
    cluster.holder_states = [{"terminated": ended}]

    with pytest.raises(InjectionError, match="larger than the kernel takes") as raised:
        bring(cluster, FakeTime())

    assert "enableServiceLinks: false" in str(raised.value)


def test_the_time_to_start_counts_from_when_the_kubelet_takes_it_up() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    busy, begun = [Object()] * 180, [waiting("ContainerCreating")] * 180
    cluster.holder_states = [*busy, *begun, {"running": {}}]

    assert bring(cluster, time) == cluster.added[0]["name"]
    assert HOLDER.start_timeout_ms < time.ms < 2 * HOLDER.start_timeout_ms


def test_a_kubelet_that_never_takes_it_up_is_not_waited_for_any_longer() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.holder_states = [{}]

    with pytest.raises(
        InjectionError, match=r"within 1m .the kubelet has not begun yet.: .* --timeout"
    ):
        bring(cluster, time)

    assert time.ms <= HOLDER.start_timeout_ms + 250


def test_a_slow_start_is_given_up_when_its_time_is_over() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.holder_states = [waiting("ContainerCreating")]

    with pytest.raises(InjectionError, match=r"within 1m .ContainerCreating.: .* --timeout"):
        bring(cluster, time)

    assert 0 <= time.ms - HOLDER.start_timeout_ms <= 1_000


@pytest.mark.parametrize(
    "now",
    [
        web().with_metadata(uid="another"),
        web().with_container_status(containerID="containerd://app-2"),
        web().with_container_status(state={"terminated": {"exitCode": 137}}),
    ],
    ids=["another pod of the same name", "restarted", "ended"],
)
def test_a_target_that_is_not_the_planned_one_is_left_alone(now: PodBuilder) -> None:
    with pytest.raises(TargetError, match="run the command again"):
        refuse_changed_target(now.dict, TARGET)


def test_nothing_is_added_to_a_target_that_restarted() -> None:
    restarted = web().with_container_status(containerID="containerd://app-2")
    cluster = FakeCluster(restarted.dict)

    with pytest.raises(TargetError):
        bring(cluster, FakeTime())

    assert cluster.asked == ["get pods web"]


def of_holder(name: str, message: str, at: str) -> Object:
    path = {"fieldPath": f"spec.ephemeralContainers{{{name}}}"}
    return {"involvedObject": path, "message": message, "lastTimestamp": at}


def test_a_slow_start_is_told_each_five_seconds_in_the_kubelets_words() -> None:
    cluster, time, progress = FakeCluster(web().dict), FakeTime(), list[str]()
    cluster.holder_states = [*[waiting("ContainerCreating")] * 45, {"running": {}}]
    cluster.events = lambda: [
        of_holder(cluster.added[0]["name"], "Created container", "2026-01-01T00:00:09Z"),
        of_holder(cluster.added[0]["name"], 'Pulling image "agent:1"', "2026-01-01T00:00:01Z"),
        of_holder("another", "Started container", "2026-01-01T00:00:30Z"),
    ]

    name = bring(cluster, time, progress=progress)

    assert progress[1:] == [f"waiting for {name} to start: Created container"] * 2
    assert 10_000 < time.ms < 15_000


@pytest.mark.parametrize("error", [None, forbidden("list events")], ids=["no event", "forbidden"])
def test_without_events_the_state_is_told(error: Forbidden | None) -> None:
    cluster, progress = FakeCluster(web().dict), list[str]()
    cluster.holder_states = [*[waiting("ContainerCreating")] * 25, {"running": {}}]
    cluster.errors["list events"] = [error] if error else []

    name = bring(cluster, FakeTime(), progress=progress)

    assert progress[1:] == [f"waiting for {name} to start: ContainerCreating"]


def test_a_watch_that_breaks_off_costs_a_moment_and_not_the_start() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.holder_states = [waiting("ContainerCreating"), {"running": {}}]
    broken = [Unreachable("connection reset")]

    def idle(seconds: float) -> None:
        if broken:
            raise broken.pop()
        time.sleep(seconds)

    cluster.idle = idle
    bring_holder(cluster, TARGET, HOLDER, clock=time.clock, tell=lambda _text: None)

    assert broken == []
    assert time.ms == 500


def test_a_kubelet_that_is_late_is_said_to_be() -> None:
    cluster, progress = FakeCluster(web().dict), list[str]()
    cluster.holder_states = [*[Object()] * 25, {"running": {}}]

    name = bring(cluster, FakeTime(), progress=progress)

    assert progress[1:] == [f"waiting for {name} to start: the kubelet has not begun yet"]


@pytest.mark.parametrize("state", [{}, waiting("ContainerCreating")], ids=["new", "creating"])
def test_a_holder_that_another_run_has_just_added_is_shared(state: Object) -> None:
    built = web().with_holder("kubectl-stress-new")
    (status,) = built.dict["status"]["ephemeralContainerStatuses"]
    status["state"] = state
    cluster, time, progress = FakeCluster(built.dict), FakeTime(), list[str]()

    def start(seconds: float) -> None:
        time.sleep(seconds)
        cluster.pods["web"] = web().with_holder("kubectl-stress-new").dict

    cluster.idle = start
    name = bring_holder(cluster, TARGET, HOLDER, clock=time.clock, tell=progress.append).name

    assert (name, cluster.added) == ("kubectl-stress-new", [])
    assert progress == [
        "sharing ephemeral container kubectl-stress-new, which another run has just added"
    ]


@pytest.mark.parametrize("reason", ["ImagePullBackOff", "ErrImagePull", "CrashLoopBackOff"])
def test_a_holder_that_may_never_start_is_not_waited_for(reason: str) -> None:
    built = web().with_holder("kubectl-stress-stuck")
    (status,) = built.dict["status"]["ephemeralContainerStatuses"]
    status["state"] = waiting(reason)
    cluster = FakeCluster(built.dict)

    assert bring(cluster, FakeTime()) == cluster.added[0]["name"]


def test_a_pod_that_is_deleted_while_the_holder_starts_is_told_as_that() -> None:
    cluster, time = FakeCluster(web().dict), FakeTime()
    cluster.holder_states = [{}, waiting("ContainerCreating")]

    def lose(seconds: float) -> None:
        time.sleep(seconds)
        cluster.errors["get pods"] = [NotFound('pod "web" not found')]

    cluster.idle = lose
    with pytest.raises(InjectionError, match='pod "web" was deleted while ephemeral container'):
        bring_holder(cluster, TARGET, HOLDER, clock=time.clock, tell=lambda _text: None)
