"""A report as text, in each of the formats. Computes nothing and reads nothing."""

from kubectl_stress.agent.cpu_use import held_use
from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import folded
from kubectl_stress.formats.process_table import outside_processes, process_table
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.formats.tables import target_table
from kubectl_stress.plan.gauge import Row
from kubectl_stress.plan.gauges import has_victims
from kubectl_stress.plan.guards import POD_LEVEL_ONLY
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.report import Report, difference, under_load
from kubectl_stress.targets.changes import ChangeKind
from kubectl_stress.text import log_line
from kubectl_stress.verdict.findings import of_kind

# Where the text of a fact begins: after its moment and its source.
_FACT_INDENT = 20


def render(report: Report, output: str, *, width: int | None = None) -> str:
    """The report in one of FORMATS; jsonl is its last line, after samples and changes."""
    if output in DATA_FORMATS:
        return serialize(_document(report), output)
    return _for_a_person(report, wide=output == "wide", width=width)


def _document(report: Report) -> Document:
    whole = report.to_dict()
    names = [f"pod/{report.plan.target.pod}"]
    return Document(whole, [{"type": "report", **whole}], [whole], names)


def report_row(report: Report) -> Row:
    """The target's row at the end of the run."""
    findings = report.findings
    is_gone = bool(of_kind(findings, ChangeKind.DELETED))
    sample = None if is_gone else findings.afterwards or findings.samples.last
    return Row(
        target=report.plan.target,
        status=report.after,
        sample=sample,
        node_available_bytes=sample.node_available_bytes if sample else None,
        peak_usage_bytes=findings.samples.peak_usage_bytes,
        oom_kills=report.oom_kills,
        cpu=held_use(findings.samples.samples),
        spec=report.plan.spec,
        held=under_load(findings.samples),
        is_gone=is_gone,
    )


def _for_a_person(report: Report, *, wide: bool, width: int | None) -> str:
    parts = [target_table([report_row(report)], wide=wide, width=width)]
    if has_victims(report.plan.spec):
        parts += [_processes(report, width)] if report.processes else []
        parts.append(folded(_before_and_after(report), width))
    parts.append(verdict_text(report, width=width))
    return "\n\n".join(part for part in parts if part)


def _processes(report: Report, width: int | None) -> str:
    """The table under the full load, and what the samples of that time say beside it."""
    text = process_table(report.processes, victim_pid=report.first_victim_pid, width=width)
    held = under_load(report.findings.samples)
    note = outside_processes(report.processes, held.memory) if held else None
    return f"{text}\n{folded(note, width)}" if note else text


def _before_and_after(report: Report) -> str:
    """Where the difference in usage comes from: the load, page tables and other kernel memory."""
    series = report.findings.samples
    before, under, found = series.first, under_load(series), difference(series)
    if before is None or under is None:
        return ""
    parts = [
        f"{part} {'+' if found[key] >= 0 else ''}{format_bytes(found[key])}"
        for part, key in ((part, f"{part}_bytes") for part in ("anon", "kernel", "file"))
        if key in found
    ]
    usage = f"{format_bytes(before.memory.usage_bytes)} → {format_bytes(under.memory.usage_bytes)}"
    return f"usage {usage} under the load ({', '.join(parts)})"


def verdict_text(report: Report, *, width: int | None = None) -> str:
    """The verdict with its evidence in order of time, a line a fact."""
    verdict = report.verdict
    head = f"VERDICT  {verdict.outcome.value}: {verdict.sentence}"
    facts = sorted(verdict.evidence, key=lambda fact: fact.at_ms)
    lines = [f"  {log_line(fact.at_ms, f'{fact.source:<7} {fact.text}')}" for fact in facts]
    return "\n".join(
        [
            folded(head, width, indent=9),
            *(folded(line, width, indent=_FACT_INDENT) for line in lines),
            *(folded(line, width, indent=4) for line in _circumstances(report)),
        ]
    )


def _circumstances(report: Report) -> list[str]:
    verdict, lines = report.verdict, list[str]()
    after, target = report.after, report.plan.target
    restarts = f"{report.before.restart_count} → {after.restart_count}"
    lines.append(f"  restarts {restarts}, container {after.container_id or target.container_id}")
    if report.plan.join is Join.POD:
        lines.append(f"  {POD_LEVEL_ONLY} (--join pod)")
    if report.expectation is not None:
        word = "as expected" if report.is_as_expected else "NOT as expected"
        lines.append(f"  {word} (--expect {report.expectation.value})")
    lines.append(f"  what it means: kubectl stress help {verdict.outcome.value}")
    return lines
