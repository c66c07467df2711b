"""A run over several targets as JUnit XML: a test case each. Pure."""

from xml.etree import ElementTree as ET

from kubectl_stress.formats.junit import case_of, properties, seconds_of, suites
from kubectl_stress.formats.report_text import render
from kubectl_stress.plan.decide import command_of
from kubectl_stress.results.fleet_report import Entry, FleetReport
from kubectl_stress.verdict.outcome import INTERRUPTED


def fleet_junit(fleet: FleetReport) -> str:
    """The document; a target that was not loaded is an error."""
    took = [seconds_of(entry.report) for entry in fleet.entries if entry.report]
    specs = [entry.report.plan.spec for entry in fleet.entries if entry.report]
    command = command_of(specs[0]) if specs else "mem"
    cases = [_case(entry) for entry in fleet.entries]
    return suites(cases, max(took, key=float, default="0"), command=command)


def _case(entry: Entry) -> ET.Element:
    case = _case_alone(entry)
    if entry.replaces is not None:
        case.insert(0, properties({"replaces": entry.replaces.pod}))
    return case


def _case_alone(entry: Entry) -> ET.Element:
    if entry.report is not None:
        return case_of(entry.report, text=render(entry.report, "wide"))
    where = f"{entry.namespace}.{entry.pod}"
    case = ET.Element("testcase", classname=where, name=entry.container or entry.pod, time="0")
    is_said = entry.outcome == INTERRUPTED  # by the text itself
    message = entry.problem if is_said else f"{entry.outcome}: {entry.problem}"
    ET.SubElement(case, "error", type=entry.outcome, message=message)
    return case
