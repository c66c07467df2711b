"""The answer of `check` for one target, and its JSON form. Pure: no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubectl_stress.errors import StressError
from kubectl_stress.plan.target_facts import Fact
from kubectl_stress.preflight.permissions import Answer

SCHEMA = "kubectl-stress/check/v1"


@dataclass(frozen=True)
class Checkup:
    """What was found; `problem` is the error that a run would end with, None where it could run.

    `questions` are what a run would ask before it does anything.
    """

    asked: str
    answers: tuple[Answer, ...]
    pod: str | None = None
    facts: tuple[Fact, ...] = ()
    questions: tuple[str, ...] = ()
    problem: StressError | None = None

    @property
    def exit_code(self) -> int:
        """0 where a run would be possible, otherwise the code that it would end with."""
        return self.problem.exit_code if self.problem else 0


def check_dict(checkups: Sequence[Checkup]) -> dict[str, Any]:
    """The answer for `-o json` and `-o yaml`."""
    return {"schema": SCHEMA, "targets": [checkup_dict(checkup) for checkup in checkups]}


def checkup_dict(checkup: Checkup) -> dict[str, Any]:
    """One target."""
    return {
        "asked": checkup.asked,
        "pod": checkup.pod,
        "permissions": [
            {
                "permission": str(answer.permission),
                "is_allowed": answer.is_allowed,
                "is_needed": answer.permission.needed,
                "reason": answer.reason,
            }
            for answer in checkup.answers
        ],
        "facts": {
            fact.key: {"value": fact.value, "text": fact.text, "known": fact.known.value}
            for fact in checkup.facts
        },
        "questions": list(checkup.questions),
        "is_possible": checkup.problem is None,
        "problem": str(checkup.problem) if checkup.problem else None,
        "exit_code": checkup.exit_code,
    }
