"""The YAML or JSON of a kubeconfig file, as kubectl reads it (sigs.k8s.io/yaml). Pure: no I/O."""

import codecs
import json
import re
from collections.abc import Mapping
from typing import Any

_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# PyYAML refuses the tab that libyaml takes for a blank.
_TAB_AFTER_COLON = re.compile(r"^([ ]*(?:- +)*[\w.-]+:)\t[\t ]*|[\t ]+$", re.MULTILINE)
_TEXTS = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")
_SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")


def parse(data: bytes) -> Mapping[str, Any]:
    """The first document; ValueError in one line where there is none."""
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    text = data.decode(encoding)
    # JSON indented by tabs is no YAML, but kubectl reads it.
    found = json.loads(text) if text.lstrip().startswith("{") else _first_of_yaml(text)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise ValueError("it is not a kubeconfig file")
    return found


def _first_of_yaml(text: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """What looks like a date or a time is a text, as for kubectl."""

    def text_of(_loader: yaml.SafeLoader, node: yaml.ScalarNode) -> str:
        return str(node.value)

    def number_of(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> Any:
        is_time = _SEXAGESIMAL.fullmatch(node.value)
        return node.value if is_time else loader.construct_yaml_int(node)

    for tag in _TEXTS:
        Loader.add_constructor(tag, text_of)
    Loader.add_constructor("tag:yaml.org,2002:int", number_of)
    try:
        return next(yaml.load_all(_TAB_AFTER_COLON.sub(_blank, text), Loader), None)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def _blank(found: re.Match[str]) -> str:
    return f"{found[1]} " if found[1] else ""
