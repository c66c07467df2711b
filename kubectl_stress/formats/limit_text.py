"""What a search found, in each of the formats that commands share. Computes nothing."""

from collections.abc import Iterator

from kubectl_stress.formats.limit_plot import limit_plot
from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import folded, plain_table
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.plan.limit_patch import LimitPatch, PatchState
from kubectl_stress.quantity import format_bytes, format_duration, format_quantity
from kubectl_stress.results.limit_result import LimitResult, try_dict
from kubectl_stress.search.curve import Point, curve

HEADS = ("BALLAST", "OF LIMIT", "TRIES", "PEAK USAGE", "LEAST HEADROOM", "PSI FULL")
MORE_HEADS = ("LATENCY", "NOT READY", "PROBE FAILURES", "RESTARTS")
_PATCH_STATES = {
    PatchState.PASSED: "passed a server-side dry run; not applied",
    PatchState.REFUSED: "REFUSED by a server-side dry run",
    PatchState.UNCHECKED: "unchecked",
}


def render_limit(result: LimitResult, output: str, *, width: int | None = None) -> str:
    """The result in one of FORMATS."""
    if output in DATA_FORMATS:
        return serialize(_document(result), output)
    parts = [table(result, wide=output == "wide"), limit_plot(result, width=width or 100)]
    return "\n\n".join([*parts, answer_text(result, width=width)])


def _document(result: LimitResult) -> Document:
    whole = result.to_dict()
    tries = [try_dict(one) for one in result.tries]
    lines = [{"type": "limit", **whole}]
    return Document(whole, lines, tries, [f"pod/{result.target.pod}"])


def table(result: LimitResult, *, wide: bool) -> str:
    """A row a level, lowest first."""
    heads = (*HEADS, *(MORE_HEADS if wide else _shown_heads(result)))
    rows = [[cells(point, result)[head] for head in heads] for point in curve(result.tries)]
    return plain_table([heads, *rows])


def _shown_heads(result: LimitResult) -> tuple[str, ...]:
    """Columns that say something."""
    empty = {"-", "0", "0s"}
    points = [cells(point, result) for point in curve(result.tries)]
    return tuple(head for head in MORE_HEADS if {point[head] for point in points} - empty)


def cells(point: Point, result: LimitResult) -> dict[str, str]:
    """What a table shows of a level, by its heading."""
    pressure = point.pressure_full_percent
    return {
        "BALLAST": format_bytes(point.level_bytes),
        "OF LIMIT": f"{100 * point.level_bytes / result.settings.limit_bytes:.1f}%",
        "TRIES": point.words,
        "PEAK USAGE": format_bytes(point.peak_usage_bytes),
        "LEAST HEADROOM": format_bytes(point.least_headroom_bytes),
        "PSI FULL": "-" if pressure is None else f"{pressure:.1f}%",
        "LATENCY": "-" if point.latency_ms is None else f"{point.latency_ms} ms",
        "NOT READY": "-" if not point.not_ready_ms else format_duration(point.not_ready_ms),
        "PROBE FAILURES": str(point.probe_failures),
        "RESTARTS": str(point.restarts),
    }


def answer_text(result: LimitResult, *, width: int | None = None) -> str:
    """The answer, what follows from it, and under which circumstances it was seen."""
    head = f"ANSWER  {result.answer.kind.value}: {result.answer.sentence}"
    lines = [folded(head, width, indent=8)]
    lines += [folded(f"  {line}", width, indent=4) for line in facts(result)]
    return "\n".join([*lines, *_patch_lines(result)])


def facts(result: LimitResult) -> Iterator[str]:
    """What follows from the answer, a sentence each."""
    found, answer = result.recommendation, result.answer
    evidence = next((t for t in result.tries if t.level_bytes == answer.failed_bytes), None)
    if evidence is not None:
        yield f"at {format_bytes(evidence.level_bytes)}: {evidence.evidence}"
    if found is not None:
        limit = format_bytes(result.settings.limit_bytes)
        yield f"the app lived with {format_bytes(found.minimal_bytes)} of its limit {limit}"
        quantity = format_quantity(found.recommended_bytes)
        more = ", more than it has now" if _is_more(result) else ""
        yield f"recommended limit {quantity}{more}: {found.arithmetic}"
    elif answer.survived_bytes is not None and answer.failed_bytes is not None:
        low, high = format_bytes(answer.survived_bytes), format_bytes(answer.failed_bytes)
        yield f"the boundary is between {low} and {high} of ballast, as far as anybody knows"
    yield circumstances(result)
    if result.expected_bytes is not None:
        wanted = format_quantity(result.expected_bytes)
        word = {True: "as expected", False: "NOT as expected", None: "not known"}
        yield f"{word[result.is_as_expected]} (--expect-at-least {wanted})"


def _is_more(result: LimitResult) -> bool:
    found = result.recommendation
    return found is not None and found.recommended_bytes > result.settings.limit_bytes


def circumstances(result: LimitResult) -> str:
    """When it was seen, and what it cost."""
    count, restarts = len(result.tries), result.restarts
    cost = f"{count} tries of {format_duration(result.settings.hold_ms)}, {restarts} restarts"
    if not result.first_ms:
        return cost
    first, last = (clock_time(ms) for ms in (result.first_ms, result.last_ms))
    return f"under what this pod did between {first} and {last} UTC; {cost}"


def clock_time(time_ms: int) -> str:
    """Hours and minutes of the node's wall clock, in UTC."""
    minutes = time_ms // 60_000
    return f"{minutes // 60 % 24:02}:{minutes % 60:02}"


def patch_state(patch: LimitPatch) -> str:
    """What a dry run said, with the server's words where it did not pass."""
    return _PATCH_STATES[patch.state] + (f": {patch.why}" if patch.why else "")


def _patch_lines(result: LimitResult) -> Iterator[str]:
    for patch in result.patches:
        yield f"  patch of {patch.kind}/{patch.name} ({patch_state(patch)}):"
        yield f"    {patch.command}"
