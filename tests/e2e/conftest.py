"""The real cluster with a node of the right kind, and the plugin run against it."""

from __future__ import annotations

import inspect
import itertools
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.cluster.cluster import Cluster
from tests.e2e import compatibility
from tests.e2e.clusters import cluster_with
from tests.e2e.judged import Judge
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods
from tests.e2e.variants import ALL_NODES, NODES
from tests.selection import sample

_numbers = itertools.count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Say on which nodes a test runs: on both where it asks for the flavour, or else on v2.

    In a sample, a test that is for both cgroup generations runs on one of them.
    """
    if "flavour" not in metafunc.fixturenames or _says_where_itself(metafunc):
        return
    nodes: tuple[str, ...] = NODES[:1]
    if "flavour" in inspect.signature(metafunc.function).parameters:
        nodes = NODES if sample.FULL else (sample.one_of(NODES, of=metafunc.definition.nodeid),)
    metafunc.parametrize("flavour", nodes, indirect=True, scope="session")


def _says_where_itself(metafunc: pytest.Metafunc) -> bool:
    return any(
        "flavour" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    )


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark them, and bring together what runs on the same node: each is started once."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("e2e")
    items.sort(key=lambda item: ALL_NODES.index(_flavour_of(item)))


def _flavour_of(item: pytest.Item) -> str:
    parameters = getattr(item, "callspec", None)
    return str(parameters.params.get("flavour", NODES[0])) if parameters else NODES[0]


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
def flavour(request: pytest.FixtureRequest) -> str:
    """The kind of the node: v2 and v1 by cgroup generation, or the old one."""
    return str(request.param)


@pytest.fixture(scope="session")
def cluster(flavour: str) -> Iterator[Cluster]:
    """The cluster with that node."""
    with cluster_with(flavour) as found:
        yield found


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
def plugin(pods: Pods) -> Plugin:
    """The command, as the administrator, in the test's namespace."""
    return Plugin.on(pods)
