"""`spec.selector` → which pods are meant. Pure."""

import re
from collections.abc import Iterator

from kubectl_stress.manifest.diagnostic import Diagnostics
from kubectl_stress.manifest.field import Field
from kubectl_stress.targets.selector import (
    PHASES,
    SELECTABLE_FIELDS,
    LabelRule,
    Operator,
    PodSelector,
)

_PHASE = re.compile(r"\s*(?P<excluded>!?)\s*(?P<phase>\w+)\s*")


def read_selector(selector: Field, diagnostics: Diagnostics) -> PodSelector:
    """The selector as written; without namespaces, the experiment's own is meant."""
    included, excluded = _phases(selector["podPhaseSelectors"], diagnostics)
    return PodSelector(
        namespaces=selector["namespaces"].strings(),
        labels=tuple(_label_rules(selector, diagnostics)),
        annotations=selector["annotationSelectors"].pairs(),
        fields=_fields(selector["fieldSelectors"], diagnostics),
        phases=included,
        excluded_phases=excluded,
        nodes=selector["nodes"].strings(),
        node_labels=selector["nodeSelectors"].pairs(),
        pods=tuple(_pods(selector["pods"])),
    )


def _label_rules(selector: Field, diagnostics: Diagnostics) -> Iterator[LabelRule]:
    for name, label in selector["labelSelectors"].named():
        rule = diagnostics.attempt(label, lambda: LabelRule.equal(name, label.written))  # noqa: B023
        if rule is not None:
            yield rule
    for expression in selector["expressionSelectors"].items():
        rule = _expression(expression, diagnostics)
        if rule is not None:
            yield rule


def _expression(expression: Field, diagnostics: Diagnostics) -> LabelRule | None:
    written = expression["operator"].written
    operator = next((one for one in Operator if one.value == written), None)
    if operator is None:
        valid = ", ".join(one.value for one in Operator)
        diagnostics.error(expression["operator"], f'unknown operator "{written}" (valid: {valid})')
        return None
    key, values = expression["key"].written, expression["values"].strings()
    return diagnostics.attempt(expression, lambda: LabelRule(key, operator, values))


def _fields(fields: Field, diagnostics: Diagnostics) -> tuple[tuple[str, str], ...]:
    for name, field in fields.named():
        if name not in SELECTABLE_FIELDS:
            valid = ", ".join(SELECTABLE_FIELDS)
            diagnostics.error(field, f"the API server does not select pods by it (valid: {valid})")
    return fields.pairs()


def _phases(phases: Field, diagnostics: Diagnostics) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The included and the excluded phases; Chaos Mesh joins all entries with commas."""
    included: list[str] = []
    excluded: list[str] = []
    for entry in phases.items():
        for word in entry.written.split(","):
            found = _PHASE.fullmatch(word)
            if found is None or found["phase"] not in PHASES:
                valid = ", ".join(PHASES)
                diagnostics.error(
                    entry, f'"{word.strip()}" is not a pod phase (valid: {valid}, or !Running)'
                )
            else:
                (excluded if found["excluded"] else included).append(found["phase"])
    return tuple(included), tuple(excluded)


def _pods(pods: Field) -> Iterator[tuple[str, str]]:
    for namespace, names in pods.named():
        yield from ((namespace, name) for name in names.strings())
