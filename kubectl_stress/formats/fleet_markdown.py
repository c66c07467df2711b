"""A run over several targets as Markdown: a summary, and a folded section each. Pure."""

from collections.abc import Iterator

from kubectl_stress.formats.markdown import code, folded_away, markdown, markdown_table, plain
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.fleet_report import Entry, FleetReport

_HEADS = ("pod", "node", "verdict", "peak", "restarts", "")
# A comment on a pull request takes 65,536 characters.
_MOST_SECTIONS = 20


def fleet_markdown(fleet: FleetReport) -> str:
    """What needs a look comes first, in the table and in the sections."""
    entries = fleet.worst_first
    parts = [
        f"### kubectl stress: {plain(fleet.sentence)}",
        markdown_table(_HEADS, [_row(entry) for entry in entries]),
        *_sections(entries),
    ]
    return "\n\n".join(parts)


def _row(entry: Entry) -> tuple[str, ...]:
    report = entry.report
    peak = format_bytes(report.findings.samples.peak_usage_bytes) if report else "-"
    look = "**look**" if entry.needs_a_look else ""
    restarts = str(report.restarts) if report else "-"
    pod = code(f"{entry.namespace}/{entry.pod}")
    if entry.replaces:
        pod += f" (replaces {code(entry.replaces.pod)})"
    return (pod, code(entry.node or "-"), plain(entry.outcome), peak, restarts, look)


def _sections(entries: list[Entry]) -> Iterator[str]:
    for entry in entries[:_MOST_SECTIONS]:
        body = markdown(entry.report) if entry.report else plain(entry.problem)
        yield folded_away(f"{entry.pod}: {entry.outcome}", body)
    if len(entries) > _MOST_SECTIONS:
        yield f"and {len(entries) - _MOST_SECTIONS} more in `-o json`"
