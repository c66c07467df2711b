"""One container is left of the selected pods, or it is said why not."""

from random import Random

import pytest

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.choose import Choice
from kubectl_stress.targets.single import Single, single
from tests.builders.pods import pod

PODS = [pod(f"web-{at}").container("app").container("proxy").dict for at in range(7)]


def left(mode: str, *containers: str, pods: int = 7, value: str = "30", seed: int = 1) -> Single:
    return single(PODS[:pods], Choice.parse(mode, value), containers, Random(seed).randrange)


def test_the_first_container_is_meant_where_none_is_named() -> None:
    assert left("all", pods=1) == Single("default", "web-0", "app", 1)
    assert left("all", "proxy", pods=1) == Single("default", "web-0", "proxy", 1)


def test_a_choice_among_several_pods_is_by_chance_and_repeated_by_its_seed() -> None:
    chosen = {left("one", seed=seed).pod for seed in range(50)}

    assert left("one").is_by_chance
    assert not left("one", pods=1).is_by_chance
    assert left("one", seed=3) == left("one", seed=3)
    assert len(chosen) == 7


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("all",), "mode all means 7 pods (web-0, web-1, web-2, web-3, web-4, …), and only one"),
        (("fixed-percent",), "mode fixed-percent 30 means 3 pods"),
        (("one", "app", "proxy"), "spec.containerNames means 2 containers (app, proxy), and only"),
    ],
)
def test_more_than_one_is_refused_by_name(words: tuple[str, ...], problem: str) -> None:
    with pytest.raises(TargetError) as caught:
        left(*words)

    assert str(caught.value).startswith(problem)


def test_a_mode_that_chose_none_is_said() -> None:
    with pytest.raises(TargetError) as caught:
        single(PODS, Choice.parse("random-max-percent", "30"), (), lambda _end: 0)

    assert str(caught.value) == "mode random-max-percent 30 chose none of the 7 selected pods"
