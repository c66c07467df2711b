"""What the searches on real nodes are held to: a wrong answer or a rest of a load is refused."""

import json
from dataclasses import replace

import pytest

from tests.builders.pods import MIB
from tests.e2e.plugin import Done
from tests.e2e.searches import TOLERANCE, Breaking, Held, Searched

YOUNG = Held(restarts=0, usage_bytes=10_006_528, anon_bytes=9_334_784, app_bytes=9_200_000)
OLDER = replace(YOUNG, anon_bytes=YOUNG.anon_bytes - MIB, app_bytes=YOUNG.app_bytes - MIB)


def searched(*, survived: int, failed: int, before: Held = YOUNG, after: Held = OLDER) -> Searched:
    """One of an app that exits where its container holds 95 MiB."""
    answer = {
        "kind": "found",
        "cause": "crashed",
        "survived_bytes": survived,
        "failed_bytes": failed,
        "flaky_bytes": None,
    }
    done = Done(0, json.dumps({"answer": answer}), "")
    return Searched(Breaking("exit", 95), done, before, after)


def test_a_boundary_between_what_the_app_held_before_and_after_is_right() -> None:
    found = searched(survived=91_578_368, failed=93_929_472)

    found.refuse_wrong_answer(TOLERANCE)
    with pytest.raises(AssertionError):
        replace(found, after=YOUNG).refuse_wrong_answer(TOLERANCE)


@pytest.mark.parametrize(("survived", "failed"), [(83, 85), (88, 90)])
def test_a_boundary_outside_of_it_is_wrong(survived: int, failed: int) -> None:
    with pytest.raises(AssertionError):
        searched(survived=survived * MIB, failed=failed * MIB).refuse_wrong_answer(TOLERANCE)


def test_an_app_that_hardly_moved_or_has_started_again_is_as_before() -> None:
    fresh = replace(YOUNG, restarts=1, anon_bytes=14 * MIB, app_bytes=14 * MIB)

    for after in (YOUNG, OLDER, fresh):
        searched(survived=0, failed=0, after=after).refuse_what_is_left()


@pytest.mark.parametrize("restarts", [0, 1])
def test_memory_that_is_not_the_apps_is_left_of_a_load(restarts: int) -> None:
    left = replace(YOUNG, restarts=restarts, anon_bytes=YOUNG.anon_bytes + 3 * MIB)

    with pytest.raises(AssertionError):
        searched(survived=0, failed=0, after=left).refuse_what_is_left()


@pytest.mark.parametrize("held", [5 * MIB, 14 * MIB])
def test_an_app_that_grew_or_shrank_without_a_restart_is_not_as_before(held: int) -> None:
    moved = replace(YOUNG, anon_bytes=held, app_bytes=held)

    with pytest.raises(AssertionError):
        searched(survived=0, failed=0, after=moved).refuse_what_is_left()


def test_an_app_that_lost_what_it_holds_for_good_is_not_as_before() -> None:
    found = replace(searched(survived=0, failed=0), breaking=Breaking("oom", 90))

    with pytest.raises(AssertionError):
        found.refuse_what_is_left()
