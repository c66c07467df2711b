"""What a search found as JUnit XML: one test case. Pure.

Less survived than expected is a failure; an answer without a number an error.
"""

from xml.etree import ElementTree as ET

from kubectl_stress.formats.junit import properties, suites
from kubectl_stress.results.limit_result import LimitResult


def limit_junit(result: LimitResult, *, text: str) -> str:
    """The document; `text` is the result for a person, kept as the output of the test case."""
    is_failed = result.is_as_expected is False
    is_open = not result.answer.has_number and not is_failed
    seconds = f"{sum(one.took_ms for one in result.tries) / 1000:.3f}"
    where = f"{result.target.namespace}.{result.target.pod}"
    name = f"{result.target.container}: find-limit"
    case = ET.Element("testcase", classname=where, name=name, time=seconds)
    if is_failed or is_open:
        kind = "failure" if is_failed else "error"
        ET.SubElement(case, kind, type=result.answer.kind.value, message=result.answer.sentence)
    ET.SubElement(case, "system-out").text = text
    return suites([case], seconds, _properties(result), command="find-limit")


def _properties(result: LimitResult) -> ET.Element:
    found, answer = result.recommendation, result.answer
    suffix = result.settings.unit.suffix
    values = {
        "answer": answer.kind.value,
        f"limit_{suffix}": result.settings.limit,
        f"survived_{suffix}": answer.survived,
        f"failed_{suffix}": answer.failed,
        "cause": answer.cause.value if answer.cause else None,
        f"minimal_limit_{suffix}": found.minimal if found else None,
        f"recommended_limit_{suffix}": found.recommended if found else None,
        f"expected_{suffix}": result.expected,
        "restarts": result.restarts,
    }
    return properties(values)
