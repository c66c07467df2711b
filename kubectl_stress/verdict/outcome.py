"""What became of the target, and which outcome meets which expectation. Pure."""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubectl_stress.verdict.evidence import Evidence


class Outcome(Enum):
    """What became of the target; the values are stable words for scripts."""

    SURVIVED = "survived"
    LOAD_OOM_KILLED = "load-oom-killed"
    APP_OOM_KILLED = "app-oom-killed"
    GROUP_OOM_KILLED = "group-oom-killed"
    LIVENESS_RESTARTED = "liveness-restarted"
    KUBELET_RESTARTED = "kubelet-restarted"
    READINESS_LOST = "readiness-lost"
    EVICTED = "evicted"
    THROTTLED = "throttled"
    APP_EXITED = "app-exited"
    INCONCLUSIVE = "inconclusive"


# In the place of an outcome, where a target of several has none.
NOT_LOADED, INTERRUPTED = "not-loaded", "interrupted"


class Expectation(Enum):
    """What the user expects of the run (`--expect`)."""

    SURVIVE = "survive"
    READY = "ready"
    THROTTLE = "throttle"
    OOM = "oom"
    RESTART = "restart"
    EVICT = "evict"


_MET_BY = {
    Expectation.SURVIVE: {
        Outcome.SURVIVED,
        Outcome.THROTTLED,
        Outcome.READINESS_LOST,
        Outcome.LOAD_OOM_KILLED,
    },
    Expectation.READY: {Outcome.SURVIVED, Outcome.THROTTLED, Outcome.LOAD_OOM_KILLED},
    Expectation.THROTTLE: {Outcome.THROTTLED},
    Expectation.OOM: {Outcome.LOAD_OOM_KILLED, Outcome.APP_OOM_KILLED, Outcome.GROUP_OOM_KILLED},
    Expectation.RESTART: {
        Outcome.APP_OOM_KILLED,
        Outcome.GROUP_OOM_KILLED,
        Outcome.LIVENESS_RESTARTED,
        Outcome.KUBELET_RESTARTED,
        Outcome.APP_EXITED,
    },
    Expectation.EVICT: {Outcome.EVICTED},
}


@dataclass(frozen=True)
class Verdict:
    """The outcome, one sentence on it, and the facts that it rests on."""

    outcome: Outcome
    sentence: str
    evidence: "tuple[Evidence, ...]" = field(default=())


def meets(verdict: Verdict, expectation: Expectation) -> bool:
    """Whether the outcome is one that the expectation names."""
    return verdict.outcome in _MET_BY[expectation]
