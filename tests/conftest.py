"""What every run of the tests tells at its end: how many were planned, and how many really ran."""

from __future__ import annotations

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

# No test asserts a time: on a busy machine any example may take long.
settings.register_profile("kubectl-stress", deadline=None)
settings.load_profile("kubectl-stress")

_planned = pytest.StashKey[int]()


def pytest_collection_finish(session: pytest.Session) -> None:
    session.config.stash[_planned] = len(session.items)


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """A skipped test is not a passed one, so the two are never one number."""
    planned = config.stash.get(_planned, 0)
    skipped = len(terminalreporter.stats.get("skipped", []))
    ran = sum(len(terminalreporter.stats.get(kind, [])) for kind in ("passed", "failed", "xfailed"))
    terminalreporter.write_line(f"planned {planned}, ran {ran}, skipped {skipped}")
