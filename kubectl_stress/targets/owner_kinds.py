"""The kinds of object that own pods: what they are called, and where the API has them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class OwnerKind:
    """One kind; `name` is its `kind` in small letters, as a target is shown."""

    name: str
    plural: str
    short: str
    group: str
    version: str = "v1"

    @property
    def api_prefix(self) -> str:
        """Where the API server has its objects."""
        return f"/apis/{self.group}/{self.version}"

    @property
    def words(self) -> Iterator[str]:
        """What kubectl takes for it: `deploy`, `deployments.apps`, `deployment.v1.apps`."""
        for name in (self.name, self.plural, self.short):
            yield from (name, f"{name}.{self.group}", f"{name}.{self.version}.{self.group}")


OWNER_KINDS = (
    OwnerKind("deployment", "deployments", "deploy", "apps"),
    OwnerKind("statefulset", "statefulsets", "sts", "apps"),
    OwnerKind("daemonset", "daemonsets", "ds", "apps"),
    OwnerKind("replicaset", "replicasets", "rs", "apps"),
    OwnerKind("job", "jobs", "job", "batch"),
)
_BY_WORD = {word: kind for kind in OWNER_KINDS for word in kind.words}


def owner_kind(word: str) -> OwnerKind | None:
    """The kind that this word names, as in kubectl and in ownerReferences; None for any other."""
    return _BY_WORD.get(word.lower())
