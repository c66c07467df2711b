"""What will be done to the target, decided before anything is done. Pure: no I/O.

`make_plan` decides what the API server's word is enough for; `resolve` settles with the agent's
first reading what only the node knows (headroom, cgroup version, who is killed together).
"""

from dataclasses import dataclass, replace

from kubectl_stress.agent.commands import MemoryLoad
from kubectl_stress.agent.protocol import Hello
from kubectl_stress.agent.samples import Sample
from kubectl_stress.errors import Refused, TargetError
from kubectl_stress.plan.amount import ShareBase
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.spec import AfterOom, LoadKind, MemSpec
from kubectl_stress.quantity import format_bytes, format_duration
from kubectl_stress.targets.target import Target

# An exec costs the target about 1.75 MiB for half a second (runc on cgroup v2): with less than this
# the exec itself could bring the kernel to kill the app.
MIN_HEADROOM_BYTES = 8 << 20

# The kubelet's default hard eviction threshold, memory.available<100Mi (pkg/kubelet/eviction/
# defaults_linux.go); the node's own cannot be read with rights in one namespace.
DEFAULT_EVICTION_THRESHOLD_BYTES = 100 << 20

POD_LEVEL_ONLY = (
    "the load is in the pod's cgroup alone: only the pod-level limit or the node is exercised"
)

# memory.stat is flushed late by the kernel: what is read sooner after the release is still old.
SETTLE_MS = 3_000


@dataclass(frozen=True)
class Plan:
    """A decided run; `size_bytes` is None while only the agent can tell what it is a share of."""

    target: Target
    spec: MemSpec
    size_bytes: int | None
    size_note: str
    notes: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    join: Join = Join.EXEC

    @property
    def loaded(self) -> str:
        """Whose limit the load meets."""
        if self.join is Join.POD:
            return f'pod "{self.target.pod}"'
        return f'container "{self.target.container}"'

    def load(self) -> MemoryLoad:
        """What the agent is told."""
        assert self.size_bytes is not None
        return MemoryLoad(
            size_bytes=self.size_bytes,
            duration_ms=self.spec.duration_ms,
            ramp_ms=self.spec.ramp_ms,
            workers=self.spec.workers,
            oom_score_adj=self.spec.oom_score_adj,
            kind=self.spec.kind.value,
            dirty_bytes_per_s=self.spec.dirty_bytes_per_s,
            settle_ms=SETTLE_MS,
        )


def make_plan(
    spec: MemSpec, target: Target, *, force: bool = False, join: Join = Join.EXEC
) -> Plan:
    """Decide what can be decided from the API alone; raises Refused."""
    if join is Join.POD:
        target = target.at_pod_level()
    plan = Plan(target, spec, None, "", join=join)
    size_bytes, size_note = _declared_size(plan)
    _refuse_without_limit(plan, force=force)
    plan = replace(plan, size_bytes=size_bytes, size_note=size_note)
    return replace(plan, notes=_notes(plan), questions=_questions(plan))


def refuse_unknown_user(target: Target) -> None:
    """Raise TargetError where nobody says as whom the target runs: the holder must run so too."""
    if target.user is None:
        raise TargetError(
            f'the runtime does not tell the uid of container "{target.container}" and its spec '
            "sets no runAsUser and runAsGroup: set both, since the agent must run as the target"
        )


def _declared_size(plan: Plan) -> tuple[int | None, str]:
    amount, target = plan.spec.amount, plan.target
    if amount.absolute_bytes is not None:
        return amount.absolute_bytes, format_bytes(amount.absolute_bytes)
    if amount.base is ShareBase.LIMIT:
        return _share(plan, target.effective_limit_bytes, "limit")
    if amount.base is ShareBase.REQUEST:
        return _share(plan, target.request_bytes, "request")
    assert amount.base is not None
    return None, f"{amount.percent}% of the {amount.base.value} (read once the agent is there)"


def _share(plan: Plan, base: int | None, word: str) -> tuple[int, str]:
    amount = plan.spec.amount
    if base is None:
        raise Refused(
            f"{plan.loaded} has no memory {word}, so {amount.text} has no "
            "base: give an absolute --size like 256Mi" + (" and --force" if word == "limit" else "")
        )
    size = amount.of(base)
    percent, base_text = amount.percent, format_bytes(base)
    return size, f"{format_bytes(size)} ({percent}% of the {word} {base_text})"


def _refuse_without_limit(plan: Plan, *, force: bool) -> None:
    if plan.target.effective_limit_bytes is not None:
        return
    if plan.spec.amount.absolute_bytes is None or not force:
        raise Refused(
            f"{plan.loaded} has no memory limit, so the load would press on node "
            f'"{plan.target.node}" and its other pods: set a limit, or give an absolute --size and '
            "--force"
        )


def _notes(plan: Plan) -> tuple[str, ...]:
    spec, size = plan.spec, plan.size_bytes
    notes = [POD_LEVEL_ONLY] if plan.join is Join.POD else []
    if spec.workers > 1 and size is not None:
        each = format_bytes(size // spec.workers)
        notes.append(f"the size is a total: {spec.workers} workers hold {each} each")
    limit = plan.target.effective_limit_bytes
    if is_page_cache(plan):
        notes.append(
            "a load of kind file is page cache: it is written to the node's disk, and counts as "
            "the pod's ephemeral storage until the end"
        )
    elif size is not None and limit is not None and size >= limit:
        notes.append("the size alone reaches the limit: expect an OOM kill")
    return tuple(notes)


def is_page_cache(plan: Plan) -> bool:
    """Whether the kernel can take the load back before it kills anybody."""
    return plan.spec.kind is LoadKind.FILE


def predicted_repeats(plan: Plan, hello: Hello) -> str | None:
    """What `--after-oom repeat` will do on this node; None where it was not asked for."""
    if plan.spec.after_oom is not AfterOom.REPEAT:
        return None
    times = f"after an OOM kill the load begins again, at most {plan.spec.max_restarts} times"
    if hello.oom_group:
        return (
            f"{times}: each kill restarts the whole container (memory.oom.group), and each new "
            "beginning adds an ephemeral container that stays in the pod"
        )
    return f"{times}: only the killed process dies, so the level rises and falls like a saw"


def may_reach_limit(plan: Plan) -> bool:
    """Whether the load may reach the limit, judged by what the container requests for itself."""
    limit, request = plan.target.effective_limit_bytes, plan.target.request_bytes
    if is_page_cache(plan):
        return False
    if plan.size_bytes is None or limit is None:
        return True
    return plan.size_bytes > limit - (request or 0)


def _questions(plan: Plan) -> tuple[str, ...]:
    """What a person must say yes to, each as the reason for asking."""
    target, found = plan.target, []
    if target.is_critical:
        found.append(f"{target.namespace}/{target.pod} is critical to the cluster")
    owner = target.owner
    if owner and owner.replicas == 1 and may_reach_limit(plan):
        found.append(f"{owner} has a single replica, and this may bring it down")
    if plan.join is Join.CGROUP:
        found.append(
            f'--join cgroup adds a privileged container to pod "{target.pod}", which is root on '
            f'node "{target.node}" while it runs'
        )
    return tuple(found)


def resolve(plan: Plan, hello: Hello, reading: Sample) -> Plan:
    """The plan with its size, checked against the node; raises Refused before any load."""
    headroom = reading.memory.headroom_bytes
    refuse_little_headroom(headroom)
    settled = _with_size(plan, hello, headroom)
    _refuse_beyond_node(settled, hello, is_limited=headroom is not None)
    return replace(settled, questions=_node_questions(settled, hello, headroom))


def refuse_little_headroom(headroom: int | None) -> None:
    """Raise Refused where the exec that joins could itself bring the kernel to kill the app."""
    if headroom is not None and headroom < MIN_HEADROOM_BYTES:
        raise Refused(
            f"only {format_bytes(headroom)} are left below the limit, and joining alone may use "
            f"them up: at least {format_bytes(MIN_HEADROOM_BYTES)} are needed"
        )


def _with_size(plan: Plan, hello: Hello, headroom: int | None) -> Plan:
    if plan.size_bytes is not None:
        return plan
    is_node = plan.spec.amount.base is ShareBase.NODE
    base = hello.node_total_bytes if is_node else headroom
    word = "node's memory" if is_node else "headroom"
    if base is None:
        raise Refused(f"the {word} cannot be read here: give an absolute --size like 256Mi")
    size = plan.spec.amount.of(base)
    share = f"{plan.spec.amount.percent}% of the {word} {format_bytes(base)}"
    return replace(plan, size_bytes=size, size_note=f"{format_bytes(size)} ({share})")


def _refuse_beyond_node(plan: Plan, hello: Hello, *, is_limited: bool) -> None:
    assert plan.size_bytes is not None
    available = hello.node_available_bytes
    if is_limited or available is None or plan.size_bytes < available:
        return
    raise Refused(
        f"{format_bytes(plan.size_bytes)} is more than the {format_bytes(available)} that node "
        f'"{plan.target.node}" has available, and no limit would stop it: choose a smaller --size'
    )


def _node_questions(plan: Plan, hello: Hello, headroom: int | None) -> tuple[str, ...]:
    assert plan.size_bytes is not None
    if hello.node_available_bytes is None or is_page_cache(plan):
        return ()
    growth = plan.size_bytes if headroom is None else min(plan.size_bytes, headroom)
    left = hello.node_available_bytes - growth
    if left >= DEFAULT_EVICTION_THRESHOLD_BYTES:
        return ()
    return (
        f'this leaves node "{plan.target.node}" {format_bytes(max(0, left))}, less than the '
        "kubelet's default eviction threshold of 100 MiB: other pods may be evicted",
    )


def summary(plan: Plan) -> str:
    """The plan in one line."""
    spec, target = plan.spec, plan.target
    limit = format_bytes(target.effective_limit_bytes)
    dirty = spec.dirty_bytes_per_s
    where = f'{"beside" if plan.join is Join.POD else "on"} container "{target.container}"'
    rewriting = f", rewriting {format_bytes(dirty)} a second" if dirty else ""
    return (
        f"memory load{_of_kind(spec)} of {plan.size_note} {where} of pod "
        f'"{target.pod}" in namespace "{target.namespace}" (limit {limit}, {target.qos_class}) '
        f"for {format_duration(spec.duration_ms)}{rewriting}{_until(spec)}"
    )


def _until(spec: MemSpec) -> str:
    signs = " or ".join(sign.value for sign in spec.stop_on)
    return f", at most until {signs}" if signs else ""


def _of_kind(spec: MemSpec) -> str:
    return "" if spec.kind is LoadKind.ANON else f" (kind {spec.kind.value})"
