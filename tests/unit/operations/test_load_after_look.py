"""A load on a target that was looked at just before: what has been seen is not asked for again."""

import pytest

from kubectl_stress.errors import Refused, TargetError
from kubectl_stress.injection.first_look import FirstLook, first_look
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.target import Target
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.agent_lines import survived
from tests.builders.scene import Scene, started_again, web
from tests.fakes.holder import FakeHolder, HeldCluster
from tests.fakes.time import ScriptedInbox

HOLDER = HolderSpec("agent:1")
LIVE = "kubectl-stress-abc"


class Held(Scene):
    """The pod `web` with a holder that answers who attaches."""

    def __init__(self) -> None:
        super().__init__()
        cluster = HeldCluster(web().with_holder(LIVE).dict)
        self.holder = cluster.holders[f"web/{LIVE}"] = FakeHolder()
        self.cluster = cluster
        self.script = ScriptedInbox(self.time, self.cluster)
        self.script.agent_says(0, survived()).stream_ends(24_000, 0)

    def look(self) -> FirstLook | None:
        target = Target.from_pod(self.cluster.pods["web"])
        return first_look(self.cluster, target, HOLDER, clock=self.time.clock)


@pytest.fixture
def held() -> Held:
    return Held()


def before_the_load(held: Held) -> list[str]:
    asked = held.cluster.asked
    return [words for words in asked[: asked.index("exec app")] if words.startswith("get")]


def test_a_fresh_look_leaves_but_the_last_one_before_the_load(held: Held) -> None:
    look = held.look()

    report = held.run(look=look)

    assert report.verdict.outcome is Outcome.SURVIVED
    assert held.cluster.attached == [LIVE]
    assert before_the_load(held) == ["get pods web"] * 2  # the look itself, and the last one
    assert held.stories[:2] == list(look.lines if look else ())


def test_an_old_look_is_taken_again(held: Held) -> None:
    look = held.look()
    held.time.ms += 501

    report = held.run(look=look)

    assert report.verdict.outcome is Outcome.SURVIVED
    assert held.cluster.attached == [LIVE, LIVE]
    assert held.stories.count(f"reusing ephemeral container {LIVE}") == 1


def test_the_headroom_of_a_fresh_look_refuses_the_load(held: Held) -> None:
    held.holder.usage_mib = 121

    with pytest.raises(Refused, match=r"only 7\.0 MiB of headroom"):
        held.run(look=held.look())

    assert held.cluster.execs == []


def test_a_target_that_restarts_after_the_look_is_not_loaded(held: Held) -> None:
    look = held.look()
    held.cluster.pods["web"] = started_again().with_holder(LIVE).dict

    with pytest.raises(TargetError, match="restarted in the meantime"):
        held.run(look=look)

    assert held.cluster.execs == []
