"""A patch that sets a limit, as `kubectl patch` takes it; nothing here applies it. Pure."""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from kubectl_stress.targets.owner_kinds import owner_kind
from kubectl_stress.targets.target import Target

_WITH_TEMPLATE = ("deployment", "statefulset", "daemonset")


class PatchState(Enum):
    """What a server-side dry run said of a patch."""

    PASSED = "passed"
    REFUSED = "refused"
    UNCHECKED = "unchecked"


@dataclass(frozen=True)
class LimitPatch:
    """A strategic merge patch of one object; `why` says why it is refused or unchecked."""

    kind: str
    prefix: str
    plural: str
    namespace: str
    name: str
    body: Mapping[str, Any]
    subresource: str = ""
    state: PatchState = PatchState.UNCHECKED
    why: str = ""

    @property
    def command(self) -> str:
        """What a person types to apply it."""
        words = ["kubectl", "patch", self.kind, self.name, "-n", self.namespace]
        if self.subresource:
            words += ["--subresource", self.subresource]
        patch = json.dumps(self.body, separators=(",", ":"))
        return shlex.join([*words, "--patch", patch])


@dataclass(frozen=True)
class NewLimit:
    """A limit of a resource, and whether the request becomes the same; `quantity` as a text."""

    resource: str
    quantity: str
    is_request_too: bool


def limit_patches(target: Target, new: NewLimit) -> Iterator[LimitPatch]:
    """For the running pod (resized in place), and for the workload that makes the next ones."""
    containers = [{"name": target.container, "resources": _resources(new)}]
    spec = {"containers": containers}
    yield LimitPatch(
        "pod", "/api/v1", "pods", target.namespace, target.pod, {"spec": spec}, "resize"
    )
    owner = target.owner
    kind = owner_kind(owner.kind) if owner else None
    if owner is not None and kind is not None and kind.name in _WITH_TEMPLATE:
        yield LimitPatch(
            kind.name,
            kind.api_prefix,
            kind.plural,
            target.namespace,
            owner.name,
            {"spec": {"template": {"spec": spec}}},
        )


def moves_request(request: float | None, limit: float | None, new_limit: float) -> bool:
    """The request goes down with the limit: it may not be higher, and Guaranteed must stay so."""
    return request is not None and (request == limit or request > new_limit)


def _resources(new: NewLimit) -> dict[str, dict[str, str]]:
    amount = {new.resource: new.quantity}
    return {"limits": amount, "requests": amount} if new.is_request_too else {"limits": amount}
