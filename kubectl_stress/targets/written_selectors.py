"""Selectors as the command line takes them → what they require. Pure.

The forms are those of kubectl's `-l` and `--field-selector` (k8s.io/apimachinery pkg/labels and
pkg/fields); a value in which `,` or `=` is escaped is refused.
"""

import re
from collections.abc import Iterator

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.selector import SELECTABLE_FIELDS, LabelRule, Operator

_OUTSIDE_SETS = re.compile(r",(?![^(]*\))")
_SET = re.compile(r"(\S+)\s+(in|notin)\s*\(([^()]*)\)")
_EQUALITY = re.compile(r"([^=!\s]+)\s*(==|!=|=)\s*([^=!\s]*)")
_KEY = re.compile(r"(!?)\s*([^=!\s()]+)")


def label_rules(text: str) -> tuple[LabelRule, ...]:
    """What a label selector requires; raises UsageError for one that cannot be read."""
    return tuple(_rule(term.strip()) for term in _OUTSIDE_SETS.split(text) if term.strip())


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
    raise UsageError(f'selector "{term}" cannot be read: write one like app=web')


def field_values(text: str) -> tuple[tuple[str, str], ...]:
    """The fields and the values that they must have; raises UsageError for anything else."""
    return tuple(_fields(text))


def _fields(text: str) -> Iterator[tuple[str, str]]:
    for term in filter(None, (part.strip() for part in text.split(","))):
        found = _EQUALITY.fullmatch(term)
        if found is None or "\\" in term or found[1] not in SELECTABLE_FIELDS:
            raise UsageError(f'field selector "{term}" cannot be read: write FIELD=VALUE')
        if found[2] == "!=":
            raise UsageError(f"a StressChaos cannot express --field-selector {term}: leave it out")
        yield found[1], found[3]
