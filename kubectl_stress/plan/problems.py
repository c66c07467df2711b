"""Why targets cannot be loaded, told as one error. Pure."""

from collections.abc import Sequence

from kubectl_stress.errors import SeveralProblems, StressError
from kubectl_stress.text import few_of

_MOST_LINES = 10
# The name of a target, and why it cannot be loaded.
Problem = tuple[str, StressError]


def problem_lines(problems: Sequence[Problem]) -> list[str]:
    """A line a reason, with the targets that share it; the first ten, and how many more."""
    names_by_reason: dict[str, list[str]] = {}
    for name, error in problems:
        names_by_reason.setdefault(str(error), []).append(name)
    found = list(names_by_reason.items())
    lines = [_line(names, reason) for reason, names in found[:_MOST_LINES]]
    others = sum(len(names) for _reason, names in found[_MOST_LINES:])
    return [*lines, f"and {others} more"] if others else lines


def _line(names: Sequence[str], reason: str) -> str:
    if len(names) == 1 and _is_named(names[0], reason):
        return reason
    return f"{few_of(names)}: {reason}"


def _is_named(name: str, reason: str) -> bool:
    words = reason.split()
    return f'"{name}"' in reason or words[:1] == [name] or ("/" in name and name in words)


def whole_problem(problems: Sequence[Problem], total: int) -> StressError:
    """The only problem itself, or all of them as one error, with the worst of their exit codes.

    `total` is of how many targets.
    """
    if len(problems) == 1:
        return problems[0][1]
    lines, causes = problem_lines(problems), [error for _name, error in problems]
    if len(lines) == 1:
        return SeveralProblems(lines[0], causes)
    of_total = f" of {total}" if total > len(problems) else ""
    head = f"{len(problems)}{of_total} targets cannot be loaded:"
    return SeveralProblems("\n  ".join([head, *lines]), causes)
