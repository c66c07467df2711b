"""What cannot be done is said in one line, and nothing is attached to the pod."""

from __future__ import annotations

import pytest

from tests.e2e.plugin import Done, Plugin
from tests.e2e.pods import Pods, hello, pod


def assert_refused(done: Done, exit_code: int, *words: str) -> None:
    """One line, the exit code, the words that say what to do, no traceback."""
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert (done.exit_code, done.stdout) == (exit_code, ""), done.stderr
    assert len(errors) == 1, done.stderr
    assert done.stderr.splitlines()[-1] == errors[0]
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in errors[0]


@pytest.fixture(scope="module")
def app(shared: Pods) -> Pods:
    """A Deployment to whose pod nothing is ever attached: it serves all of these tests."""
    shared.create(hello("v2"))
    return shared


@pytest.fixture
def pods(app: Pods) -> Pods:
    """The namespace of the plugin's calls here, with that Deployment in it."""
    return app


def test_a_pod_that_is_not_there(plugin: Plugin, pods: Pods) -> None:
    assert_refused(plugin("mem", "missing", "--size=8Mi"), 1, '"missing"', pods.namespace)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("50MB", ("50M", "50Mi")),
        ("-1", ("-1",)),
        ("300%node", ("100%node",)),
        ("0", ("0",)),
        ("60%memory", ("limit",)),
    ],
)
def test_sizes_that_mean_nothing(
    plugin: Plugin, app: Pods, size: str, words: tuple[str, ...]
) -> None:
    assert_refused(plugin("mem", "deploy/hello", f"--size={size}"), 2, *words)
    assert app.holders(app.name_of("hello")) == []


def test_a_container_that_is_not_there(plugin: Plugin, app: Pods) -> None:
    assert_refused(plugin("mem", "deploy/hello", "--size=8Mi", "-c=web"), 1, '"web"', "it has app")
    assert app.holders(app.name_of("hello")) == []


def test_a_container_without_a_limit_is_refused_before_anything_is_attached(
    plugin: Plugin, pods: Pods
) -> None:
    pods.create(pod("v2", name="unlimited", limit=None))

    refused = plugin("mem", "unlimited", "--size=8Mi")
    attached = pods.holders("unlimited")
    forced = plugin("mem", "unlimited", "--size=8Mi", "--duration=1s", "--force", "-o=json")

    assert attached == []
    assert_refused(refused, 5, "no memory limit", "--force")
    assert forced.report["verdict"]["outcome"] == "survived"
    assert forced.report["target"]["limit_bytes"] is None


def test_an_image_that_is_not_there_is_told_in_the_kubelets_words(
    plugin: Plugin, pods: Pods
) -> None:
    pods.create(pod("v2", name="imageless"))
    image = ("--image=kubectl-stress.local/agent:missing", "--image-pull-policy=Never")

    done = plugin("mem", "imageless", "--size=8Mi", *image)

    assert_refused(done, 1, "ErrImageNeverPull", "--image")
    assert len(pods.holders("imageless")) == 1  # it cannot be taken back, and the error says so
    assert "stays in the pod" in done.stderr


def test_a_cluster_that_does_not_answer(plugin: Plugin, app: Pods) -> None:
    done = plugin("mem", "deploy/hello", "--size=8Mi", "--server=https://127.0.0.1:1")

    assert_refused(done, 1, "127.0.0.1:1")


def test_a_token_that_is_not_valid(plugin: Plugin, app: Pods) -> None:
    done = plugin("mem", "deploy/hello", "--size=8Mi", "--token=expired")

    assert_refused(done, 1, "log in")
    assert app.holders(app.name_of("hello")) == []


def test_a_single_replica_is_not_brought_down_unasked(plugin: Plugin, app: Pods) -> None:
    done = plugin("mem", "deploy/hello", "--size=120%")

    assert_refused(done, 5, "single replica", "--yes")
    assert app.holders(app.name_of("hello")) == []
