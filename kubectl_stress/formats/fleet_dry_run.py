"""What a run over several targets would do, for `--dry-run`."""

from collections.abc import Mapping, Sequence

from kubectl_stress.formats.check_text import question_lines
from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.plan.decide import summary
from kubectl_stress.plan.plan import Plan


def fleet_dry_run(
    plans: Sequence[Plan],
    refused: Mapping[str, str],
    questions: Sequence[str],
    output: str,
    *,
    is_confirmed: bool,
) -> str:
    """A line a target, then what is refused and what would be asked; or all of it as data."""
    if output in DATA_FORMATS:
        return serialize(_document(plans, refused, questions), output)
    lines = [f"would start: {summary(plan)}" for plan in plans]
    lines += [f"would leave out {name}: {problem}" for name, problem in refused.items()]
    lines += [f"note: {note}" for note in dict.fromkeys(n for plan in plans for n in plan.notes)]
    return "\n".join([*lines, *question_lines(questions, is_confirmed=is_confirmed)])


def _document(
    plans: Sequence[Plan], refused: Mapping[str, str], questions: Sequence[str]
) -> Document:
    rows = [
        {"target": str(plan.target), "node": plan.target.node, "plan": summary(plan)}
        for plan in plans
    ]
    whole = {"targets": rows, "left_out": dict(refused), "questions": list(questions)}
    return Document(whole, [whole], rows, [f"pod/{plan.target.pod}" for plan in plans])
