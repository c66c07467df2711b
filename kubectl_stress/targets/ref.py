"""The name of a target as a user types it. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.errors import UsageError
from kubectl_stress.targets.owner_kinds import owner_kind

_POD_WORDS = ("pod", "pods", "po", "pods.v1", "pod.v1")
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


@dataclass(frozen=True)
class TargetRef:
    """A pod or the owner of one: `hello`, `pod/hello`, `deploy/hello`, `deployment.apps/hello`."""

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TargetRef":
        """Raises UsageError where the kind is unknown or the name cannot be one."""
        kind_text, slash, name = text.rpartition("/")
        if slash and (not kind_text or not name):
            raise UsageError(f'"{text}" names no target: write pod/NAME or deploy/NAME')
        kind = _kind(kind_text) if slash else "pod"
        if kind is None:
            known = "pod, deploy, sts, ds, rs or job"
            raise UsageError(f'"{kind_text}" is not a kind of target: use {known}')
        if not _NAME.fullmatch(name):
            raise UsageError(f'"{name}" is not a valid name of a {kind}')
        return cls(kind, name)

    @classmethod
    def parse_all(cls, words: Sequence[str]) -> "list[TargetRef]":
        """Each word as a target, once; `pod hello world` is `pod/hello pod/world`, as for kubectl.

        A pod that is named like a kind is pod/NAME.
        """
        first, *names = words
        if names and _kind(first) and not any("/" in word for word in words):
            words = [f"{first}/{name}" for name in names]
        return list(dict.fromkeys(map(cls.parse, words)))

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def _kind(word: str) -> str | None:
    if word.lower() in _POD_WORDS:
        return "pod"
    owner = owner_kind(word)
    return owner.name if owner else None
