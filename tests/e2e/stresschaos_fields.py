"""Each field of a StressChaos, what a run with it does on a node, or why it is refused.

The pods: `first` with the containers `app` and `side`, and `second` with `app`, both with the label
`tier: chaos`; `first` has the annotation `team: a/b`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from kubectl_stress.manifest.stresschaos import API_VERSION, KIND, PAUSE_ANNOTATION

MIB = 1 << 20
FIRST, SECOND, SIDE = "first/app", "second/app", "first/side"
BOTH = (FIRST, SECOND)
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """`changes` are paths below the object, with NAMESPACE and NODE for what a run has.

    `loaded` are the containers that get a load, in order; without any it is refused with `refusal`.
    `holds` is true of the report of the first.
    """

    name: str
    changes: Mapping[str, Any]
    loaded: tuple[str, ...] = (FIRST,)
    holds: Callable[[Report], bool] = lambda _: True
    options: tuple[str, ...] = ()
    refusal: str = ""
    said: str = ""
    without: tuple[str, ...] = field(default=())

    def manifest(self, namespace: str, node: str) -> dict[str, Any]:
        """The object, with this row's changes."""
        made = copy.deepcopy(_BASE)
        for path in self.without:
            _parent(made, path).pop(path.rpartition("/")[2])
        for path, value in self.changes.items():
            _parent(made, path)[path.rpartition("/")[2]] = _named(value, namespace, node)
        return dict(_named(made, namespace, node))


_SPEC = "spec"
_SELECTOR, _MEMORY, _CPU = "spec/selector", "spec/stressors/memory", "spec/stressors/cpu"
_BASE: dict[str, Any] = {
    "apiVersion": API_VERSION,
    "kind": KIND,
    "metadata": {"name": "chaos", "namespace": "NAMESPACE", "annotations": {}},
    "spec": {
        "mode": "all",
        "selector": {"pods": {"NAMESPACE": ["first"]}},
        "stressors": {"memory": {"workers": 1, "size": "2MiB"}},
        "duration": "5s",
    },
}


def _parent(made: dict[str, Any], path: str) -> dict[str, Any]:
    *parents, _ = path.split("/")
    for name in parents:
        made = made.setdefault(name, {})
    return made


def _named(value: Any, namespace: str, node: str) -> Any:
    if isinstance(value, str):
        return value.replace("NAMESPACE", namespace).replace("NODE", node)
    if isinstance(value, list):
        return [_named(one, namespace, node) for one in value]
    if isinstance(value, dict):
        pairs = value.items()
        return {_named(k, namespace, node): _named(v, namespace, node) for k, v in pairs}
    return value


def _selecting(
    name: str,
    value: Any,
    loaded: tuple[str, ...] = BOTH,
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> Row:
    return Row(f"selector.{name}", {_SELECTOR: {name: value, **beside}}, loaded)


def _plan(name: str, wanted: object) -> Callable[[Report], bool]:
    return lambda report: bool(report["plan"][name] == wanted)


def _held(size_bytes: int) -> Callable[[Report], bool]:
    return lambda report: bool(report["memory"]["peak_load_bytes"] == size_bytes)


def _score(wanted: int) -> Callable[[Report], bool]:
    """The load's own, by the table of processes that the agent read on the node."""

    def holds(report: Report) -> bool:
        loads = [row for row in report["processes"] if row["role"] == "load"]
        return bool(loads) and all(row["oom_score_adj"] == wanted for row in loads)

    return holds


def _cpu_share(millicores: int) -> Callable[[Report], bool]:
    return lambda report: bool(report["plan"]["cpu"]["load_millicores"] == millicores)


_LABELS = {"labelSelectors": {"tier": "chaos"}}
_BY_LABEL = {_SELECTOR: _LABELS}
_TAKEN = (
    Row("metadata.namespace", _BY_LABEL, BOTH),
    Row("mode one", {**_BY_LABEL, f"{_SPEC}/mode": "one"}, (SECOND,), options=("--seed=0",)),
    Row("mode all", {**_BY_LABEL, f"{_SPEC}/mode": "all"}, BOTH),
    Row("value", {**_BY_LABEL, f"{_SPEC}/mode": "fixed", f"{_SPEC}/value": "5"}, BOTH),
    Row(
        "mode fixed-percent",
        {**_BY_LABEL, f"{_SPEC}/mode": "fixed-percent", f"{_SPEC}/value": "51"},
        BOTH,
    ),
    Row(
        "mode random-max-percent",
        {**_BY_LABEL, f"{_SPEC}/mode": "random-max-percent", f"{_SPEC}/value": "100"},
        (FIRST,),
        options=("--seed=1",),
    ),
    _selecting("namespaces", ["NAMESPACE"], beside=_LABELS),
    _selecting("labelSelectors", {"tier": "chaos", "app": "first"}, (FIRST,)),
    _selecting(
        "expressionSelectors",
        [{"key": "app", "operator": "NotIn", "values": ["first"]}],
        (SECOND,),
        beside=_LABELS,
    ),
    _selecting("annotationSelectors", {"team": "a/b"}, (FIRST,)),
    _selecting("fieldSelectors", {"metadata.name": "second"}, (SECOND,)),
    _selecting("podPhaseSelectors", ["Running", "!Failed"], beside=_LABELS),
    _selecting("nodes", ["NODE"], beside=_LABELS),
    _selecting("nodeSelectors", {"kubectl-stress.dev/flavour": "v2"}, beside=_LABELS),
    _selecting("pods", {"NAMESPACE": ["second", "none"]}, (SECOND,), beside={"nodes": ["nowhere"]}),
    Row("containerNames", {f"{_SPEC}/containerNames": ["side", "app"]}, (SIDE, FIRST)),
    Row("duration", {f"{_SPEC}/duration": "3s"}, holds=_plan("duration_ms", 3_000)),
    Row("memory.size", {f"{_MEMORY}/size": "3MB"}, holds=_held(3_002_368)),
    Row(
        "memory.size in percent",
        {f"{_MEMORY}/size": "10%"},
        holds=lambda report: report["plan"]["size_bytes"] == 64 * MIB // 10,
        said="of the container's memory limit; Chaos Mesh takes 10% of the node's memory",
    ),
    Row(
        "memory.size in percent of the node",
        {f"{_MEMORY}/size": "1%"},
        holds=lambda report: 10 * MIB < report["plan"]["size_bytes"] < 30 * MIB,
        options=("--percent-of=node",),
    ),
    Row("memory.workers", {f"{_MEMORY}/workers": 3}, holds=_plan("workers", 3)),
    Row("memory.oomScoreAdj", {f"{_MEMORY}/oomScoreAdj": 1000}, holds=_score(1000)),
    Row("memory.options", {f"{_MEMORY}/options": ["--time 2s"]}, holds=_plan("ramp_ms", 2_000)),
    Row("memory.time", {f"{_MEMORY}/time": "2s"}, holds=_plan("ramp_ms", 2_000)),
    Row(
        "cpu.workers",
        {_CPU: {"workers": 2, "load": 3}},
        holds=_cpu_share(60),
        without=(_MEMORY,),
    ),
    Row("cpu.load", {_CPU: {"workers": 1, "load": 5}}, holds=_cpu_share(50)),
    Row(
        "cpu.options",
        {_CPU: {"workers": 1, "load": 5, "options": ["--cpu-method sqrt"]}},
        said="--cpu-method of stress-ng is ignored",
    ),
    Row("status", {"status": {"conditions": []}}, said="ignored: controllers write it"),
)
_REFUSED = (
    Row("remoteCluster", {f"{_SPEC}/remoteCluster": "b"}, refusal="choose the cluster with"),
    Row("stressngStressors", {f"{_SPEC}/stressngStressors": "--vm 1"}, refusal="needs stress-ng"),
    Row(
        "annotation pause",
        {"metadata/annotations": {PAUSE_ANNOTATION: "true"}},
        refusal="the experiment is paused",
    ),
    Row("stressors", {}, without=(_MEMORY,), refusal="missing: give memory, cpu or both"),
    Row("memory.workers 0", {f"{_MEMORY}/workers": 0}, refusal="0 workers load nothing"),
    Row("memory.size missing", {}, without=(f"{_MEMORY}/size",), refusal="fail and restart"),
    Row("memory.oomScoreAdj -1000", {f"{_MEMORY}/oomScoreAdj": -1000}, refusal="use -999 or more"),
    Row("memory.options of stress-ng", {f"{_MEMORY}/options": ["--vm 2"]}, refusal="of memStress"),
    Row(
        "cpu.options others",
        {_CPU: {"workers": 1, "load": 5, "options": ["--timeout 5"]}},
        refusal="spec.duration ends the load",
    ),
    Row("mode unknown", {f"{_SPEC}/mode": "some"}, refusal="spec.mode"),
    Row("a field of Chaos Mesh 1", {f"{_SPEC}/scheduler": {}}, refusal="a field of Chaos Mesh 1"),
)
ROWS = (*_TAKEN, *_REFUSED)
