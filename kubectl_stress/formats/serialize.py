"""A finished result as data: the one switch for json, jsonl, yaml, csv and name."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_EXPONENT = re.compile(r"[-+]?[0-9.]+[eE][-+]?[0-9]+")


@dataclass(frozen=True)
class Document:
    """One result in the shapes that the formats need.

    `whole` is json and yaml, `lines` are the objects of jsonl, `rows` those of csv, and `names` are
    as kubectl writes them (`pod/web`).
    """

    whole: Mapping[str, Any]
    lines: Sequence[Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    names: Sequence[str]


def serialize(document: Document, output: str) -> str:
    """The document in one of DATA_FORMATS."""
    if output == "json":
        return json.dumps(document.whole, indent=2)
    if output == "jsonl":
        return "\n".join(json_line(line) for line in document.lines)
    if output == "yaml":
        return to_yaml(document.whole)
    if output == "csv":
        return _csv(document.rows)
    assert output == "name"
    return "\n".join(document.names)


def json_line(values: Mapping[str, Any]) -> str:
    """One object on one line."""
    return json.dumps(values, separators=(",", ":"))


def to_yaml(values: Mapping[str, Any]) -> str:
    """A document in the order of its keys."""
    import yaml

    class Dumper(yaml.SafeDumper):
        """Quotes a string like 12e4 too: for PyYAML it is no number, for Kubernetes it is one."""

    Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+.0123456789"))
    text = yaml.dump(dict(values), Dumper=Dumper, sort_keys=False, allow_unicode=True)
    return str(text).rstrip("\n")


def _csv(documents: Sequence[Mapping[str, Any]]) -> str:
    """A row for each document, under the keys of them all."""
    import csv
    import io

    rows = [_flattened(values) for values in documents]
    heads = list(dict.fromkeys(key for row in rows for key in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows([_cell(row.get(key)) for key in heads] for row in rows)
    return out.getvalue().rstrip("\n")


def _cell(value: Any) -> Any:
    """As JSON writes it, where Python would write True."""
    return json.dumps(value) if isinstance(value, bool) else value


def _flattened(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted columns; lists do not fit into one row and are left out."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flattened(value, f"{prefix}{key}.")
        elif not isinstance(value, list):
            flat[prefix + key] = value
    return flat
