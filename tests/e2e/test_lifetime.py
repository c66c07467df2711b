"""However a run ends, its load ends with it."""

import signal

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import NodeMemory, Pods, pod, wait_until
from tests.selection.sample import sampled

MIB = 1 << 20
ANSWERED = [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGHUP, 130)]


def load_is_gone(memory: NodeMemory, anon_before: int) -> bool:
    no_agent = not any("agent" in line for line in memory.commands())
    return no_agent and memory.anon_bytes() < anon_before + MIB


@pytest.fixture
def pods(shared: Pods) -> Pods:
    """One pod on a node serves all of these tests: each is to leave it as it was."""
    return shared


@pytest.mark.parametrize(
    ("number", "exit_code"),
    sampled([(signal.SIGKILL, -9), *ANSWERED], 1),
)
def test_a_run_that_is_interrupted_releases_its_load(
    plugin: Plugin, pods: Pods, flavour: str, number: signal.Signals, exit_code: int
) -> None:
    name = f"app-{flavour}"
    pods.create(pod(flavour, name=name))
    memory, before = pods.memory(name), pods.status(name)
    anon = memory.anon_bytes()

    with plugin.running("mem", name, "--size=24Mi", "--duration=10m") as running:
        running.wait_for("holding ")
        wait_until("the load is held", lambda: memory.anon_bytes() > anon + 20 * MIB)
        running.send(number)
        done = running.end()
    wait_until("the load is gone", lambda: load_is_gone(memory, anon), seconds=15)

    assert done.exit_code == exit_code
    if number is not signal.SIGKILL:
        assert "the load has been released" in done.stderr
    assert pods.status(name) == before
