"""A report as Markdown, for a comment on a pull request. Pure.

Words from outside (names, events, commands) stand in code spans, where they can neither format,
link, nor notify anybody.
"""

import re
from collections.abc import Sequence

from kubectl_stress.plan.decide import asked_sizes, limits, size_notes
from kubectl_stress.quantity import format_bytes, format_duration
from kubectl_stress.results.report import Report
from kubectl_stress.text import moment

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|<>~$&])")


def markdown(report: Report) -> str:
    """A heading with the verdict, its evidence, and the numbers folded away below."""
    parts = [
        f"### kubectl stress: {report.verdict.outcome.value}{_expected(report)}",
        plain(report.verdict.sentence),
        _target(report),
        markdown_table(("time", "source", "evidence"), _evidence(report)),
        folded_away("Memory", markdown_table(("", "before", "peak", "last"), _memory(report))),
    ]
    if report.processes:
        parts.append(folded_away("Processes", markdown_table(_PROCESS_HEADS, _processes(report))))
    return "\n\n".join(part for part in parts if part)


def _expected(report: Report) -> str:
    if report.expectation is None:
        return ""
    word = "as expected" if report.is_as_expected else "**not** as expected"
    return f" ({word}: {report.expectation.value})"


def _target(report: Report) -> str:
    target, spec = report.plan.target, report.plan.spec
    where = f"{target.namespace}/{target.pod}"
    return (
        f"Container {code(target.container)} of pod {code(where)}, "
        f"{limits(report.plan)}, {plain(target.qos_class)}; load "
        f"{code(asked_sizes(spec))} = {plain(size_notes(report.plan))} for "
        f"{format_duration(spec.schedule.duration_ms)}; restarts {report.before.restart_count} → "
        f"{report.after.restart_count}."
    )


def _evidence(report: Report) -> list[tuple[str, ...]]:
    return [
        (moment(fact.at_ms), plain(fact.source), code(fact.text))
        for fact in sorted(report.verdict.evidence, key=lambda fact: fact.at_ms)
    ]


def _memory(report: Report) -> list[tuple[str, ...]]:
    series = report.findings.samples
    points = (series.first, series.peak, report.findings.afterwards or series.last)
    rows = [
        (word, *(format_bytes(getattr(point.memory, field) if point else None) for point in points))
        for word, field in (
            ("usage", "usage_bytes"),
            ("working set", "working_set_bytes"),
            ("inactive file", "inactive_file_bytes"),
            ("anon", "anon_bytes"),
            ("kernel", "kernel_bytes"),
        )
    ]
    held = (format_bytes(point.held_bytes if point else None) for point in points)
    known = [row for row in rows if set(row[1:]) != {"-"}]
    return [*known, ("load", *held)]


_PROCESS_HEADS = ("pid", "command", "role", "rss", "oom_score_adj", "badness", "")


def _processes(report: Report) -> list[tuple[str, ...]]:
    return [
        (
            str(process.pid),
            code(process.command),
            plain(process.shown_role),
            format_bytes(process.rss_bytes),
            "-" if process.oom_score_adj is None else str(process.oom_score_adj),
            format_bytes(process.badness_bytes),
            "dies first" if process.pid == report.first_victim_pid else "",
        )
        for process in report.processes[:8]
    ]


def markdown_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty without rows."""
    if not rows:
        return ""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def folded_away(title: str, body: str) -> str:
    """What only opens on a click."""
    return f"<details><summary>{title}</summary>\n\n{body}\n\n</details>"


def plain(text: str) -> str:
    """Text that formats nothing and, with the empty comment, notifies nobody."""
    return _SPECIAL.sub(r"\\\1", text).replace("@", "@<!-- -->")


def code(text: str) -> str:
    """A code span, whatever backticks are in it; a bar would end a cell even there."""
    shown = text.replace("|", "\\|") or "-"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence, space = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{space}{shown}{space}{fence}"
