"""Who dies first: what is foretold before the load, and whom the node's kernel then chose."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import SHELL_FOREVER, NodeMemory, Pods, pod
from tests.selection.sample import sampled

MIB = 1 << 20
LIMIT = "96Mi"
# dd holds 60 MiB, more than the load can reach below the limit, since nobody reads what it has.
LARGE = "dd if=/dev/zero bs=60M count=1 | sleep 100000"
RESOURCES: dict[str, dict[str, Any]] = {
    "Guaranteed": {
        "limits": {"memory": LIMIT, "cpu": "200m"},
        "requests": {"memory": LIMIT, "cpu": "200m"},
    },
    "Burstable": {"limits": {"memory": LIMIT}, "requests": {"memory": "32Mi"}},
    "BestEffort": {},
}


@dataclass(frozen=True)
class Variant:
    """A row of e08: the class of the pod, what the app holds, and how the load is weighed."""

    flavour: str
    qos: str
    app: str
    adjustment: str

    def __str__(self) -> str:
        return f"{self.flavour}-{self.qos}-{self.app}-{self.adjustment}"

    def manifest(self) -> dict[str, Any]:
        command = ["sh", "-c", LARGE if self.app == "large" else SHELL_FOREVER]
        return pod(self.flavour, command=command, resources=RESOURCES[self.qos])


VARIANTS = [
    Variant(*row)
    for row in itertools.product(("v2", "v1"), RESOURCES, ("small", "large"), ("same", "1000"))
]


def give_limit(memory: NodeMemory) -> None:
    """Limit a BestEffort container by hand: else the whole node would run out of memory."""
    file = "memory.max" if memory.is_v2 else "memory.limit_in_bytes"
    memory.write(file, str(96 * MIB))


@pytest.mark.parametrize(
    ("flavour", "variant"),
    [pytest.param(one.flavour, one, id=str(one)) for one in sampled(VARIANTS, 2)],
    indirect=["flavour"],
    scope="session",
)
def test_e08_the_foretold_victim_is_the_one_that_dies(
    plugin: Plugin, pods: Pods, flavour: str, variant: Variant
) -> None:
    pods.create(variant.manifest())
    memory, uid = pods.memory("app"), pods.get("app")["metadata"]["uid"]
    if variant.qos == "BestEffort":
        give_limit(memory)

    load = ("--size=200Mi", "--force", f"--oom-score-adj={variant.adjustment}", "--yes")
    done = plugin("mem", "app", *load, "-o=json")

    chosen = re.findall(rf"oom-kill:.*task_memcg=\S*pod{uid}\S*,task=([^,]+),", memory.dmesg())
    assert done.report["predicted_first_victim"]["command"] == chosen[0]
    if variant.app == "small":
        assert chosen[0] == "agent-worker"
    elif variant.adjustment == "same":
        assert chosen[0] != "agent-worker"  # the app is larger than the load can become
    whole = "and kill the whole container with it" in done.stderr
    assert whole is (flavour == "v2")


def test_e09_the_classes_side_by_side_with_the_kernel_s_own_values(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    names = {qos: qos.lower() for qos in RESOURCES}
    for qos, name in names.items():
        pods.apply(pod(flavour, name=name, resources=RESOURCES[qos]))
    for name in names.values():
        pods.wait_until_ready(name)

    progress = plugin("top", *names.values(), "-o=json").top

    found = {}
    for qos, entry in zip(names, progress["targets"], strict=True):
        first = next(one for one in entry["processes"] if one["role"] == "target")
        on_node = pods.memory(names[qos]).first_process()
        assert entry["target"]["qos_class"] == qos
        assert first["oom_score_adj"] == entry["target"]["oom_score_adj"] == on_node.oom_score_adj
        assert abs(first["rss_bytes"] - on_node.rss_bytes) <= 256 << 10
        found[qos] = first["oom_score_adj"]
    assert found["Guaranteed"] == -997
    assert 3 <= found["Burstable"] <= 999
    assert found["BestEffort"] == 1000
