"""A run over several targets as one self-contained HTML page: a summary, then a section each."""

from collections.abc import Iterator

from kubectl_stress.formats.html.document import document, section, table
from kubectl_stress.formats.html.markup import Markup, clipped, el
from kubectl_stress.formats.html.page import badge, evidence
from kubectl_stress.formats.html.small_multiples import small_multiples
from kubectl_stress.plan.decide import summary
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.fleet_report import SCHEMA, Entry, FleetReport

_HEADS = ("pod", "container", "node", "verdict", "peak", "OOM kills", "restarts")
_MOST_CHARACTERS = 400


def fleet_page(fleet: FleetReport) -> str:
    """The whole document."""
    entries = fleet.worst_first
    return document(
        fleet.sentence,
        el("header", el("h1", "kubectl stress"), el("p", fleet.sentence, class_="sentence")),
        section("Targets", table(_HEADS, (_row(entry) for entry in entries))),
        section("Usage over time", small_multiples(entries)),
        *_sections(entries),
        el("footer", f"kubectl stress · {SCHEMA}"),
    )


def _row(entry: Entry) -> tuple[str, ...]:
    replaced = f" (replaces {entry.replaces.pod})" if entry.replaces else ""
    pod = f"{entry.namespace}/{entry.pod}{replaced}"
    where = (pod, entry.container or "-", entry.node or "-", entry.outcome)
    if entry.report is None:
        return (*where, "-", "-", "-")
    kills = entry.report.oom_kills
    return (
        *where,
        format_bytes(entry.report.findings.samples.peak_usage_bytes),
        "unknown" if kills is None else str(kills),
        str(entry.report.restarts),
    )


def _sections(entries: list[Entry]) -> Iterator[Markup]:
    for entry in entries:
        words = el("p", clipped(entry.sentence, _MOST_CHARACTERS), class_="sentence")
        if entry.report is None:
            yield section(f"{entry.pod}: {entry.outcome}", words)
        else:
            load = el("p", summary(entry.report.plan), class_="where")
            mark = el("p", badge(entry.report))
            yield section(entry.pod, mark, words, load, evidence(entry.report))
