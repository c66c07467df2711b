"""What every run of the tests tells at its end: how many were planned, and how many really ran."""

from __future__ import annotations

import os
from collections.abc import Sequence

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings
from xdist.workermanage import WorkerController

from tests import sample

# No test asserts a time: on a busy machine any example may take long.
settings.register_profile("kubectl-stress", deadline=None)
settings.load_profile("kubectl-stress")

_planned = pytest.StashKey[int]()
# What shares a node or a machine goes one after another, each beside the others; the longest first.
_GROUPS = ("node-v2", "node-v1", "machine", "")


def pytest_configure() -> None:
    """Workers inherit the seed, or each would choose another sample."""
    os.environ["KUBECTL_STRESS_SEED"] = str(sample.SEED)


@pytest.hookimpl(tryfirst=True)  # the workers of pytest-xdist look for the groups in theirs
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell pytest-xdist what must not run at the same time, and in which order groups begin."""
    for item in items:
        if group := _group(item):
            item.add_marker(pytest.mark.xdist_group(group))
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _GROUPS.index(_group(item)))


def _group(item: pytest.Item) -> str:
    if item.path.parent.name == "e2e":
        return "node-v1" if "v1" in item.name else "node-v2"
    return "machine" if any(item.iter_markers("machine")) or any(item.iter_markers("e2e")) else ""


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[_planned] = len(session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: WorkerController, ids: Sequence[str]) -> None:
    """Every worker collects the same, and the one that sums up collects nothing."""
    node.config.stash[_planned] = len(ids)


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """A skipped test is not a passed one, so the two are never one number."""
    planned = config.stash.get(_planned, 0)
    skipped = len(terminalreporter.stats.get("skipped", []))
    ran = sum(len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "xfailed"))
    terminalreporter.write_line(f"planned {planned}, ran {ran}, skipped {skipped}")
