"""What was found in manifests, in each of the formats. Computes nothing."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.manifest.diagnostic import Diagnostic, Severity
from kubectl_stress.manifest.manifests import Manifest
from kubectl_stress.manifest.stresschaos import Experiment
from kubectl_stress.targets.selector import PodSelector

SCHEMA = "kubectl-stress/lint/v1"


def render_lint(manifests: Sequence[Manifest], output: str) -> str:
    """One of FORMATS; `table` and `wide` are for a person."""
    if output in DATA_FORMATS:
        return serialize(_document(manifests), output)
    return "\n".join([*lint_lines(manifests), _summary(manifests)])


def lint_lines(manifests: Sequence[Manifest], *, with_notes: bool = True) -> list[str]:
    """A line each, with its file and line as compilers write them."""
    return [
        f"{one.file}:{found.line}: {found}"
        for one in manifests
        for found in one.diagnostics
        if with_notes or found.severity is not Severity.NOTE
    ]


def lines_before_run(manifests: Sequence[Manifest]) -> list[str]:
    """The same without the notes, which are the same before each run: they are counted."""
    count = _counts(manifests)[Severity.NOTE]
    counted = [f"{_number(count, 'note')} on these manifests: --lint prints them"] if count else []
    return [*lint_lines(manifests, with_notes=False), *counted]


def _summary(manifests: Sequence[Manifest]) -> str:
    counts = _counts(manifests)
    experiments = sum(len(one.experiments) for one in manifests)
    parts = [_number(experiments, "experiment")]
    parts += [_number(counts[severity], severity.value) for severity in Severity]
    return f"{_number(len(manifests), 'file')}: {', '.join(parts)}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _counts(manifests: Sequence[Manifest]) -> Counter[Severity]:
    return Counter(found.severity for one in manifests for found in one.diagnostics)


def _document(manifests: Sequence[Manifest]) -> Document:
    found = [_diagnostic(one.file, entry) for one in manifests for entry in one.diagnostics]
    experiments = [_experiment(one.file, entry) for one in manifests for entry in one.experiments]
    counts = _counts(manifests)
    whole = {
        "schema": SCHEMA,
        "experiments": experiments,
        "diagnostics": found,
        **{f"{severity.value}s": counts[severity] for severity in Severity},
    }
    lines = [{"type": "experiment", **one} for one in experiments]
    lines += [{"type": "diagnostic", **one} for one in found]
    names = [f"stresschaos.chaos-mesh.org/{one['name']}" for one in experiments]
    return Document(whole, lines, found, names)


def _diagnostic(file: str, found: Diagnostic) -> dict[str, Any]:
    return {
        "file": file,
        "line": found.line,
        "severity": found.severity.value,
        "field": found.field,
        "message": found.sentence,
    }


def _experiment(file: str, found: Experiment) -> dict[str, Any]:
    memory, cpu = found.memory, found.cpu
    return {
        "file": file,
        "line": found.line,
        "name": found.name,
        "namespace": found.namespace,
        "mode": found.choice.mode.value,
        "value": found.choice.value,
        "selector": _selector(found.selector),
        "containers": list(found.containers),
        "duration_ms": found.duration_ms,
        "memory": memory
        and {
            "size": memory.amount.text,
            "size_bytes": memory.amount.absolute_bytes,
            "workers": memory.workers,
            "ramp_ms": memory.ramp_ms,
            "oom_score_adj": memory.oom_score_adj,
        },
        "cpu": cpu and {"workers": cpu.workers, "load_percent": cpu.load_percent},
    }


def _selector(selector: PodSelector) -> dict[str, Any]:
    return {
        "namespaces": list(selector.namespaces),
        "labels": [str(rule) for rule in selector.labels],
        "annotations": dict(selector.annotations),
        "fields": dict(selector.fields),
        "phases": list(selector.phases),
        "excluded_phases": list(selector.excluded_phases),
        "nodes": list(selector.nodes),
        "node_labels": dict(selector.node_labels),
        "pods": [f"{namespace}/{name}" for namespace, name in selector.pods],
    }
