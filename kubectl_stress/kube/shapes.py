"""What an answer must be like to be read on: a broken or lying API server is told so. Pure.

Only what is read here is looked at, by the types of Kubernetes' API (k8s.io/api core/v1); a name
must be one, since it is shown and put into paths, and a word that is shown has no control
character. Longer texts are cleaned where they are read.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kubectl_stress.errors import ClusterError

# What is allowed at a place: one of these words, a list of one shape, or fields by name. A name
# that ends with "!" must be there; "*" is every other field.
Shape = str | list[Any] | dict[str, Any]

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "word": (str,),
    "name": (str,),
    "number": (int,),
    "flag": (bool,),
    "quantity": (str, int, float),
    "object": (dict,),
}
_TEXTS = {"*": "text"}
_RESOURCES = {"limits": {"*": "quantity"}, "requests": {"*": "quantity"}}
_SECURITY = {"runAsUser": "number", "runAsGroup": "number"}
_PROBE = {"periodSeconds": "number", "failureThreshold": "number", "timeoutSeconds": "number"}
_STATE = {
    "running": "object",
    "waiting": {"reason": "text", "message": "text"},
    "terminated": {
        "exitCode": "number",
        "reason": "text",
        "message": "text",
        "containerID": "word",
        "startedAt": "text",
        "finishedAt": "text",
    },
}
_CONTAINER = {
    "name!": "name",
    "image": "word",
    "command": ["text"],
    "targetContainerName": "word",
    "restartPolicy": "word",
    "resources": _RESOURCES,
    "securityContext": _SECURITY,
    "startupProbe": _PROBE,
    "livenessProbe": _PROBE,
    "readinessProbe": _PROBE,
}
_CONTAINER_STATUS = {
    "name!": "name",
    "containerID": "word",
    "ready": "flag",
    "restartCount": "number",
    "resources": _RESOURCES,
    "state": _STATE,
    "lastState": _STATE,
    "stopSignal": "word",
    "user": {"linux": {"uid!": "number", "gid!": "number"}},
}
_METADATA = {
    "namespace": "name",
    "resourceVersion": "text",
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "ownerReferences": [{"kind!": "word", "name!": "word"}],
}
POD: Shape = {
    "metadata!": {**_METADATA, "name!": "name", "namespace!": "name", "uid!": "word"},
    "spec!": {
        "containers!": [_CONTAINER],
        "initContainers": [_CONTAINER],
        "ephemeralContainers": [_CONTAINER],
        "nodeName": "word",
        "nodeSelector": _TEXTS,
        "os": {"name": "word"},
        "priorityClassName": "word",
        "resources": _RESOURCES,
        "runtimeClassName": "word",
        "securityContext": _SECURITY,
    },
    "status": {
        "phase": "word",
        "qosClass": "word",
        "reason": "text",
        "message": "text",
        "conditions": [{"type!": "text", "status": "text"}],
        "containerStatuses": [_CONTAINER_STATUS],
        "initContainerStatuses": [_CONTAINER_STATUS],
        "ephemeralContainerStatuses": [_CONTAINER_STATUS],
    },
}
OBJECT: Shape = {"metadata": {**_METADATA, "name": "name"}, "spec": "object", "status": "object"}

RULES: Shape = {
    "status": {
        "incomplete": "flag",
        "resourceRules": [
            {
                "verbs!": ["text"],
                "apiGroups": ["text"],
                "resources": ["text"],
                "resourceNames": ["text"],
            }
        ],
    }
}


def list_of(item: Shape) -> Shape:
    """A page of a list."""
    return {"metadata": {"resourceVersion": "text", "continue": "text"}, "items": [item]}


def refuse_other_shape(value: Any, shape: Shape, what: str) -> None:
    """Raise ClusterError where it cannot be read; `what` says what was asked for."""
    wrong = fault(value, shape)
    if wrong is not None:
        raise ClusterError(f"the API server does not answer {what} like one: {wrong}")


def fault(value: Any, shape: Shape, path: str = "") -> str | None:
    """What is wrong with a value, and where; None where it can be read."""
    return next(_faults(value, shape, path), None)


def _faults(value: Any, shape: Shape, path: str) -> Iterator[str]:
    if isinstance(shape, str):
        yield from _of_type(value, shape, path)
    elif isinstance(shape, list):
        if isinstance(value, Sequence) and not isinstance(value, str):
            for number, item in enumerate(value):
                yield from _faults(item, shape[0], f"{path}[{number}]")
        else:
            yield f"{path} is no list"
    elif isinstance(value, Mapping):
        yield from _of_fields(value, shape, path)
    else:
        yield f"{path or 'it'} is no object"


def _of_fields(value: Mapping[str, Any], shape: dict[str, Any], path: str) -> Iterator[str]:
    others = shape.get("*")
    for name, inner in shape.items():
        key, place = name.removesuffix("!"), f"{path}.{name.removesuffix('!')}".lstrip(".")
        if value.get(key) is None:
            if name.endswith("!"):
                yield f"{place} is missing"
        elif key != "*":
            yield from _faults(value[key], inner, place)
    if others is not None:
        for item in value.values():
            yield from _faults(item, others, f"{path}.*")


def _of_type(value: Any, kind: str, path: str) -> Iterator[str]:
    is_mistaken = isinstance(value, bool) and kind != "flag"
    if not isinstance(value, _TYPES[kind]) or is_mistaken:
        yield f"{path} is no {kind}"
    elif kind == "word" and not str(value).isprintable():
        yield f"{path} has control characters"
    elif kind == "name" and not _NAME.fullmatch(str(value)):
        yield f"{path} is no name of Kubernetes"
