"""The real cluster with a node of each cgroup generation, and the plugin run against it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests import sample
from tests.cluster.cluster import Cluster
from tests.e2e import compatibility
from tests.e2e.judged import Judge
from tests.e2e.plugin import AGENT_IMAGE, Plugin
from tests.e2e.pods import Pods
from tests.e2e.variants import NODES

ARCHIVE = Path(__file__).parents[2] / "image" / "build" / "agent.tar"
CLUSTER = os.environ.get("KUBECTL_STRESS_E2E_CLUSTER", "e2e")
_numbers = itertools.count(1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark them; in a sample each test that is for both cgroup generations runs on one of them."""
    here = Path(__file__).parent
    left_out = []
    for item in items:
        if here in item.path.parents:
            item.add_marker("e2e")
            if not sample.FULL and _is_for_the_other_node(item):
                left_out.append(item)
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


def _is_for_the_other_node(item: pytest.Item) -> bool:
    parameters = getattr(item, "callspec", None)
    if parameters is None or "flavour" not in parameters.params:
        return False
    flavour = parameters.params["flavour"]
    return str(flavour) != sample.one_of(NODES, of=item.name.replace(str(flavour), ""))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a cluster there is nothing to skip for: a skipped test is a failed one."""
    report = yield
    if report.skipped and Path(__file__).parent in item.path.parents:
        report.outcome = "failed"
    return report


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """The matrix as far as it was tried."""
    results = compatibility.results(terminalreporter.stats.get("passed", []))
    if results:
        terminalreporter.section("which pods the plugin can load")
        terminalreporter.write_line(compatibility.table(results))
        terminalreporter.write_line(compatibility.kept(results))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster for all tests; KUBECTL_STRESS_E2E_CLUSTER names one that is left as it is."""
    if not ARCHIVE.is_file():
        pytest.fail(f"{ARCHIVE} is not there: run `make image`")
    if "KUBECTL_STRESS_E2E_CLUSTER" in os.environ:
        # Others may use it too: not even one that is slow to answer is started anew.
        there = Cluster.get(CLUSTER)
        for node in there.nodes:
            node.load_image(ARCHIVE)
        yield there
        return
    up = Cluster.up(CLUSTER, nodes=NODES, images=[ARCHIVE])
    yield up
    up.down()


@pytest.fixture(params=NODES)
def flavour(request: pytest.FixtureRequest) -> str:
    """The node's cgroup generation: each test that takes it runs on both."""
    return str(request.param)


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Iterator[Pods]:
    """Makes pods in a namespace that the tests of a module share."""
    yield from _in_own_namespace(cluster)


@pytest.fixture
def pods(cluster: Cluster) -> Iterator[Pods]:
    """Makes pods in a namespace of the test's own."""
    yield from _in_own_namespace(cluster)


def _in_own_namespace(cluster: Cluster) -> Iterator[Pods]:
    made = Pods(cluster, f"test-{next(_numbers)}-{os.getpid()}")
    yield made
    made.remove()


@pytest.fixture
def judged(plugin: Plugin, pods: Pods, tmp_path: Path) -> Judge:
    """Runs whose verdict is held to what everybody else says."""
    return Judge(plugin, pods, tmp_path)


@pytest.fixture
def plugin(cluster: Cluster, pods: Pods) -> Plugin:
    """The command, as the administrator, in the test's namespace."""
    environment = {
        "KUBECONFIG": str(cluster.kubeconfig_path),
        "KUBECTL_STRESS_IMAGE": AGENT_IMAGE,
    }
    return Plugin(environment, ("-n", pods.namespace))
