"""Selectors as the command line takes them → what they require. Pure.

The forms are those of kubectl's `-l` and `--field-selector` (k8s.io/apimachinery pkg/labels and
pkg/fields); a value in which `,` or `=` is escaped is refused.
"""

import re
from collections.abc import Callable, Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.selector import SELECTABLE_FIELDS, LabelRule, Operator

_OUTSIDE_SETS = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY = re.compile(r"([^=!\s]+)\s*(==|!=|=)\s*([^=!\s]*)")
_KEY = re.compile(r"(!?)\s*([^=!\s()]+)")


_LABELS_HINT = "write one like -l app=web, -l 'app in (web,db)' or -l '!canary'"
_FIELDS_HINT = (
    "write one like --field-selector spec.nodeName=node-1; pods are selected by "
    f"{', '.join(SELECTABLE_FIELDS)}"
)


def label_rules(text: str) -> tuple[LabelRule, ...]:
    """What a label selector requires; raises UsageError for one that cannot be read."""
    terms = [term.strip() for term in _OUTSIDE_SETS.split(text) if term.strip()]
    try:
        return tuple(map(_rule, terms))
    except UsageError as error:
        raise _unreadable_labels(text, str(error)) from None


def _rule(term: str) -> LabelRule:
    if found := _SET.fullmatch(term):
        key, word, values = found.groups()
        operator = Operator.IN if word == "in" else Operator.NOT_IN
        return LabelRule(key, operator, tuple(value.strip() for value in values.split(",")))
    if found := _EQUALITY.fullmatch(term):
        key, sign, value = found.groups()
        return LabelRule(key, Operator.NOT_IN if sign == "!=" else Operator.IN, (value,))
    if found := _KEY.fullmatch(term):
        return LabelRule(found[2], Operator.DOES_NOT_EXIST if found[1] else Operator.EXISTS)
    raise UsageError(f'"{term}" is not a requirement on a label')


def field_values(text: str) -> tuple[tuple[str, str], ...]:
    """The fields and the values that they must have; raises UsageError for anything else."""
    return tuple(_fields(text))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for term in filter(None, (part.strip() for part in text.split(","))):
        found = _EQUALITY.fullmatch(term)
        if found is None or "\\" in term or found[1] not in SELECTABLE_FIELDS:
            raise _unreadable_fields(text, f'"{term}" is not FIELD=VALUE with such a field')
        if found[2] == "!=":
            raise UsageError(f"a StressChaos cannot express --field-selector {term}: leave it out")
        yield found[1], found[3]


def unreadable(labels: str, fields: str, reason: str) -> UsageError:
    """The error for selectors that the API server cannot read, as it says; it names no option."""
    if labels and fields:
        if not _can_read(label_rules, labels):
            return _unreadable_labels(labels, reason)
        if _can_read(field_values, fields):
            both = f'-l "{labels}" --field-selector "{fields}"'
            return UsageError(f"{both} cannot be read: {reason}")
    return _unreadable_fields(fields, reason) if fields else _unreadable_labels(labels, reason)


def _can_read(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except UsageError:
        return False
    return True


def _unreadable_labels(text: str, reason: str) -> UsageError:
    return UsageError(f'-l "{text}" cannot be read: {reason}; {_LABELS_HINT}')


def _unreadable_fields(text: str, reason: str) -> UsageError:
    return UsageError(f'--field-selector "{text}" cannot be read: {reason}; {_FIELDS_HINT}')
