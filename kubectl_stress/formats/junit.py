"""A report as JUnit XML, for the test view of a CI: one test case a target. Pure.

The shape is what Jenkins, GitLab and GitHub's reporters read alike: the expectation not met is a
failure, an inconclusive run an error.
"""

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from kubectl_stress.plan.decide import asked_sizes, command_of
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.report import Report
from kubectl_stress.text import moment
from kubectl_stress.verdict.outcome import Outcome


def junit(report: Report, *, text: str) -> str:
    """The document; `text` is the report for a person, kept as the output of the test case."""
    command = command_of(report.plan.spec)
    case = case_of(report, text=text)
    return suites([case], seconds_of(report), _properties(report), command=command)


def suites(
    cases: Sequence[ET.Element], seconds: str, *before: ET.Element, command: str = "mem"
) -> str:
    """The document of these test cases."""
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "time": seconds,
    }
    root = ET.Element("testsuites", {"name": "kubectl stress", **counts})
    suite = ET.SubElement(root, "testsuite", {"name": f"kubectl stress {command}", **counts})
    suite.extend([*before, *cases])
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


def case_of(report: Report, *, text: str) -> ET.Element:
    """One target: a failure where it is not as expected, an error where nobody can tell."""
    is_error = report.verdict.outcome is Outcome.INCONCLUSIVE or report.findings.interrupted
    case = _case(report)
    if is_error or report.is_as_expected is False:
        outcome, sentence = report.verdict.outcome.value, report.verdict.sentence
        kind = "error" if is_error else "failure"
        found = ET.SubElement(case, kind, type=outcome, message=f"{outcome}: {sentence}")
        found.text = "\n".join(_facts(report))
    ET.SubElement(case, "system-out").text = text
    return case


def seconds_of(report: Report) -> str:
    """How long the run took, by its last change or reading."""
    last = report.findings.samples.last
    ends = [change.at_ms for change in report.findings.changes]
    ends += [report.findings.ending.at_ms, last.at_ms if last else 0]
    return f"{max(ends) / 1000:.3f}"


def _case(report: Report) -> ET.Element:
    target, spec = report.plan.target, report.plan.spec
    duration = format_duration(spec.schedule.duration_ms)
    name = f"{target.container}: {asked_sizes(spec)} for {duration}"
    if report.expectation is not None:
        name += f", expected {report.expectation.value}"
    where = f"{target.namespace}.{target.pod}"
    return ET.Element("testcase", classname=where, name=name, time=seconds_of(report))


def _properties(report: Report) -> ET.Element:
    target = report.plan.target
    values = {
        "outcome": report.verdict.outcome.value,
        "node": target.node,
        "image": target.image,
        "limit_bytes": target.limit_bytes,
        "size_bytes": report.plan.size_bytes,
        "peak_usage_bytes": report.findings.samples.peak_usage_bytes,
        "restarts": report.restarts,
    }
    return properties(values)


def properties(values: Mapping[str, object]) -> ET.Element:
    """What is known of these."""
    found = ET.Element("properties")
    for name, value in values.items():
        if value is not None:
            ET.SubElement(found, "property", name=name, value=str(value))
    return found


def _facts(report: Report) -> list[str]:
    return [f"{moment(fact.at_ms)} {fact.source}: {fact.text}" for fact in report.verdict.evidence]
