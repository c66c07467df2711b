"""Who dies first: the client's prediction from a probe, and whom a real kernel then kills."""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.protocol import Hello, Processes
from kubectl_stress.agent.samples import Process, Sample
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import prediction, victim_at_limit
from kubectl_stress.targets.target import Target
from tests.agent.container import MIB, Container
from tests.agent.guest import Guest
from tests.builders.loads import memory_load
from tests.builders.pods import pod
from tests.selection.sample import sampled

pytestmark = pytest.mark.machine

MakeContainer = Callable[..., Container]
LIMIT_MIB = 96
_LIFE = "--duration-ms 600000 --heartbeat-timeout-ms 600000"
# oom_score_adj as the kubelet sets it for the classes, Burstable by request and node.
CLASSES = {"Guaranteed": -997, "Burstable-large": 3, "Burstable": 968, "BestEffort": 1000}


@dataclass(frozen=True)
class Variant:
    """A row of e08: the class, what the app holds in MiB, how the load is weighed and parted."""

    qos: str
    app_mib: int
    adjustment: int | None
    workers: int

    def __str__(self) -> str:
        weight = "same" if self.adjustment is None else str(self.adjustment)
        return f"{self.qos}-{self.app_mib}Mi-{weight}-{self.workers}w"

    def plan(self) -> Plan:
        # Two containers: the pod's limit is the sum, so that the container is full first.
        built = pod().container("app", limit=f"{LIMIT_MIB}Mi").container("side", limit="1Gi")
        spec = memory_load(
            Amount.parse("192Mi"), oom_score_adj=self.adjustment, workers=self.workers
        )
        return make_plan(spec, Target.from_pod(built.dict, "app"))

    def load(self) -> str:
        weight = "same" if self.adjustment is None else self.adjustment
        size = f"--size-bytes {192 * MIB} --workers {self.workers}"
        return f"run mem {size} --oom-score-adj {weight} {_LIFE}"


VARIANTS = [Variant(*row) for row in itertools.product(CLASSES, (1, 60), (None, 1000), (1, 4))]


def grow(target: Container, variant: Variant) -> None:
    """Let a process of the container hold what the variant wants, with its class's weight."""
    # Nobody reads what dd has read: it keeps its one block.
    holds = f"dd if=/dev/zero bs={variant.app_mib}M count=1 | sleep 100000"
    script = (
        f"kill {target.target_pid}; "
        f"({target.enter()}; echo {CLASSES[variant.qos]} > /proc/self/oom_score_adj; "
        f"exec sh -c '{holds}') > /dev/null 2>&1 & echo $!"
    )
    target.target_pid = int(target.guest.run(script))
    enough = variant.app_mib * MIB * 9 // 10
    deadline = time.monotonic() + 60
    while target.usage_bytes < enough:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def read(target: Container) -> tuple[Hello, Sample, tuple[Process, ...]]:
    run = target.run("probe")
    run.wait_for_end()
    messages = Decoder().feed(target.guest.run(f"cat {run.path}.out").encode())
    (hello,) = [message for message in messages if isinstance(message, Hello)]
    (sample,) = [message for message in messages if isinstance(message, Sample)]
    (found,) = [message for message in messages if isinstance(message, Processes)]
    inside = {int(pid) for pid in target.guest.run(f"cat {target.memory}/cgroup.procs").split()}
    return hello, sample, tuple(one for one in found.beside(hello) if one.pid in inside)


def chosen(target: Container) -> list[str]:
    """The commands that the kernel chose in this container, in order."""
    text = target.guest.run("dmesg")
    return re.findall(rf"oom-kill:.*task_memcg=/{target.name},task=([^,]+),", text)


@pytest.mark.parametrize("variant", sampled(VARIANTS, 3), ids=str)
def test_e08_the_foretold_victim_is_the_one_the_kernel_chooses(
    guest: Guest, container: MakeContainer, variant: Variant
) -> None:
    target = container(LIMIT_MIB * MIB)
    if guest.cgroup_version == 2:
        guest.run(f"echo 1 > {target.memory}/memory.oom.group")
    grow(target, variant)

    hello, sample, processes = read(target)
    plan = variant.plan()
    victim = victim_at_limit(plan, hello, sample, processes)
    sentence = prediction(plan, hello, sample, processes)
    run = target.run(variant.load())
    run.wait_for(lambda _: bool(chosen(target)))

    assert victim is not None
    assert victim.command == chosen(target)[0]
    if variant.app_mib == 1:
        assert victim.role == "load"
    elif variant.adjustment is None:
        assert victim.role != "load"  # the app is larger than the load can become
    assert ("kill the whole container with it" in sentence) is (guest.cgroup_version == 2)
