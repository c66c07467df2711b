"""What a first look sees of a target, and that it starts no process and adds nothing."""

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.injection.first_look import FirstLook, first_look
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.targets.target import Target
from tests.builders.pods import PodBuilder, pod
from tests.fakes.holder import FakeHolder, HeldCluster
from tests.fakes.time import FakeTime

LIVE = "kubectl-stress-abc"
EXEC = HolderSpec("agent:1")


class Looking:
    """A first look at the pod `web`, whose holder answers who attaches."""

    def __init__(self, built: PodBuilder | None = None) -> None:
        self.built = built or pod().container("app", limit="128Mi").with_holder(LIVE)
        self.cluster, self.time = HeldCluster(self.built.dict), FakeTime()
        self.holder = self.cluster.holders[f"web/{LIVE}"] = FakeHolder()
        self.target = Target.from_pod(self.built.dict)

    def look(self, holder: HolderSpec = EXEC) -> FirstLook | None:
        found = first_look(self.cluster, self.target, holder, clock=self.time.clock)
        assert (self.cluster.execs, self.cluster.added) == ([], [])
        return found


def test_a_live_holder_tells_its_reading() -> None:
    looking = Looking()

    found = looking.look()

    assert found is not None
    assert found.joined is not None
    assert (found.joined.holder, found.joined.holder_pid) == (LIVE, 23)
    assert found.status.container_id == looking.target.container_id
    assert found.lines == (
        f"reusing ephemeral container {LIVE}",
        "reading the target's memory and processes",
    )
    assert (looking.cluster.asked, looking.cluster.attached) == (["get pods web"], [LIVE])


@pytest.mark.parametrize(
    ("built", "holder"),
    [
        (pod().container("app"), EXEC),
        (pod().container("app").with_holder(image="agent:0"), EXEC),
        (pod().container("app").with_holder().with_spec(shareProcessNamespace=True), EXEC),
        (pod().container("app").with_holder(), HolderSpec("agent:1", join=Join.POD)),
        (pod().container("app").with_holder(), HolderSpec(TARGET_IMAGE)),
    ],
    ids=["no holder", "another image", "shared processes", "pod level", "target's image"],
)
def test_what_takes_more_than_an_attach_is_left_for_later(
    built: PodBuilder, holder: HolderSpec
) -> None:
    looking = Looking(built)

    found = looking.look(holder)

    assert found is not None
    assert found.joined is None
    assert looking.cluster.attached == []


def test_a_holder_that_cannot_see_the_target_is_left_for_later() -> None:
    looking = Looking()
    looking.holder.is_blind = True

    found = looking.look()

    assert found is not None
    assert found.joined is None


def test_a_holder_that_may_not_be_attached_to_is_left_for_later() -> None:
    looking = Looking()
    del looking.cluster.holders[f"web/{LIVE}"]

    found = looking.look()

    assert found is not None
    assert found.joined is None


@pytest.mark.parametrize("gone", [True, False], ids=["gone", "restarted"])
def test_a_pod_that_is_another_by_now_is_not_looked_into(gone: bool) -> None:
    looking = Looking()
    if gone:
        looking.cluster.pods.clear()
    else:
        looking.built.with_container_status(containerID="containerd://app-2")

    assert looking.look() is None
    assert looking.cluster.attached == []


def test_it_is_good_for_half_a_second() -> None:
    looking = Looking()

    found = looking.look()

    assert found is not None
    assert found.is_fresh(looking.time.ms + 500)
    assert not found.is_fresh(looking.time.ms + 501)
