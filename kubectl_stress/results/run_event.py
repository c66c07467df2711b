"""The Events by which a run announces itself on its pod, as events.k8s.io/v1 takes them. Pure.

Whoever is on call sees in `kubectl describe pod` why memory rose, who did it, and what came of it.
"""

from datetime import datetime
from typing import Any

from kubectl_stress.agent.identity import RunIdentity
from kubectl_stress.plan.decide import summary
from kubectl_stress.plan.plan import Plan
from kubectl_stress.quantity import format_duration

REPORTER = "kubectl-stress"
# Limits of the API (k8s.io/kubernetes pkg/apis/core/validation/events.go), in bytes.
_NOTE_BYTES, _INSTANCE_BYTES = 1_024, 128
_NAME_LENGTH = 200  # of the 253 that a name may have, the moment and the reason take some


def started_event(plan: Plan, identity: RunIdentity, at: datetime) -> dict[str, Any]:
    """The load is about to begin."""
    return _event(plan, identity, at, "StressStarted", summary(plan))


def ended_event(
    plan: Plan, identity: RunIdentity, at: datetime, *, what: str, lasted_ms: int
) -> dict[str, Any]:
    """The run is over; `what` is its verdict, or the error that ended it."""
    lasted = format_duration(lasted_ms // 1_000 * 1_000)
    return _event(plan, identity, at, "StressEnded", f"after {lasted}: {what}")


def _event(
    plan: Plan, identity: RunIdentity, at: datetime, reason: str, words: str
) -> dict[str, Any]:
    target = plan.target
    who = f" (run {identity.run}, started by {identity.started_by})"
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": _name(target.pod, at, reason), "namespace": target.namespace},
        "eventTime": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": "Normal",
        "reason": reason,
        "action": "Stress",
        "note": _cut(words, _NOTE_BYTES - len(who.encode())) + who,
        "reportingController": REPORTER,
        "reportingInstance": _cut(f"{REPORTER}-{identity.run}", _INSTANCE_BYTES),
        "regarding": {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": target.namespace,
            "name": target.pod,
            "uid": target.pod_uid,
            "fieldPath": f"spec.containers{{{target.container}}}",
        },
    }


def _name(pod: str, at: datetime, reason: str) -> str:
    """As client-go names them; the API takes no generateName that ends with a dot."""
    return f"{pod[:_NAME_LENGTH].rstrip('.-')}.{int(at.timestamp() * 1e6):x}.{reason.lower()}"


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
