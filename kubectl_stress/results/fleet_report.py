"""The one result value of a run over several targets, and its JSON form. Pure: no I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from kubectl_stress.errors import Interrupted, StressError, worst_exit_code
from kubectl_stress.results.report import INCONCLUSIVE_CODE, Report
from kubectl_stress.targets.api_events import NODE_LOST
from kubectl_stress.targets.place import Place, Replaced
from kubectl_stress.verdict.findings import events
from kubectl_stress.verdict.outcome import INTERRUPTED, NOT_LOADED, Expectation, Outcome

SCHEMA = "kubectl-stress/fleet-report/v1"
_WORSE = (
    INTERRUPTED,
    NOT_LOADED,
    Outcome.INCONCLUSIVE.value,
    Outcome.EVICTED.value,
    Outcome.GROUP_OOM_KILLED.value,
    Outcome.APP_OOM_KILLED.value,
    Outcome.LIVENESS_RESTARTED.value,
    Outcome.KUBELET_RESTARTED.value,
    Outcome.APP_EXITED.value,
    Outcome.READINESS_LOST.value,
    Outcome.THROTTLED.value,
    Outcome.LOAD_OOM_KILLED.value,
)


@dataclass(frozen=True)
class Followed:
    """What came of a pod that joined the run in the place of another one."""

    place: Place
    replaces: Replaced
    found: Report | StressError


@dataclass(frozen=True)
class Entry:
    """One target of the run: its report, or why there is none, with that error's exit code.

    One that was interrupted under its load has both: the report goes up to there.
    `replaces` is there where its pod joined the run in the place of another one.
    """

    namespace: str
    pod: str
    container: str
    node: str
    report: Report | None = None
    problem: str = ""
    problem_code: int = 0
    replaces: Replaced | None = None

    @classmethod
    def of(
        cls, place: Place, found: Report | StressError, replaces: Replaced | None = None
    ) -> "Entry":
        """The entry of a target, by what became of it."""
        where = (place.namespace, place.pod, place.container, place.node)
        if isinstance(found, StressError):
            problem, code = str(found), found.exit_code
            return cls(*where, problem=problem, problem_code=code, replaces=replaces)
        text = found.findings.interrupted
        code = Interrupted.exit_code if text else 0
        return cls(*where, report=found, problem=text, problem_code=code, replaces=replaces)

    @property
    def exit_code(self) -> int:
        """As for a run over this target alone."""
        return self.problem_code if self.report is None else self.report.exit_code

    @property
    def outcome(self) -> str:
        """The verdict's, or why there is no verdict, in a word."""
        if self.problem_code == Interrupted.exit_code:
            return INTERRUPTED
        if self.report is not None:
            return self.report.verdict.outcome.value
        is_open = self.problem_code == INCONCLUSIVE_CODE
        return Outcome.INCONCLUSIVE.value if is_open else NOT_LOADED

    @property
    def sentence(self) -> str:
        """The verdict's, or the error's."""
        return self.problem if self.report is None else self.report.verdict.sentence

    @property
    def needs_a_look(self) -> bool:
        """Whether it is what nobody hoped for: not as expected, or, without a word on that, hit."""
        if self.report is None or self.exit_code:
            return True
        if self.report.expectation is not None:
            return False
        return self.report.verdict.outcome is not Outcome.SURVIVED


@dataclass(frozen=True)
class FleetReport:
    """What was found, a target each, in the order in which they were named."""

    entries: tuple[Entry, ...]
    expectation: Expectation | None = None

    @property
    def exit_code(self) -> int:
        """The worst of all."""
        return worst_exit_code({entry.exit_code for entry in self.entries})

    @property
    def outcomes(self) -> dict[str, int]:
        """How many targets had each outcome, the most frequent first."""
        counts: dict[str, int] = {}
        for entry in self.entries:
            counts[entry.outcome] = counts.get(entry.outcome, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    @property
    def worst_first(self) -> list[Entry]:
        """What needs a look on top, and among those the worse."""
        return sorted(self.entries, key=_badness)

    @property
    def silent_nodes(self) -> list[str]:
        """Nodes of which nothing is known of any of their targets, where others are known."""
        outcomes: dict[str, list[str]] = {}
        for entry in self.entries:
            outcomes.setdefault(entry.node, []).append(entry.outcome)
        unknown = Outcome.INCONCLUSIVE.value
        silent = [n for n, found in outcomes.items() if len(found) > 1 and set(found) == {unknown}]
        return silent if len(silent) < len(outcomes) else []

    @property
    def lost_nodes(self) -> list[str]:
        """Nodes that became NotReady during the run, as an event of one of their pods says."""
        lost = [
            entry.node
            for entry in self.entries
            if entry.report is not None and events(entry.report.findings, NODE_LOST)
        ]
        return list(dict.fromkeys(lost))

    @property
    def sentence(self) -> str:
        """The verdict of the run, in a sentence."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.outcomes.items())
        text = f"{len(self.entries)} target{'s'[: len(self.entries) != 1]}: {counts}"
        if self.expectation is None:
            return text
        met = sum(1 for e in self.entries if e.report is not None and e.report.is_as_expected)
        return f"{text}; {met} as expected ({self.expectation.value})"

    def expecting(self, expectation: Expectation) -> "FleetReport":
        """The same run, measured by another expectation."""
        entries = (
            replace(entry, report=replace(entry.report, expectation=expectation))
            if entry.report
            else entry
            for entry in self.entries
        )
        return FleetReport(tuple(entries), expectation)

    def to_dict(self) -> dict[str, Any]:
        """The report for `-o json` and `-o yaml`; each target's is as that of a run over it."""
        return {
            "schema": SCHEMA,
            "summary": {
                "targets": len(self.entries),
                "outcomes": self.outcomes,
                "expected": self.expectation.value if self.expectation else None,
                "exit_code": self.exit_code,
            },
            "targets": [entry_dict(entry) for entry in self.entries],
        }


def fleet_report(
    places: Iterable[Place],
    found: Sequence[Report | StressError],
    expectation: Expectation | None,
    followed: Iterable[Followed] = (),
) -> FleetReport:
    """The report of a run over these targets, in their order; then of those that joined it."""
    entries = [Entry.of(place, one) for place, one in zip(places, found, strict=True)]
    entries += [Entry.of(one.place, one.found, one.replaces) for one in followed]
    return FleetReport(tuple(entries), expectation)


def entry_dict(entry: Entry) -> dict[str, Any]:
    """One target: `report` is null where there is `error`, unless its load was interrupted."""
    return {
        "namespace": entry.namespace,
        "pod": entry.pod,
        "container": entry.container,
        "node": entry.node,
        "outcome": entry.outcome,
        "exit_code": entry.exit_code,
        "error": entry.problem or None,
        "report": entry.report.to_dict() if entry.report else None,
        "replaces": asdict(entry.replaces) if entry.replaces else None,
    }


def _badness(entry: Entry) -> tuple[bool, int]:
    rank = _WORSE.index(entry.outcome) if entry.outcome in _WORSE else len(_WORSE)
    return (not entry.needs_a_look, rank)
