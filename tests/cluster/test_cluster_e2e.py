"""The driver itself, on a real cluster with one node, in a folder with a long name."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster import cluster, parts, processes
from tests.cluster.cluster import Cluster
from tests.cluster.guestshell import NodeSilent
from tests.cluster.node import Node
from tests.cluster.paths import APPS
from tests.selection.sample import sampled

pytestmark = pytest.mark.e2e

NAME = "driver"
OTHER = "driver-other"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    home = tmp_path_factory.mktemp("state, " + "long " * 20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        yield Cluster.up(NAME)
        cluster.down(NAME)
        assert not cluster.folder_of(NAME).exists()
        assert processes.find(cluster.folder_of(NAME)) == {}


@pytest.fixture
def node(up: Cluster) -> Node:
    return up.node("v2")


def in_restricted(up: Cluster, *arguments: str) -> subprocess.CompletedProcess[str]:
    return up.kubectl("--namespace=restricted", *arguments)


def wait_for(what: str, seconds: float, condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.1)


def test_a_healthy_cluster_is_reused(up: Cluster) -> None:
    running = processes.find(up.state.folder)

    again = Cluster.up(NAME)

    assert processes.find(again.state.folder) == running


def test_commands_in_a_node_have_streams_and_exit_codes(node: Node) -> None:
    done = node.run(["sh", "-c", "cat; echo err >&2; exit 7"], stdin=b"in\n")
    killed = node.run(["sh", "-c", "kill -9 $$"])
    many = b"x" * 3_000_000

    assert (done.stdout, done.stderr, done.returncode) == (b"in\n", b"err\n", 7)
    assert killed.returncode == 128 + signal.SIGKILL
    assert node.run(["cat"], stdin=many).stdout == many


def test_a_command_that_takes_too_long_does_not_harm_the_next(node: Node) -> None:
    with pytest.raises(NodeSilent):
        node.run(["sleep", "600"], timeout_seconds=0.5)

    assert node.run(["echo", "next"]).stdout == b"next\n"
    assert "sleep 600" not in node.check_run(["ps"])


def test_a_command_that_does_not_read_its_input_does_not_harm_the_next(node: Node) -> None:
    with pytest.raises(NodeSilent):
        node.run(["sleep", "600"], stdin=b"x" * 1_000_000, timeout_seconds=1)

    assert node.run(["echo", "next"]).stdout == b"next\n"


def test_the_demo_app_runs_restricted_and_answers(up: Cluster) -> None:
    up.kubectl("create", "namespace", "restricted")
    label = "pod-security.kubernetes.io/enforce=restricted"
    up.kubectl("label", "namespace", "restricted", label)

    applied = in_restricted(up, "apply", "-f", str(APPS))
    ready = in_restricted(up, "wait", "--for=condition=Ready", "pod", "-l=app", "--timeout=100s")

    assert applied.returncode == 0, applied.stderr
    assert ready.returncode == 0, ready.stderr
    ran = in_restricted(up, "exec", "busybox", "--", "id", "-u")
    assert ran.stdout == "1000\n", ran.stderr
    said = in_restricted(up, "logs", "deployment/hello")
    assert "listening" in said.stdout, said.stderr


@pytest.mark.long
def test_the_kernel_tells_of_an_out_of_memory_kill(up: Cluster, node: Node) -> None:
    ran = in_restricted(up, "exec", "busybox", "--", "tail", "/dev/zero")

    assert ran.returncode == 128 + signal.SIGKILL
    assert "Memory cgroup out of memory: Killed process" in node.dmesg()
    events = node.check_run(
        ["sh", "-c", "cat /sys/fs/cgroup/kubepods/burstable/pod*/memory.events"]
    )
    assert re.search("oom_kill [1-9]", events)


def test_the_developer_has_no_rights(up: Cluster) -> None:
    refused = up.kubectl("--context=developer", "get", "pods")

    assert "Forbidden" in refused.stderr


@pytest.mark.long
def test_a_frozen_node_is_silent_until_it_thaws(node: Node) -> None:
    node.freeze()
    with pytest.raises(NodeSilent):
        node.run(["true"], timeout_seconds=1)
    node.thaw()

    assert node.run(["true"]).returncode == 0


def test_a_cut_node_can_still_be_looked_at(node: Node) -> None:
    carrier = "/sys/class/net/eth0/carrier"
    node.cut()
    wait_for("no carrier", 5, lambda: node.read_file(carrier) == "0\n")
    node.mend()

    wait_for("carrier", 5, lambda: node.read_file(carrier) == "1\n")


def test_an_image_is_loaded_once(node: Node) -> None:
    assert not node.load_image(parts.images())


def reboot(node: Node) -> None:
    node.reboot()


def crash(node: Node) -> None:
    node.kill()
    with pytest.raises(NodeSilent):
        node.run(["true"], timeout_seconds=1)
    node.start_again(parts.accelerator())


@pytest.mark.long
@pytest.mark.parametrize("end", sampled([reboot, crash], 1))
def test_a_node_comes_back(node: Node, end: Callable[[Node], None]) -> None:
    boot_id = "/proc/sys/kernel/random/boot_id"
    before = node.read_file(boot_id)

    end(node)

    assert node.read_file(boot_id) != before
    assert node.ready()


@pytest.mark.long
@pytest.mark.usefixtures("up")
def test_nothing_is_left_of_a_cluster_whose_driver_was_killed() -> None:
    folder = cluster.folder_of(OTHER)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cluster", "up", "--name", OTHER],
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    ) as driver:
        wait_for("a node", 60, lambda: f"{OTHER}-v2" in processes.find(folder))
        driver.kill()
    assert processes.find(folder)

    cluster.down(OTHER)

    assert processes.find(folder) == {}
    assert not folder.exists()
    assert Cluster.get(NAME).whole()


def test_going_down_twice_is_fine() -> None:
    cluster.down("never-there")
