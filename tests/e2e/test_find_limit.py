"""A search on a real pod ends at the breaking point of its app, and leaves it as it was."""

import random

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods
from tests.e2e.searches import LIMIT, Breaking, search
from tests.selection.sample import SEED

pytestmark = pytest.mark.long

QUICK = ("--attempts=1", "--resolution=4%")


def test_a_breaking_point_is_found_and_the_pod_left_as_it_was(
    pods: Pods, plugin: Plugin, flavour: str
) -> None:
    breaking = Breaking.drawn(random.Random(f"{SEED} {flavour}"), "unready")

    searched = search(pods, plugin, breaking, flavour, *QUICK)

    searched.refuse_wrong_answer(LIMIT * 4 // 100)
    assert pods.status("app")["restartCount"] == searched.found["restarts"] == 0
    assert len(pods.holders("app")) == 1
    patch = searched.found["patches"][0]
    assert (patch["subresource"], patch["dry_run"]) == ("resize", "passed")
