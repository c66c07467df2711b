"""Who started a load, as those will read it whose pod it is."""

import pytest

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.errors import NotFound
from kubectl_stress.preflight.identity import who_asks
from tests.fakes.cluster import FakeCluster


def test_the_api_server_says_who_asks() -> None:
    assert who_asks(FakeCluster()) == "ann"


def test_an_api_server_that_cannot_say_leaves_the_kubeconfig_and_its_word_is_marked() -> None:
    cluster = FakeCluster()
    cluster.user = NotFound("the API server has no selfsubjectreviews")

    assert who_asks(cluster) == "ann-of-the-file (name in the kubeconfig)"


def test_nobody_knows_who_asks_with_a_token_alone() -> None:
    cluster = FakeCluster()
    cluster.user, cluster.user_of_file = "", ""

    assert who_asks(cluster) == "unknown"


@pytest.mark.parametrize(
    ("name", "told"),
    [("ann\x1b]0;x\x07\n", "ann"), ("é" * 100, "é" * 64), ("\n", "unknown")],
    ids=["escapes", "too long", "nothing left"],
)
def test_the_agent_gets_a_name_that_it_takes(name: str, told: str) -> None:
    assert RunIdentity("1", name).arguments() == ["--run-id", "1", "--started-by", told]
