"""Which containers a mode and container names leave of the selected pods."""

from random import Random

import pytest

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.choose import Choice
from kubectl_stress.targets.chosen_containers import ChosenContainers, chosen_containers
from tests.builders.pods import pod

PODS = [pod(f"web-{at}").container("app").container("proxy").dict for at in range(7)]


def chosen(
    mode: str, *names: str, pods: int = 7, value: str = "30", seed: int = 1
) -> ChosenContainers:
    choice = Choice.parse(mode, value)
    return chosen_containers(PODS[:pods], choice, names, Random(seed).randrange)


def named(found: ChosenContainers) -> list[tuple[str, str]]:
    return [(pod["metadata"]["name"], container) for pod, container in found.containers]


def test_the_first_container_is_meant_where_none_is_named() -> None:
    assert named(chosen("all", pods=2)) == [("web-0", "app"), ("web-1", "app")]


def test_each_container_that_is_named_is_meant_in_each_pod() -> None:
    found = chosen("all", "proxy", "app", pods=2)

    assert named(found) == [
        ("web-0", "proxy"),
        ("web-0", "app"),
        ("web-1", "proxy"),
        ("web-1", "app"),
    ]
    assert found.pods == ["web-0", "web-1"]


def test_a_choice_among_several_pods_is_by_chance_and_repeated_by_its_seed() -> None:
    pods = {chosen("one", seed=seed).pods[0] for seed in range(50)}

    assert chosen("one").is_by_chance
    assert not chosen("one", pods=1).is_by_chance
    assert not chosen("all").is_by_chance
    assert chosen("one", seed=3) == chosen("one", seed=3)
    assert len(pods) == 7


@pytest.mark.parametrize(("mode", "count"), [("all", 7), ("fixed-percent", 3), ("fixed", 7)])
def test_as_many_are_chosen_as_the_mode_says(mode: str, count: int) -> None:
    assert len(chosen(mode).pods) == count


def test_pods_that_have_ended_are_no_candidates() -> None:
    ended = pod("done").container("app").with_status(phase="Succeeded").dict
    found = chosen_containers([ended, *PODS], Choice.parse("all"), (), Random(1).randrange)

    assert found.candidates == 7
    assert "done" not in found.pods


def test_a_mode_that_chose_none_is_said() -> None:
    with pytest.raises(TargetError) as caught:
        chosen_containers(PODS, Choice.parse("random-max-percent", "30"), (), lambda _end: 0)

    assert str(caught.value) == "mode random-max-percent 30 chose none of the 7 selected pods"
