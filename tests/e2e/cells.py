"""One cell of the matrix: a join tried on a pod, and what the node itself says of it."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass

from tests.cluster.cluster import Cluster
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod_folder
from tests.e2e.variants import VARIANTS, WORKS, Variant

MIB, KIB = 1 << 20, 1 << 10
SIZE = 16 * MIB
STRAY_BYTES = 64 * KIB  # what may come to somebody else, or to the load on top (one worker)
# memory.stat is flushed late by the kernel: every 2 s, and a little more on a busy node.
_FLUSH_S = 3


@dataclass(frozen=True)
class Cell:
    """One variant, one join, one node."""

    variant: Variant
    join: str
    node: str

    def __str__(self) -> str:
        return f"{self.variant.name}-{self.join}-{self.node}"

    @property
    def pod(self) -> str:
        """The pod's name; it serves all joins."""
        return f"{self.variant.name}-{self.node}"

    @property
    def refusal(self) -> str | None:
        """Words of the refusal that is due; None where the join must work."""
        return self.variant.ends.get(self.join)


CELLS = [
    Cell(variant, join, node)
    for variant in VARIANTS
    for node in variant.nodes
    for join in variant.joins
]


@dataclass(frozen=True)
class Group:
    """A container's cgroup on the node: its anonymous memory and its processes.

    `own_bytes` is the anonymous memory of those processes that are not ours: an app may grow while
    it is looked at. `adjustments` has the oom_score_adj of each process.
    """

    anon_bytes: int
    own_bytes: int
    commands: tuple[str, ...]
    adjustments: tuple[int, ...]

    @property
    def has_load(self) -> bool:
        """Whether an agent of ours with a load is in it."""
        return any("agent run mem" in command for command in self.commands)


_NOTHING = Group(0, 0, (), ())


def cgroups(cluster: Cluster, pod: Mapping[str, object], *, node: str) -> dict[str, Group]:
    """All container cgroups of a pod, by the runtime's ID of the container."""
    is_v2 = cluster.node(node).own.cgroup == "v2"
    root = "/sys/fs/cgroup" if is_v2 else "/sys/fs/cgroup/memory"
    script = (
        f"cd {root}/{pod_folder(pod)} && for d in */; do echo =${{d%/}}; "
        f"grep -E '^{'anon' if is_v2 else 'total_rss'} ' $d/memory.stat; "
        "for p in $(cat $d/cgroup.procs); do echo $(cat /proc/$p/oom_score_adj) "
        "$(sed -n 's/^Anonymous: *//p' /proc/$p/smaps_rollup | cut -d' ' -f1 | grep . || echo 0) "
        '$(tr "\\0" " " < /proc/$p/cmdline); done; done'
    )
    text = cluster.node(node).check_run(["sh", "-c", script])
    found = {}
    for block in text.split("=")[1:] if text.startswith("=") else []:
        container_id, stat, *lines = block.splitlines()
        processes = [line.split(" ", 2) for line in lines]
        commands = tuple(command for _, _, command in processes)
        adjustments = tuple(int(adjustment) for adjustment, _, _ in processes)
        own_kib = sum(int(anon) for _, anon, command in processes if "/agent " not in command)
        found[container_id] = Group(int(stat.split()[1]), own_kib * KIB, commands, adjustments)
    return found


def ids(pod: Mapping[str, object]) -> dict[str, str]:
    """Names of all containers of a pod, by the runtime's ID."""
    status = pod["status"]
    assert isinstance(status, Mapping)
    kinds = ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
    entries = [entry for kind in kinds for entry in status.get(kind) or ()]
    return {
        str(entry.get("containerID", "")).partition("://")[2]: str(entry["name"])
        for entry in entries
        if "running" in entry["state"]
    }


def try_cell(cell: Cell, plugin: Plugin, pods: Pods) -> str:
    """Try it: WORKS where the node agrees, the refusal otherwise; any other end is a failure."""
    arguments = [
        "mem", cell.pod, "-c", cell.variant.container, f"--size={SIZE}", "--duration=10m",
        f"--join={cell.join}", "--yes",
    ]  # fmt: skip
    before = None if cell.refusal else cgroups(pods.cluster, pods.get(cell.pod), node=cell.node)
    with plugin.running(*arguments) as running:
        if before is None:
            done = running.end()
            return _refused(done.exit_code, done.stderr)
        running.wait_for("holding ", seconds=240)
        time.sleep(_FLUSH_S)
        seen = pods.get(cell.pod)
        during = cgroups(pods.cluster, seen, node=cell.node)
        running.send(signal.SIGINT)
        done = running.end()
    assert done.exit_code == 130, done.stderr
    judge(cell, ids(seen), before, during)
    return WORKS


def judge(
    cell: Cell, names: Mapping[str, str], before: Mapping[str, Group], during: Mapping[str, Group]
) -> None:
    """The load is in exactly one cgroup, the right one, and nobody else has grown."""
    for container_id, group in during.items():
        name = names.get(container_id, "the sandbox")
        is_loaded = name == cell.variant.container
        if cell.join == "pod":
            is_loaded = name.startswith("kubectl-stress-") and group.has_load
        old = before.get(container_id, _NOTHING)
        rise = group.anon_bytes - old.anon_bytes
        rise -= group.own_bytes - old.own_bytes if is_loaded else 0
        allowed = SIZE + STRAY_BYTES + 16 * KIB if is_loaded else STRAY_BYTES
        assert (SIZE if is_loaded else -STRAY_BYTES) <= rise < allowed, (name, rise, during)
        assert group.has_load == is_loaded, (name, during)
        if is_loaded and cell.join != "pod":
            assert len(set(group.adjustments)) == 1, (name, group)
    assert sum(group.has_load for group in during.values()) == 1, during


def _refused(exit_code: int, progress: str) -> str:
    errors = re.findall(r"^error: (.*)$", progress, re.MULTILINE)
    assert exit_code in (1, 5), progress
    assert len(errors) == 1, progress
    return str(errors[0])
