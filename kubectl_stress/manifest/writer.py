"""An experiment → the StressChaos object that asks for it, as Chaos Mesh admits it. Pure."""

from typing import Any

from kubectl_stress.manifest.stresschaos import API_VERSION, KIND, Experiment
from kubectl_stress.manifest.stressors import MemoryStressor
from kubectl_stress.targets.selector import LabelRule, Operator, PodSelector

_SIZE_UNITS = (("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10))
_DURATION_UNITS = (("h", 3_600_000), ("m", 60_000), ("s", 1_000))


def stress_chaos(experiment: Experiment) -> dict[str, Any]:
    """The object, with the fields that say something alone."""
    choice = experiment.choice
    stressors = {
        "memory": experiment.memory and _memory(experiment.memory),
        "cpu": experiment.cpu
        and {"workers": experiment.cpu.workers, "load": experiment.cpu.load_percent},
    }
    spec = {
        "mode": choice.mode.value,
        "value": None if choice.value is None else str(choice.value),
        "selector": _selector(experiment.selector),
        "containerNames": list(experiment.containers),
        "stressors": _said(stressors),
        "duration": experiment.duration_ms and _duration(experiment.duration_ms),
    }
    metadata = {"name": experiment.name, "namespace": experiment.namespace}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _said(metadata),
        "spec": {"selector": {}, **_said(spec)},
    }


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _memory(memory: MemoryStressor) -> dict[str, Any]:
    """The ramp stands in the options: a field `time` is in Chaos Mesh's documentation alone."""
    return _said(
        {
            "workers": memory.workers,
            "size": _size(memory),
            "oomScoreAdj": memory.oom_score_adj,
            "options": [f"--time {_duration(memory.ramp_ms)}"] if memory.ramp_ms else [],
        }
    )


def _size(memory: MemoryStressor) -> str:
    size = memory.amount.absolute_bytes
    if size is None:
        assert memory.amount.percent is not None
        return f"{memory.amount.percent.normalize():f}%"
    for unit, shift in _SIZE_UNITS:
        if size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return f"{size}B"


def _duration(milliseconds: int) -> str:
    for unit, of in _DURATION_UNITS:
        if milliseconds % of == 0:
            return f"{milliseconds // of}{unit}"
    return f"{milliseconds}ms"


def _selector(selector: PodSelector) -> dict[str, Any]:
    labels: dict[str, str] = {}
    expressions = []
    for rule in selector.labels:
        if rule.operator is Operator.IN and len(rule.values) == 1 and rule.key not in labels:
            labels[rule.key] = rule.values[0]
        else:
            expressions.append(_expression(rule))
    pods: dict[str, list[str]] = {}
    for namespace, name in selector.pods:
        pods.setdefault(namespace, []).append(name)
    return _said(
        {
            "namespaces": list(selector.namespaces),
            "labelSelectors": labels,
            "expressionSelectors": expressions,
            "annotationSelectors": dict(selector.annotations),
            "fieldSelectors": dict(selector.fields),
            "podPhaseSelectors": [
                *selector.phases,
                *(f"!{phase}" for phase in selector.excluded_phases),
            ],
            "nodes": list(selector.nodes),
            "nodeSelectors": dict(selector.node_labels),
            "pods": pods,
        }
    )


def _expression(rule: LabelRule) -> dict[str, Any]:
    return _said({"key": rule.key, "operator": rule.operator.value, "values": list(rule.values)})
