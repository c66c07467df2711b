"""What a search found, in each of the formats that commands share. Computes nothing."""

from collections.abc import Iterator

from kubectl_stress.formats.limit_plot import limit_plot
from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import folded, plain_table
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.plan.limit_patch import LimitPatch, PatchState
from kubectl_stress.quantity import format_duration
from kubectl_stress.results.limit_result import LimitResult, try_dict
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.confidence import PERCENT
from kubectl_stress.search.curve import Point, curve
from kubectl_stress.search.tries import Mark, Try

_MORE_HEADS = ("LATENCY", "NOT READY", "PROBE FAILURES", "RESTARTS")
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
    tries = [try_dict(one, result.settings.resource) for one in result.tries]
    lines = [{"type": "limit", **whole}]
    return Document(whole, lines, tries, [f"pod/{result.target.pod}"])


def table(result: LimitResult, *, wide: bool) -> str:
    """A row a level, lowest first."""
    heads = _heads(result, _MORE_HEADS if wide else _shown_heads(result))
    rows = [[cells(point, result)[head] for head in heads] for point in curve(result.tries)]
    return plain_table([heads, *rows])


def all_heads(result: LimitResult) -> tuple[str, ...]:
    """The headings of all columns."""
    return _heads(result, _MORE_HEADS)


def _heads(result: LimitResult, more: tuple[str, ...]) -> tuple[str, ...]:
    settings = result.settings
    own = ballast_of(settings.resource).HEADS
    return (settings.unit.load.upper(), "OF LIMIT", "TRIES", *own, *more)


def _shown_heads(result: LimitResult) -> tuple[str, ...]:
    """Columns that say something."""
    empty = {"-", "0", "0s"}
    points = [cells(point, result) for point in curve(result.tries)]
    return tuple(head for head in _MORE_HEADS if {point[head] for point in points} - empty)


def cells(point: Point, result: LimitResult) -> dict[str, str]:
    """What a table shows of a level, by its heading."""
    settings = result.settings
    return {
        settings.unit.load.upper(): settings.unit.text(point.level),
        "OF LIMIT": f"{100 * point.level / settings.limit:.1f}%",
        "TRIES": point.words,
        **ballast_of(settings.resource).cells(point),
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
    found, answer, unit = result.recommendation, result.answer, result.settings.unit
    evidence = _evidence(result)
    if evidence is not None:
        yield f"at {unit.text(evidence.level)}: {evidence.evidence}"
    if found is not None:
        limit = unit.text(result.settings.limit)
        yield f"the app lived with {unit.text(found.minimal)} of its limit {limit}"
        quantity = unit.quantity(found.recommended)
        more = ", more than it has now" if _is_more(result) else ""
        yield f"recommended limit {quantity}{more}: {found.arithmetic}"
    elif answer.survived is not None and answer.failed is not None:
        low, high = unit.text(answer.survived), unit.text(answer.failed)
        yield f"the boundary is between {low} and {high} of {unit.load}, as far as is known"
    yield from _sureness(result)
    yield from result.notes
    yield circumstances(result)
    if result.expected is not None:
        wanted = unit.quantity(result.expected)
        word = {True: "as expected", False: "NOT as expected", None: "not known"}
        yield f"{word[result.is_as_expected]} (--expect-at-least {wanted})"


def _evidence(result: LimitResult) -> Try | None:
    """The try that tells why: one that failed, or the last one where that told nothing."""
    answer, tries = result.answer, result.tries
    untold = [one for one in tries if one.mark is Mark.INCONCLUSIVE]
    if answer.kind is AnswerKind.INCONCLUSIVE and untold and untold[-1] is tries[-1]:
        return untold[-1]
    return next((one for one in tries if one.level == answer.failed), None)


def _sureness(result: LimitResult) -> Iterator[str]:
    found, answer, unit = result.confidence, result.answer, result.settings.unit
    if found is None:
        return
    text = (
        f"{PERCENT}% sure: at {unit.text(answer.survived)} at most "
        f"{found.fails_at_most_percent:.0f}% of tries fail (0 of {found.fits} did)"
    )
    if found.fits_at_most_percent is not None:
        text += (
            f", and from {unit.text(answer.failed)} on at most "
            f"{found.fits_at_most_percent:.0f}% fit (0 of {found.failures} did)"
        )
    yield text


def _is_more(result: LimitResult) -> bool:
    found = result.recommendation
    return found is not None and found.recommended > result.settings.limit


def circumstances(result: LimitResult) -> str:
    """When it was seen, and what it cost."""
    count, restarts = len(result.tries), result.restarts
    tries = "1 try" if count == 1 else f"{count} tries"
    restarted = "1 restart" if restarts == 1 else f"{restarts} restarts"
    cost = f"{tries} of {format_duration(result.settings.hold_ms)}, {restarted}"
    if not result.first_ms:
        return cost
    first, last = (clock_time(ms) for ms in (result.first_ms, result.last_ms))
    return f"for the work that this pod did between {first} and {last} UTC; {cost}"


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
