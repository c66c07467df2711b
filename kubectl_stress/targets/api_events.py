"""API events about a pod, and which of them belong to a run. Pure: no I/O."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kubectl_stress.targets.changes import Change, ChangeKind
from kubectl_stress.text import clean

# Of each pod of a node whose kubelet no longer reports (pkg/controller/nodelifecycle).
NODE_LOST = "NodeNotReady"
_REPORTED_EVENTS = {
    "Unhealthy", "Killing", "BackOff", "Evicted", "OOMKilling", "FailedKillPod",
    "Preempting", NODE_LOST, "ExceededGracePeriod", "ProbeWarning",
    "ResizeStarted", "ResizeCompleted", "ResizeError", "ResizeDeferred", "ResizeInfeasible",
}  # fmt: skip


def is_reported(event: Mapping[str, Any], container: str) -> bool:
    """Whether an API event belongs on the time axis of a run on this container.

    An event of another container of the pod does not: it names it as `spec.containers{NAME}`.
    """
    path = (event.get("involvedObject") or {}).get("fieldPath") or ""
    is_of_another = "{" in path and not path.endswith(f"{{{container}}}")
    return event.get("reason", "") in _REPORTED_EVENTS and not is_of_another


def event_change(event: Mapping[str, Any], *, at_ms: int) -> Change:
    """An API event as a change; its text is the kubelet's own."""
    reason, message = clean(event.get("reason", "")), clean(event.get("message", ""))
    text = f"{reason}: {message}{_eviction_facts(event)}"
    return Change(at_ms, ChangeKind.EVENT, text, "event", reason)


def _eviction_facts(event: Mapping[str, Any]) -> str:
    """The annotations of an Evicted event (pkg/kubelet/eviction/helpers.go, evictionMessage)."""
    annotations = (event.get("metadata") or {}).get("annotations") or {}
    starved = clean(annotations.get("starved_resource", ""))
    names = clean(annotations.get("offending_containers", "")).split(",")
    usages = clean(annotations.get("offending_containers_usage", "")).split(",")
    used = [f"{name} used {usage}" for name, usage in zip(names, usages, strict=False) if name]
    facts = [*([f"starved resource: {starved}"] if starved else []), *used]
    return f" ({'; '.join(facts)})" if facts else ""


def last_message(events: Sequence[Mapping[str, Any]], *, ephemeral_container: str) -> str:
    """What was last said of an ephemeral container (Pulling image …); empty where nothing was."""
    path = f"spec.ephemeralContainers{{{ephemeral_container}}}"
    of_it = [
        event for event in events if (event.get("involvedObject") or {}).get("fieldPath") == path
    ]
    never = datetime.min.replace(tzinfo=UTC)
    last = max(of_it, key=lambda event: event_time(event) or never, default={})
    return clean(last.get("message", ""))


def event_time(event: Mapping[str, Any]) -> datetime | None:
    """When an event last happened, by the clock of its reporter; None where it does not say."""
    series = event.get("series") or {}
    for text in (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
    ):
        if text:
            return datetime.fromisoformat(text)
    return None
