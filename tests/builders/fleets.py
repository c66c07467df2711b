"""Runs over several targets, as reports."""

from typing import Any

from kubectl_stress.results.fleet_report import Entry, FleetReport
from kubectl_stress.results.report import Report
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Expectation
from tests.builders.pods import bye, findings, report, sample, worker_killed


def load_killed() -> Report:
    """The kernel killed the load, and the app lives."""
    seen = findings(
        sample(),
        sample(127, at_ms=2_000, held_mib=117, oom_kill=1),
        kills=(worker_killed(),),
        ending=Ending(bye("workers-killed", 12), 12),
    )
    return report(seen)


def inconclusive() -> Report:
    """The stream broke off, and nobody knows why."""
    return report(findings(sample(), ending=Ending(None, None, "the connection was lost")))


def entry(pod: str, found: Report | None = None, **values: Any) -> Entry:
    return Entry("default", pod, "app", "node-1", found, **values)


def fleet(*entries: Entry, expectation: Expectation | None = None) -> FleetReport:
    made = FleetReport(entries)
    return made.expecting(expectation) if expectation else made
