"""Images that a node really pulls: one that is there, one that is not, and a private one."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.clusters import ARCHIVE
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod
from tests.e2e.registry import PASSWORD, USER, behind_a_password, image, registry
from tests.e2e.test_refusals import assert_refused

LOAD = ("mem", "app", "--size=8Mi", "--duration=1s")


@pytest.fixture(scope="module")
def port(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The open registry, known to the nodes."""
    with registry(ARCHIVE, tmp_path_factory.mktemp("layout")) as open_port:
        cluster.node("v2").trust_registry(open_port)
        yield open_port


@pytest.fixture
def private(port: int, cluster: Cluster) -> Iterator[int]:
    """The same behind a password."""
    with behind_a_password(port) as private_port:
        cluster.node("v2").trust_registry(private_port)
        yield private_port


def test_an_image_is_pulled_and_a_missing_tag_told_in_the_kubelets_words(
    plugin: Plugin, pods: Pods, port: int
) -> None:
    pods.create(pod("v2"))

    missing = plugin(*LOAD, f"--image={image(port, 'missing')}")
    pulled = plugin(*LOAD, f"--image={image(port)}", "--image-pull-policy=Always", "-o=json")

    assert_refused(missing, 1, "ImagePull", image(port, "missing"), "not found", "--image")
    assert pulled.report["verdict"]["outcome"] == "survived"


def test_a_private_image_needs_a_pull_secret_of_the_pods_own(
    plugin: Plugin, pods: Pods, private: int
) -> None:
    server = image(private).partition("/")[0]
    account = (f"--docker-username={USER}", f"--docker-password={PASSWORD}")
    pods.kubectl(
        "create", "secret", "docker-registry", "pull", f"--docker-server={server}", *account
    )
    with_secret = pod("v2", name="app")
    with_secret["spec"]["imagePullSecrets"] = [{"name": "pull"}]
    pods.create(pod("v2", name="stranger"))
    pods.create(json.loads(json.dumps(with_secret)))

    refused = plugin("mem", "stranger", *LOAD[2:], f"--image={image(private)}")
    pulled = plugin(*LOAD, f"--image={image(private)}", "-o=json")

    assert_refused(refused, 1, "imagePullSecrets", "stays in the pod")
    assert pulled.report["verdict"]["outcome"] == "survived"
