"""A report over several targets as text, in each of the formats. Computes nothing."""

from collections.abc import Iterator, Sequence

from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import folded, plain_table
from kubectl_stress.formats.report_text import report_row, verdict_text
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.formats.tables import columns_of
from kubectl_stress.plan.gauge import Column
from kubectl_stress.results.fleet_report import Entry, FleetReport, entry_dict
from kubectl_stress.text import few_of

_SHOWN = (
    *("USAGE%", "LIMIT", "LOAD", "PEAK", "OOM KILLS"),
    *("CPU%", "CPU LIMIT", "CPU LOAD", "THROTTLED"),
    *("RESTARTS", "READY"),
)
# The first to go where the terminal is narrow.
_OPTIONAL = (
    *("READY", "LIMIT", "CPU LIMIT", "PEAK", "NODE", "REPLACES"),
    *("LOAD", "CPU LOAD", "USAGE%", "CPU%", "OOM KILLS", "THROTTLED"),
)
_MOST_EVIDENCE = 3


def render_fleet(fleet: FleetReport, output: str, *, width: int | None = None) -> str:
    """The report in one of FORMATS; jsonl is its last line, after samples and changes."""
    if output in DATA_FORMATS:
        return serialize(_document(fleet), output)
    parts = [entry_table(fleet.worst_first, width=width), *_evidence(fleet, output, width)]
    parts.append(verdict_of_run(fleet, width=width))
    return "\n\n".join(part for part in parts if part)


def _document(fleet: FleetReport) -> Document:
    whole = fleet.to_dict()
    rows = [entry_dict(entry) for entry in fleet.entries]
    # A pod that never came goes by its owner, like deployment/web.
    names = [entry.pod if "/" in entry.pod else f"pod/{entry.pod}" for entry in fleet.entries]
    return Document(whole, [{"type": "fleet-report", **whole}], rows, names)


def entry_table(entries: Sequence[Entry], *, width: int | None = None) -> str:
    """One row a target, in this order; columns go until it fits `width`."""
    known = columns_of([report_row(one.report) for one in entries if one.report])
    columns = [column for column in known if column.heading in _SHOWN]
    headings = [*_where_headings(entries), "NODE", "VERDICT", *(c.heading for c in columns)]
    rows = [_cells(entry, headings, columns) for entry in entries]
    leaving = [heading for heading in _OPTIONAL if heading in headings]
    text = plain_table([headings, *rows])
    while width is not None and leaving and _widest(text) > width:
        place = headings.index(leaving.pop(0))
        headings = [*headings[:place], *headings[place + 1 :]]
        rows = [[*row[:place], *row[place + 1 :]] for row in rows]
        text = plain_table([headings, *rows])
    return text


def _where_headings(entries: Sequence[Entry]) -> list[str]:
    """The namespace where there are several, and the container where the pod does not tell it."""
    headings = ["POD"]
    if len({entry.namespace for entry in entries}) > 1:
        headings.insert(0, "NAMESPACE")
    places = {(entry.namespace, entry.pod, entry.container) for entry in entries}
    if len({place[:2] for place in places}) < len(places):
        headings.append("CONTAINER")
    if any(entry.replaces for entry in entries):
        headings.append("REPLACES")
    return headings


def _cells(entry: Entry, headings: Sequence[str], columns: Sequence[Column]) -> list[str]:
    values = {
        "NAMESPACE": entry.namespace,
        "POD": entry.pod,
        "CONTAINER": entry.container or "-",
        "REPLACES": entry.replaces.pod if entry.replaces else "-",
        "NODE": entry.node or "-",
        "VERDICT": entry.outcome,
    }
    if entry.report is not None:
        row = report_row(entry.report)
        values |= {column.heading: column.cell(row) for column in columns}
    return [values.get(heading, "-") for heading in headings]


def _widest(text: str) -> int:
    return max(len(line) for line in text.splitlines())


def _evidence(fleet: FleetReport, output: str, width: int | None) -> Iterator[str]:
    """Of what needs a look: the whole verdicts, with `-o wide` of all of them.

    What an interrupted load has to tell beyond that stands in its row.
    """
    is_wide = output == "wide"
    looked_at = [
        entry
        for entry in fleet.worst_first
        if entry.report and entry.needs_a_look and (is_wide or not entry.report.is_cut_short)
    ]
    shown = looked_at if is_wide else looked_at[:_MOST_EVIDENCE]
    for entry in shown:
        assert entry.report is not None
        yield f"{entry.pod}:\n{verdict_text(entry.report, width=width)}"
    if len(shown) < len(looked_at):
        yield _more(len(looked_at) - len(shown))
    yield "\n".join(folded(line, width) for line in _problems(fleet.worst_first))


def _more(count: int) -> str:
    what = "verdict with its" if count == 1 else "verdicts with their"
    return f"{count} more {what} evidence: -o wide"


def _problems(entries: Sequence[Entry]) -> Iterator[str]:
    """Each reason once, with the pods that it kept from being loaded."""
    pods_by_problem: dict[str, list[str]] = {}
    for entry in entries:
        if entry.problem:
            pods_by_problem.setdefault(entry.problem, []).append(entry.pod)
    yield from (f"{few_of(pods)}: {problem}" for problem, pods in pods_by_problem.items())


def verdict_of_run(fleet: FleetReport, *, width: int | None = None) -> str:
    """The verdict of the run, and of which pods it is not as it should be."""
    lines = [f"VERDICT  {fleet.sentence}"]
    for outcome in fleet.outcomes:
        pods = [e.pod for e in fleet.worst_first if e.outcome == outcome and e.needs_a_look]
        if pods:
            lines.append(f"  {outcome}: {few_of(pods, 10)}")
    lines += [
        f"  every target on node {node} is inconclusive: the node itself may be down"
        for node in fleet.silent_nodes
        if node not in fleet.lost_nodes
    ]
    lines += [f"  node {node} became NotReady during the run" for node in fleet.lost_nodes]
    return "\n".join(folded(line, width, indent=4) for line in lines)
