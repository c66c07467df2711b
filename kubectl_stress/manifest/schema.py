"""The fields of a StressChaos and what they hold, as its CustomResourceDefinition says. Pure.

Source: chaos-mesh config/crd/bases/chaos-mesh.org_stresschaos.yaml at 608b61e7c, and Chaos Mesh's
documentation for what the definition lacks (`stressors.memory.time`).
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from kubectl_stress.manifest.diagnostic import Diagnostics
from kubectl_stress.manifest.field import Array, Field, Kind, Object, Scalar


@dataclass(frozen=True)
class ListOf:
    """An array whose items all have one shape."""

    item: "Shape"


@dataclass(frozen=True)
class MapOf:
    """An object with names of one's own."""

    value: "Shape"


@dataclass(frozen=True)
class Struct:
    """An object with these fields; `gone` are those of other versions, with what to do instead."""

    fields: Mapping[str, "Shape"]
    gone: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Anything:
    """Not looked at: it says nothing of the load."""


Shape: TypeAlias = Kind | ListOf | MapOf | Struct | Anything

# No more digits than an int64 of Go has.
_DECIMAL = re.compile(r"[-+]?[0-9]{1,18}")
_STRINGS = ListOf(Kind.STRING)
_STRING_MAP = MapOf(Kind.STRING)
_SELECTOR = Struct(
    {
        "namespaces": _STRINGS,
        "labelSelectors": _STRING_MAP,
        "expressionSelectors": ListOf(
            Struct({"key": Kind.STRING, "operator": Kind.STRING, "values": _STRINGS})
        ),
        "annotationSelectors": _STRING_MAP,
        "fieldSelectors": _STRING_MAP,
        "podPhaseSelectors": _STRINGS,
        "nodes": _STRINGS,
        "nodeSelectors": _STRING_MAP,
        "pods": MapOf(_STRINGS),
    }
)
_MEMORY = Struct(
    {
        "workers": Kind.INTEGER,
        "size": Kind.STRING,
        "oomScoreAdj": Kind.INTEGER,
        "options": _STRINGS,
        "time": Kind.STRING,
    }
)
_CPU = Struct({"workers": Kind.INTEGER, "load": Kind.INTEGER, "options": _STRINGS})
_SPEC = Struct(
    {
        "mode": Kind.STRING,
        "value": Kind.STRING,
        "selector": _SELECTOR,
        "containerNames": _STRINGS,
        "duration": Kind.STRING,
        "remoteCluster": Kind.STRING,
        "stressors": Struct({"memory": _MEMORY, "cpu": _CPU}),
        "stressngStressors": Kind.STRING,
    },
    gone={
        "scheduler": "a field of Chaos Mesh 1: remove it, and have a CronJob run this repeatedly",
        "containerName": "a field of Chaos Mesh 1: write containerNames with a list",
        "action": "a field of PodChaos and others: a StressChaos has none, remove it",
    },
)
STRESS_CHAOS = Struct(
    {
        "apiVersion": Kind.STRING,
        "kind": Kind.STRING,
        "metadata": Anything(),
        "spec": _SPEC,
        "status": Anything(),
    }
)


def field_names(struct: Struct) -> set[str]:
    """The names of all its fields, those inside others too."""
    found = set(struct.fields)
    for shape in struct.fields.values():
        inner = shape.item if isinstance(shape, ListOf) else shape
        found |= field_names(inner) if isinstance(inner, Struct) else set()
    return found


def check(at: Field, shape: Shape, diagnostics: Diagnostics) -> None:
    """Report what does not have its shape, and the fields that there are not."""
    if not at or isinstance(shape, Anything):
        if at.value is not None and not at:
            diagnostics.warning(at, "null: the API server refuses it; leave the field out")
    elif isinstance(shape, Kind):
        _check_scalar(at, shape, diagnostics)
    elif isinstance(shape, ListOf):
        if _is(at, Array, "a list", diagnostics):
            for item in at.items():
                check(item, shape.item, diagnostics)
    elif _is(at, Object, "an object", diagnostics):
        for name, inner in at.named():
            inner_shape = shape.value if isinstance(shape, MapOf) else shape.fields.get(name)
            if inner_shape is None:
                assert isinstance(shape, Struct)
                diagnostics.error(inner, _unknown(name, shape))
            else:
                check(inner, inner_shape, diagnostics)


def _is(at: Field, wanted: type, words: str, diagnostics: Diagnostics) -> bool:
    if isinstance(at.value, wanted):
        return True
    diagnostics.error(at, f"must be {words}")
    return False


def _check_scalar(at: Field, kind: Kind, diagnostics: Diagnostics) -> None:
    if not isinstance(at.value, Scalar):
        diagnostics.error(at, f"must be {kind.value}")
    elif at.value.kind is kind:
        if kind is Kind.INTEGER and not _DECIMAL.fullmatch(at.written):
            diagnostics.error(at, f'must be a decimal integer, not "{at.written}"')
    elif kind is Kind.STRING:
        found = at.value.kind.value
        diagnostics.warning(
            at, f'must be a string: the API server refuses {found}; write "{at.written}"'
        )
    elif _DECIMAL.fullmatch(at.written):
        diagnostics.warning(
            at, f"must be {kind.value}: the API server refuses a string; write {at.written}"
        )
    else:
        diagnostics.error(at, f'must be {kind.value}, not "{at.written}"')


def _unknown(name: str, shape: Struct) -> str:
    if name in shape.gone:
        return shape.gone[name]
    close = difflib.get_close_matches(name, shape.fields, n=1)
    if close:
        return f"unknown field; did you mean {close[0]}?"
    return f"unknown field (valid: {', '.join(shape.fields)})"
