"""Outcome brought about against verdict over all recorded runs, as text and in docs/verdicts.md."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubectl_stress.results.recording import read_recording, to_report
from kubectl_stress.verdict.meanings import verdicts_page
from kubectl_stress.verdict.outcome import Outcome
from tests.builders.brought_about import end_of, outcomes_of

RUNS = Path(__file__).parents[1] / "testdata" / "runs"
Matrix = Mapping[tuple[str, str], int]


def verdicts() -> dict[str, str]:
    """The verdict of each recorded run, judged anew."""
    found = {}
    for run in sorted(RUNS.iterdir()):
        report = to_report(read_recording((run / "recording.jsonl").read_bytes()))
        found[run.name] = report.verdict.outcome.value
    return found


def matrix(found: Mapping[str, str]) -> Matrix:
    """How often each outcome that was brought about got each verdict.

    Where the kernel chooses between two, the one that it chose was brought about: the node's own
    log says which (tests/unit/verdict/test_real_runs.py).
    """
    return Counter((_brought_about(run, verdict), verdict) for run, verdict in found.items())


def _brought_about(run: str, verdict: str) -> str:
    meant = outcomes_of(run)
    return verdict if verdict in meant else meant[0]


def beside_the_diagonal(found: Mapping[str, str]) -> list[str]:
    """The runs whose verdict is another than what was brought about."""
    return [run for run, verdict in found.items() if verdict not in outcomes_of(run)]


def table(found: Mapping[str, str]) -> str:
    """The matrix in Markdown; columns are numbered as the rows are."""
    counts, names = matrix(found), [outcome.value for outcome in Outcome]
    heads = ["brought about", *(str(number) for number in range(1, len(names) + 1))]
    rows = [heads, ["---", *("--:" for _ in names)]]
    for number, name in enumerate(names, start=1):
        cells = [str(counts.get((name, verdict), "")) for verdict in names]
        rows.append([f"{number} {name}", *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def page() -> str:
    """docs/verdicts.md: the outcomes, and how they are tested."""
    return verdicts_page() + _section()


def _section() -> str:
    found = verdicts()
    whats = {end_of(run).what for run in found}
    return (
        "\n## How they are tested\n\n"
        f"{len(found)} runs were recorded on real kubelets and kernels. Each brings about one of "
        f"{len(whats)} ends, on cgroup v2 and v1 where both have it. Columns are "
        "the verdicts, numbered as the rows; a second opinion, made of the node's kernel log, the "
        "pod's counters and the API server's own words, comes to the same for every run. `make "
        f"outcomes` repeats them.\n\n{table(found)}\n\n"
        f"What these runs bring about, and their verdicts:\n\n{_list(found)}\n"
    )


def _list(found: Mapping[str, str]) -> str:
    by_what: dict[str, set[str]] = {}
    for run, verdict in found.items():
        by_what.setdefault(end_of(run).what, set()).add(verdict)
    return "\n".join(f"- {what}: {', '.join(sorted(by_what[what]))}" for what in by_what)


def main(words: Sequence[str]) -> None:
    """Print the page, or the matrix alone."""
    if "page" in words:
        print(page(), end="")
        return
    found = verdicts()
    print(table(found))
    print("beside the diagonal:", ", ".join(beside_the_diagonal(found)) or "none")


if __name__ == "__main__":
    main(sys.argv[1:])
