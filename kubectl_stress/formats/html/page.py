"""A report as one self-contained HTML page: verdict, picture, evidence and tables."""

from kubectl_stress.agent.samples import Sample
from kubectl_stress.formats.html.chart import pictures
from kubectl_stress.formats.html.document import document, section, table
from kubectl_stress.formats.html.markup import Markup, clipped, el, joined
from kubectl_stress.plan.decide import summary
from kubectl_stress.quantity import format_bytes, format_duration
from kubectl_stress.results.report import SCHEMA, Report
from kubectl_stress.text import moment
from kubectl_stress.verdict.meanings import MEANINGS
from kubectl_stress.verdict.outcome import Outcome

_MOST_CHANGES, _MOST_CHARACTERS = 100, 240

_MOODS = {
    Outcome.SURVIVED: "good",
    Outcome.LOAD_OOM_KILLED: "fair",
    Outcome.READINESS_LOST: "fair",
    Outcome.THROTTLED: "fair",
    Outcome.INCONCLUSIVE: "open",
}


def page(report: Report) -> str:
    """The whole document."""
    target = report.plan.target
    title = f"{report.verdict.outcome.value}: {target.namespace}/{target.pod}"
    return document(
        title,
        _verdict(report),
        *pictures(report),
        evidence(report),
        section("What it means, and what to do", el("p", MEANINGS[report.verdict.outcome])),
        section("Memory", table(_MEMORY_HEADS, _memory(report))),
        _processes(report),
        _happened(report),
        section("Run", _facts(report)),
        el("footer", f"kubectl stress · {SCHEMA}"),
    )


def _verdict(report: Report) -> Markup:
    target = report.plan.target
    where = f"container {target.container} of pod {target.namespace}/{target.pod}"
    return el(
        "header",
        el("p", where, class_="where"),
        el("h1", badge(report)),
        el("p", report.verdict.sentence, class_="sentence"),
    )


def badge(report: Report) -> Markup:
    """The outcome in its colour, and whether it is as expected."""
    outcome = report.verdict.outcome
    mood = _MOODS.get(outcome, "bad")
    expected = Markup()
    if report.expectation is not None:
        is_met = report.is_as_expected
        words = f"{'as' if is_met else 'not as'} expected: {report.expectation.value}"
        expected = el("span", words, class_=f"badge {'good' if is_met else 'bad'}")
    return joined(el("span", outcome.value, class_=f"badge {mood}"), expected)


def evidence(report: Report) -> Markup:
    """The facts that the verdict rests on, in order of time."""
    facts = sorted(report.verdict.evidence, key=lambda fact: fact.at_ms)
    rows = [(moment(f.at_ms), f.source, clipped(f.text, _MOST_CHARACTERS)) for f in facts]
    return section("Evidence", table(("time", "source", "fact"), rows)) if rows else Markup()


_MEMORY_HEADS = ("", "before", "peak", "last")
_MEMORY_ROWS = (
    ("usage", "usage_bytes"),
    ("working set", "working_set_bytes"),
    ("inactive file", "inactive_file_bytes"),
    ("anon", "anon_bytes"),
    ("file", "file_bytes"),
    ("kernel", "kernel_bytes"),
    ("swap", "swap_bytes"),
)


def _memory(report: Report) -> list[tuple[str, ...]]:
    series = report.findings.samples
    points = (series.first, series.peak, report.findings.afterwards or series.last)
    rows = [(word, *(_size(point, field) for point in points)) for word, field in _MEMORY_ROWS]
    held = (format_bytes(point.held_bytes if point else None) for point in points)
    known = [row for row in rows if set(row[1:]) != {"-"}]
    return [*known, ("load", *held)]


def _size(sample: Sample | None, field: str) -> str:
    return format_bytes(getattr(sample.memory, field) if sample else None)


def _processes(report: Report) -> Markup:
    if not report.processes:
        return Markup()
    rows = [
        (
            str(process.pid),
            process.command,
            process.shown_role,
            format_bytes(process.rss_bytes),
            "-" if process.oom_score_adj is None else str(process.oom_score_adj),
            format_bytes(process.badness_bytes),
            "dies first" if process.pid == report.first_victim_pid else "",
        )
        for process in report.processes[:20]
    ]
    heads = ("pid", "command", "role", "rss", "oom_score_adj", "badness", "")
    return section("Processes", table(heads, rows))


def _happened(report: Report) -> Markup:
    changes = report.findings.changes
    if not changes:
        return Markup()
    shown = changes[:_MOST_CHANGES]
    rows = [(moment(c.at_ms), c.source, clipped(c.text, _MOST_CHARACTERS)) for c in shown]
    left_out = len(changes) - len(shown)
    more = el("p", f"and {left_out} more in -o json") if left_out else Markup()
    return section("What happened", table(("time", "source", "what"), rows), more)


def _facts(report: Report) -> Markup:
    target, hello = report.plan.target, report.findings.hello
    schedule = report.plan.spec.schedule
    version = hello.cgroup_version if hello else None
    facts = {
        "node": target.node,
        "image": target.image,
        "QoS class": target.qos_class,
        "limit": format_bytes(target.limit_bytes),
        "request": format_bytes(target.request_bytes),
        "pod limit": format_bytes(target.pod_limit_bytes),
        "probes": ", ".join(target.probes) or "none",
        "load": summary(report.plan),
        "ramp and hold": f"{format_duration(schedule.ramp_ms)}, "
        f"{format_duration(schedule.duration_ms)}",
        "cgroup": "unknown" if version is None else f"v{version}",
        "loads started": str(report.findings.loads),
        "restarts": f"{report.before.restart_count} → {report.after.restart_count}",
        "OOM kills counted": "unknown" if report.oom_kills is None else str(report.oom_kills),
        "ephemeral container": report.holder,
    }
    pairs = (el("div", el("dt", name), el("dd", text or "-")) for name, text in facts.items())
    return el("dl", joined(*pairs))
