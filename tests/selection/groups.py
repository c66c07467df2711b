"""Which tests must not run at the same time, since they share a node, a machine or a folder."""

from __future__ import annotations

from xdist.scheduler import LoadScopeScheduling

# In the order in which they begin: nodes compute, and machines are mostly waited for. Agents on
# this very host find each other's holders. What is handed out is built in one folder.
_GROUPS = ("node", "machine", "agent", "package", "")


def group(nodeid: str) -> str:
    """The group of a test; empty where it may run beside any other."""
    file = nodeid.partition("::")[0]
    if file.startswith("tests/e2e/") or file == "tests/cluster/test_cluster_e2e.py":
        return "node"
    if file.endswith("_machine.py"):
        return "machine"
    return next((one for one in ("agent", "package") if file.startswith(f"tests/{one}/")), "")


def rank(nodeid: str) -> int:
    """When the group of a test begins."""
    return _GROUPS.index(group(nodeid))


class Scheduler(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each worker whole groups.

    xdist's own `loadgroup` marks groups in node IDs, which pytest 9.2 no longer lets it change.
    """

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid) or nodeid
