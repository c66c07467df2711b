"""What `check` found, in each of the formats. Computes nothing."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import plain_table
from kubectl_stress.formats.serialize import Document, serialize, to_yaml
from kubectl_stress.plan.target_facts import PROBE_HINT, Fact
from kubectl_stress.preflight.permissions import Answer
from kubectl_stress.results.check_result import Checkup, check_dict, checkup_dict

if TYPE_CHECKING:
    from kubectl_stress.plan.plan import Plan

_NARROWEST = 30


def render_check(checkups: Sequence[Checkup], output: str, *, width: int | None = None) -> str:
    """All targets in one of FORMATS."""
    if output in DATA_FORMATS:
        return serialize(_document(checkups), output)
    return "\n\n\n".join(check_text(one, width=width) for one in checkups)


def _document(checkups: Sequence[Checkup]) -> Document:
    each = [checkup_dict(one) for one in checkups]
    lines = [{"type": "check", **one} for one in each]
    names = [f"pod/{one.pod}" for one in checkups if one.pod]
    return Document(check_dict(checkups), lines, each, names)


def check_text(checkup: Checkup, *, width: int | None = None) -> str:
    """One target for a person."""
    is_named = checkup.asked == f"pod/{checkup.pod}"
    where = f" (pod {checkup.pod})" if checkup.pod and not is_named else ""
    parts = [f"{checkup.asked}{where}", _findings(checkup, width), _conclusion(checkup)]
    return "\n\n".join(parts)


def _findings(checkup: Checkup, width: int | None) -> str:
    parts = [_permissions(checkup.answers)]
    if checkup.facts:
        parts.append(_facts(checkup.facts, width))
    return "\n\n".join(parts)


def _permissions(answers: Sequence[Answer]) -> str:
    rows = [(str(answer.permission), _answer(answer)) for answer in answers]
    return plain_table([("PERMISSION", "ALLOWED"), *rows])


def _answer(answer: Answer) -> str:
    if answer.is_allowed:
        return "yes"
    reason = f" ({answer.reason})" if answer.reason else ""
    without = answer.permission.without
    return f"no{reason}{without and f': {without}'}"


def _facts(facts: Sequence[Fact], width: int | None) -> str:
    """A row a fact, its text folded where the terminal is too narrow for it."""
    beside = max(len(fact.label) for fact in facts) + len("assumed") + 4
    room = None if width is None else max(_NARROWEST, width - beside)
    rows: list[tuple[str, str, str]] = [("FACT", "KNOWN", "VALUE")]
    for fact in facts:
        first, *rest = textwrap.wrap(fact.text, room) if room else [fact.text]
        rows.append((fact.label, fact.known.value, first))
        rows += [("", "", line) for line in rest]
    return plain_table(rows)


def _conclusion(checkup: Checkup) -> str:
    if checkup.problem is not None:
        return f"a run is not possible (exit code {checkup.exit_code}): {checkup.problem}"
    asked = "".join(f"\n  {line}" for line in question_lines(checkup.questions))
    return f"a run is possible{asked}"


def question_lines(questions: Sequence[str], *, is_confirmed: bool = False) -> list[str]:
    """What a run asks first, or what --yes has answered already."""
    head = "confirmed by --yes" if is_confirmed else "will ask for confirmation (or pass --yes)"
    return [f"{head}: {question}" for question in questions]


def dry_run(
    plan: "Plan",
    patch: Mapping[str, Any],
    checkup: Checkup,
    output: str,
    *,
    is_confirmed: bool = False,
) -> str:
    """What would be done, what it would meet, and the patch; for a person, or all of it as data."""
    from kubectl_stress.plan.decide import summary

    if output in DATA_FORMATS:
        whole = {"plan": summary(plan), "check": checkup_dict(checkup), "patch": dict(patch)}
        return serialize(Document(whole, [whole], [whole], [f"pod/{plan.target.pod}"]), output)
    notes = "".join(f"\nnote: {note}" for note in plan.notes)
    asked = "".join(
        f"\n{line}" for line in question_lines(plan.questions, is_confirmed=is_confirmed)
    )
    head = f"would patch pod/{plan.target.pod} (subresource ephemeralcontainers) with:"
    unread = [fact.label for fact in checkup.facts if fact.text == PROBE_HINT]
    known = replace(checkup, facts=tuple(one for one in checkup.facts if one.text != PROBE_HINT))
    parts = [f"would start: {summary(plan)}{notes}{asked}", _findings(known, None)]
    if unread:
        asks = f"kubectl stress check {checkup.asked} --probe"
        parts.append(f"known once the agent runs: {', '.join(unread)} ({asks} reads them)")
    return "\n\n".join([*parts, f"{head}\n{to_yaml(dict(patch))}"])
