"""--image target, where nothing can be pulled: the target's own image brings the agent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.plan.holder import ephemeral_container
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.targets.target import Target
from tests.cluster.cluster import Cluster
from tests.cluster.images import BUSYBOX, HELLO
from tests.e2e import images
from tests.e2e.plugin import Done, Plugin
from tests.e2e.pods import SHELL_FOREVER, Pods, pod, wait_until
from tests.e2e.test_refusals import assert_refused

pytestmark = pytest.mark.long

OWN = "--image=target"
# Nobody listens there, as seen from a node.
UNREACHABLE = "--image=10.0.2.2:9/agent:dev"
_ASLEEP = ["sh", "-c", SHELL_FOREVER]
_PYTHON_ASLEEP = ["/usr/bin/python3", "-c", "import time; time.sleep(86400)"]


@pytest.fixture
def restricted(pods: Pods) -> Pods:
    """A namespace under Pod Security restricted."""
    pods.enforce("restricted")
    return pods


def target_of(flavour: str, image: str, command: list[str], **values: Any) -> dict[str, Any]:
    """A target whose own file system could be written to."""
    made = pod(flavour, image=image, command=command, **values)
    container = made["spec"]["containers"][0]
    container["command"] = command
    container["securityContext"]["readOnlyRootFilesystem"] = False
    return made


def load(plugin: Plugin, *words: str) -> Done:
    return plugin("mem", "app", "--size=8Mi", "--duration=1s", *words)


def end_of(pods: Pods, name: str, holder: str) -> dict[str, Any]:
    """How an ephemeral container ended; empty while it has not."""
    found = pods.get(name)["status"].get("ephemeralContainerStatuses", [])
    states = [one["state"] for one in found if one["name"] == holder]
    return dict(states[0].get("terminated") or {}) if states else {}


def left_waiting(pods: Pods, made: dict[str, Any]) -> str:
    """What a client leaves that dies right after it has added the ephemeral container."""
    name = "left"
    pods.create({**made, "metadata": {"name": name}})
    found = pods.get(name)
    entry = ephemeral_container(Target.from_pod(found), HolderSpec(TARGET_IMAGE), "left")
    found["spec"].setdefault("ephemeralContainers", []).append(entry)
    path = f"/api/v1/namespaces/{pods.namespace}/pods/{name}/ephemeralcontainers"
    pods.kubectl("replace", "--raw", path, "-f", "-", stdin=json.dumps(found))
    return str(entry["name"])


def test_a_cluster_that_can_pull_nothing_is_loaded_all_the_same(
    plugin: Plugin, cluster: Cluster, restricted: Pods, flavour: str
) -> None:
    cluster.node(flavour).load_image(images.with_folder())
    made = target_of(flavour, images.TMP, _ASLEEP)
    left = left_waiting(restricted, made)
    restricted.create(made)

    refused = load(plugin, UNREACHABLE)
    done = load(plugin, OWN, "-o=json")
    again = load(plugin, OWN, "-o=json", "--linger=5s")
    written = restricted.kubectl("exec", "app", "--", "ls", "-A", "/", "/tmp")

    assert_refused(refused, 1, "10.0.2.2:9/agent:dev", "--image target", "stays in the pod")
    for report in (done.report, again.report):
        assert report["verdict"]["outcome"] == "survived"
        assert report["memory"]["peak_load_bytes"] >= 8 << 20
    holder = done.report["target"]["ephemeral_container"]
    assert len(restricted.holders("app")) == 2  # and that of the image that cannot be pulled
    assert f"reusing ephemeral container {holder}" in again.stderr, again.stderr
    assert "kubectl-stress" not in written
    wait_until("it waits no longer", lambda: end_of(restricted, "left", left), seconds=400)
    assert end_of(restricted, "left", left)["exitCode"] == 75


@pytest.mark.parametrize(
    ("image", "entries"),
    [(images.DEBIAN, 1), (images.PYTHON, 2)],
    ids=["a shell", "Python and no shell"],
)
def test_debian_brings_the_agent_by_its_shell_or_by_python(
    plugin: Plugin, cluster: Cluster, restricted: Pods, flavour: str, image: str, entries: int
) -> None:
    cluster.node(flavour).load_image(images.debian())
    restricted.create(target_of(flavour, image, _PYTHON_ASLEEP))

    done, again = (load(plugin, OWN, "-o=json") for _ in range(2))

    assert done.report["verdict"]["outcome"] == "survived"
    assert again.report["verdict"]["outcome"] == "survived"
    assert len(restricted.holders("app")) == entries


def test_an_image_with_one_program_is_refused_and_no_entry_is_piled_up(
    plugin: Plugin, restricted: Pods, flavour: str
) -> None:
    restricted.create(pod(flavour, image=HELLO))

    refused = [load(plugin, OWN) for _ in range(2)]

    for done in refused:
        assert_refused(done, 1, 'image of container "app" has no sh', "kubectl stress image")
    assert len(restricted.holders("app")) == 1


def test_an_image_without_a_folder_needs_an_empty_dir_that_nobody_mounts(
    plugin: Plugin, restricted: Pods, flavour: str
) -> None:
    made = target_of(flavour, BUSYBOX, _ASLEEP)
    restricted.create(made)
    spare = {**made, "metadata": {"name": "spare"}}
    spare["spec"] = {**made["spec"], "volumes": [{"name": "scratch", "emptyDir": {}}]}
    restricted.create(spare)

    refused = [load(plugin, OWN) for _ in range(2)]
    done = plugin("mem", "spare", "--size=8Mi", "--duration=1s", OWN, "-o=json")

    for each in refused:
        assert_refused(each, 1, "has no folder that user 1000:1000 may write to", "emptyDir")
    assert len(restricted.holders("app")) == 1
    assert done.report["verdict"]["outcome"] == "survived"
