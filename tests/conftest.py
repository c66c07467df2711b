"""What every run of the tests tells at its end: how many were planned, and how many really ran."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from tests.selection import groups, sample

# No test asserts a time: on a busy machine any example may take long.
settings.register_profile("kubectl-stress", deadline=None)
settings.load_profile("kubectl-stress")

# What makes `make test` last some 20 minutes; the others have their turn with another seed.
_SHARE_OF_LONG = 0.3
_planned = pytest.StashKey[int]()


def pytest_configure() -> None:
    """Workers inherit the seed, or each would choose another sample."""
    os.environ["KUBECTL_STRESS_SEED"] = str(sample.SEED)


def pytest_report_header() -> str:
    """Which part of the long tests runs, and how to run it again."""
    return f"long tests: {sample.HOW_TO_REPEAT}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of the long tests a sample; beside each other, those that share a machine come first."""
    long = [item for item in items if item.get_closest_marker("long")]
    left_out = set(sample.left_out(long, share=_SHARE_OF_LONG))
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: groups.rank(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> groups.Scheduler:
    """Nothing that shares a machine runs at the same time."""
    return groups.Scheduler(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[_planned] = len(session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node: WorkerController, ids: Sequence[str]) -> None:
    """Every worker collects the same, and the one that sums up collects nothing."""
    node.config.stash[_planned] = len(ids)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A run takes its time: what failed is told at once, and at its end once more."""
    if report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        print(f"\nFAILED {report.nodeid} ({report.when})\n{report.longreprtext}", flush=True)


@pytest.fixture
def heeds_interrupts() -> Iterator[None]:
    """Whoever runs the tests in the background, beside each other or by nohup has these ignored."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hangup)


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """A skipped test is not a passed one, so the two are never one number."""
    planned = config.stash.get(_planned, 0)
    skipped = len(terminalreporter.stats.get("skipped", []))
    ran = sum(len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "xfailed"))
    terminalreporter.write_line(f"planned {planned}, ran {ran}, skipped {skipped}")
