"""Which tests must not run at the same time, since they share a node or a machine."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# In the order in which they begin; a machine is mostly waited for, and a node computes.
_GROUPS = ("node-v2", "machine", "node-v1", "node-old", "")


def group(nodeid: str) -> str:
    """The group of a test; empty where it may run beside any other."""
    file, _, name = nodeid.partition("::")
    if file.startswith("tests/e2e/"):
        if name.endswith("-old]"):
            return "node-old"
        return "node-v1" if "v1" in name else "node-v2"
    is_machine = file.endswith("_machine.py") or file == "tests/cluster/test_cluster_e2e.py"
    return "machine" if is_machine else ""


def rank(nodeid: str) -> int:
    """When the group of a test begins."""
    return _GROUPS.index(group(nodeid))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each worker whole groups.

    xdist's own `loadgroup` marks groups in node IDs, which pytest 9.2 no longer lets it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid) or nodeid
