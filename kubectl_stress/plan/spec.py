"""What was asked for, validated and immutable. Pure: no I/O, nothing of the cluster."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import parse_bytes


class ShareBase(Enum):
    """What a percentage is a share of."""

    LIMIT = "limit"
    REQUEST = "request"
    HEADROOM = "headroom"
    NODE = "node"


class Expectation(Enum):
    """What the user expects of the run (`--expect`)."""

    SURVIVE = "survive"
    READY = "ready"
    THROTTLE = "throttle"
    OOM = "oom"
    RESTART = "restart"
    EVICT = "evict"


class LoadKind(Enum):
    """What the load is made of (`--kind`)."""

    ANON = "anon"
    SHM = "shm"
    FILE = "file"


class AfterOom(Enum):
    """What follows when the kernel has killed the load (`--after-oom`)."""

    STOP = "stop"
    REPEAT = "repeat"


class StopOn(Enum):
    """What releases the load before its time (`--stop-on`)."""

    NOT_READY = "not-ready"
    RESTART = "restart"
    PROBE_FAILURE = "probe-failure"


class Join(Enum):
    """How the load enters a cgroup: the target's own, or only that of the pod."""

    EXEC = "exec"
    CGROUP = "cgroup"
    POD = "pod"


_KINDS = {
    "pod": "pod", "pods": "pod", "po": "pod",
    "deployment": "deployment", "deployments": "deployment", "deploy": "deployment",
    "statefulset": "statefulset", "statefulsets": "statefulset", "sts": "statefulset",
    "daemonset": "daemonset", "daemonsets": "daemonset", "ds": "daemonset",
    "replicaset": "replicaset", "replicasets": "replicaset", "rs": "replicaset",
    "job": "job", "jobs": "job",
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_SHARE = re.compile(r"(?P<number>-?\d+(?:\.\d+)?)%(?P<base>[a-z]*)")


@dataclass(frozen=True)
class TargetRef:
    """A pod or the owner of one, as typed: `hello`, `pod/hello`, `deploy/hello`."""

    kind: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "TargetRef":
        """Raises UsageError where the kind is unknown or the name cannot be one."""
        kind_text, slash, name = text.rpartition("/")
        if slash and (not kind_text or not name):
            raise UsageError(f'"{text}" names no target: write pod/NAME or deploy/NAME')
        kind = _KINDS.get(kind_text.lower() if slash else "pod")
        if kind is None:
            known = "pod, deploy, sts, ds, rs or job"
            raise UsageError(f'"{kind_text}" is not a kind of target: use {known}')
        if not _NAME.fullmatch(name):
            raise UsageError(f'"{name}" is not a valid name of a {kind}')
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True)
class Amount:
    """A size as asked for: `absolute_bytes`, or `percent` of `base`. A total over all workers."""

    text: str
    absolute_bytes: int | None = None
    percent: Decimal | None = None
    base: ShareBase | None = None

    @classmethod
    def parse(cls, text: str) -> "Amount":
        """`50Mi`, `60%` (of the limit), `60%request`, `60%headroom`, `60%node`; UsageError."""
        if "%" not in text:
            return cls(text, absolute_bytes=parse_bytes(text))
        match = _SHARE.fullmatch(text.strip())
        if match is None:
            raise UsageError(f'"{text}" is not a share: write 60%, 60%request or 60%headroom')
        try:
            base = ShareBase(match["base"] or "limit")
        except ValueError:
            known = ", ".join(base.value for base in ShareBase)
            raise UsageError(f'"{match["base"]}" is no base of a share: use {known}') from None
        return cls(text, percent=_percent(text, Decimal(match["number"]), base), base=base)

    def of(self, base_bytes: int) -> int:
        """The size in whole bytes where this amount is a share of `base_bytes`."""
        assert self.percent is not None
        return int(self.percent * base_bytes / 100)


def _percent(text: str, percent: Decimal, base: ShareBase) -> Decimal:
    if percent <= 0:
        raise UsageError(f'"{text}" is not a size: it must be more than 0%')
    if base is ShareBase.NODE and percent > 100:
        raise UsageError(f'"{text}" is more than the whole node: give at most 100%node')
    return percent


@dataclass(frozen=True)
class MemSpec:
    """A memory load: `amount` added to the target for `duration_ms`, after a ramp of `ramp_ms`."""

    amount: Amount
    duration_ms: int = 60_000
    ramp_ms: int = 0
    workers: int = 1
    oom_score_adj: int | None = None  # None: the target's own
    kind: LoadKind = LoadKind.ANON
    dirty_bytes_per_s: int = 0
    after_oom: AfterOom = AfterOom.STOP
    max_restarts: int = 3
    stop_on: tuple[StopOn, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.workers <= 64:
            raise UsageError(f"--workers {self.workers}: give a number from 1 to 64")
        if not 1 <= self.max_restarts <= 100:
            raise UsageError(f"--max-restarts {self.max_restarts}: give a number from 1 to 100")
        if self.duration_ms <= 0:
            raise UsageError("--duration must be more than 0")


@dataclass(frozen=True)
class HolderSpec:
    """How the agent is brought in: by which image, into which cgroup, and how long it lingers."""

    image: str
    pull_policy: str | None = None
    linger_ms: int = 600_000
    is_writable: bool = False  # a load of kind file has its file there
    start_timeout_ms: int = 60_000
    join: Join = Join.EXEC

    @property
    def is_privileged(self) -> bool:
        """Whether the ephemeral container is root on the node."""
        return self.join is Join.CGROUP
