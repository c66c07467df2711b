"""The cause of a run's end, derived from what others say of it and nothing of ours.

What the API server shows of the pod before and after, its events, the node's kernel messages and
the counters of the pod's cgroup. The verdict of the same run must be the same.
"""

import json
import re
import signal as signals
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

Pod = dict[str, Any]
_OOM_KILL = re.compile(r"oom-kill:.*task_memcg=([^,]+),task=([^,]+),pid=(\d+)")
_GROUP = re.compile(r"Tasks in (\S+) are going to be killed due to memory\.oom\.group set")
_LOAD = re.compile(r"^(\d+) .*--started-by (\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Facts:
    """What the API server and the node say; `memory_events` by level, `pod` and `container`.

    `processes` are those in the target's cgroup during the run, a PID and a command line each, kept
    where others loaded it too; `user` is who recorded the run.
    """

    container: str
    before: Pod
    after: Pod | None
    events: list[dict[str, Any]]
    dmesg: str
    memory_events: Mapping[str, Mapping[str, int]]
    processes: str = ""
    user: str = "admin"

    @classmethod
    def read(cls, folder: Path) -> Self:
        """As `write` left them."""
        pods, processes = json.loads((folder / "pod.json").read_text()), folder / "processes.txt"
        return cls(
            container=pods["container"],
            before=pods["before"],
            after=pods["after"],
            events=pods["events"],
            dmesg=(folder / "dmesg.txt").read_text(),
            memory_events=_parsed((folder / "memory.events").read_text()),
            processes=processes.read_text() if processes.exists() else "",
        )

    def write(self, folder: Path) -> None:
        """Keep them in a new folder."""
        folder.mkdir(parents=True)
        pods = {"container": self.container, "before": self.before, "after": self.after}
        text = json.dumps({**pods, "events": self.events}, indent=1, ensure_ascii=False)
        (folder / "pod.json").write_text(text + "\n")
        (folder / "dmesg.txt").write_text(self.dmesg)
        (folder / "memory.events").write_text(_formatted(self.memory_events))
        if self.processes:
            (folder / "processes.txt").write_text(self.processes)

    def status(self, pod: Pod) -> dict[str, Any]:
        """The container's status in one of the pods."""
        entries = pod["status"].get("containerStatuses") or []
        return next((dict(entry) for entry in entries if entry["name"] == self.container), {})

    @property
    def victims(self) -> list[str]:
        """The commands that the kernel says it chose in the target's cgroup, in order."""
        return [command for memcg, command, _ in self._kills if self._is_targets(memcg)]

    @property
    def others(self) -> set[str]:
        """Who else loaded the container, by the command lines of their agents."""
        return {user for _, user in _LOAD.findall(self.processes)} - {self.user}

    @property
    def is_others_alone(self) -> bool:
        """Whether all that the kernel chose in the target's cgroup were loads of others."""
        pids = {pid for pid, user in _LOAD.findall(self.processes) if user != self.user}
        chosen = [pid for memcg, _, pid in self._kills if self._is_targets(memcg)]
        return bool(chosen) and all(pid in pids for pid in chosen)

    @property
    def neighbours(self) -> list[str]:
        """The commands that it chose in other containers of the pod, our own holders apart."""
        ids = [end for entry in self._others for end in (entry.get("containerID", ""),)]
        ids += [
            (entry.get("lastState", {}).get("terminated") or {}).get("containerID", "")
            for entry in self._others
        ]
        names = {container_id.partition("://")[2] for container_id in ids} - {""}
        return [command for memcg, command, _ in self._kills if Path(memcg).name in names]

    @property
    def _others(self) -> list[dict[str, Any]]:
        entries = (self.after or self.before)["status"].get("containerStatuses") or []
        return [entry for entry in entries if entry["name"] != self.container]

    @property
    def _kills(self) -> list[tuple[str, str, str]]:
        return _OOM_KILL.findall(self.dmesg)

    @property
    def is_group(self) -> bool:
        """Whether the kernel says that it killed the target's cgroup as a whole."""
        return any(self._is_targets(memcg) for memcg in _GROUP.findall(self.dmesg))

    def _is_targets(self, memcg: str) -> bool:
        return Path(memcg).name in self._ids

    @property
    def _ids(self) -> set[str]:
        """The IDs that the target's container had."""
        pods = [self.before] + ([self.after] if self.after else [])
        found = []
        for status in (self.status(pod) for pod in pods):
            found.append(status.get("containerID", ""))
            for state in (status.get("state", {}), status.get("lastState", {})):
                found.append((state.get("terminated") or {}).get("containerID", ""))
        return {container_id.partition("://")[2] for container_id in found} - {""}

    @property
    def ended(self) -> dict[str, Any] | None:
        """How the container of before ended, None if it still runs."""
        if self.after is None:
            return None
        old, now = self.status(self.before)["containerID"], self.status(self.after)
        if now.get("containerID") == old and "running" in now.get("state", {}):
            return None
        states = (now.get("state", {}), now.get("lastState", {}))
        ends = [state["terminated"] for state in states if state.get("terminated")]
        return dict(ends[0]) if ends else {}

    def progress(self, reason: str, words: str) -> list[str]:
        """The messages of events with this reason that hold these words."""
        found = [event for event in self.events if event.get("reason") == reason]
        return [event["message"] for event in found if words in event.get("message", "")]

    @property
    def has_lost_readiness(self) -> bool:
        """Whether the container is not Ready, or not since before the run."""
        return self._was_not_ready and not self.has_restarted_kubelet

    @property
    def has_restarted_kubelet(self) -> bool:
        """Whether the container was shown as not Ready by the kubelet's own start alone.

        A kubelet up to 1.34 says so of each container when it is started itself: without a word of
        a failed probe, a container that is Ready again was never out of service.
        """
        assert self.after is not None
        is_back = _ready_since(self.after).startswith("True")
        return self._was_not_ready and is_back and not self.progress("Unhealthy", "Readiness probe")

    @property
    def _was_not_ready(self) -> bool:
        assert self.after is not None
        return _ready_since(self.before) != _ready_since(self.after)


def second_opinion(facts: Facts) -> str:
    """The outcome by others' words, as the verdict names it."""
    if facts.after is None:
        return "inconclusive"
    if facts.after["status"].get("reason") == "Evicted":
        return "evicted"
    if facts.ended is not None:
        return _of_an_end(facts, facts.ended)
    if facts.neighbours:
        return "app-oom-killed"
    if facts.is_others_alone:
        return "inconclusive"
    if facts.victims:
        is_load = all("agent" in command for command in facts.victims)
        return "load-oom-killed" if is_load else "app-oom-killed"
    if facts.has_lost_readiness:
        return "readiness-lost"
    if facts.has_restarted_kubelet:  # every exec goes through it
        return "inconclusive"
    is_slowed = facts.memory_events.get("container", {}).get("high", 0) > 0
    return "throttled" if is_slowed else "survived"


# The kubelet's words of its Killing events, and what they come to; the first that was said counts.
_KILLS = {
    "failed liveness probe": "liveness-restarted",
    "failed startup probe": "kubelet-restarted",
    "definition changed": "kubelet-restarted",
    "resize requires restart": "kubelet-restarted",
}
# man 7 signal: by these a program ends through a fault of its own, by others because it was told.
_FAULTS = {4, 5, 6, 7, 8, 11, 13, 14, 24, 25, 26, 27, 31}


def _of_an_end(facts: Facts, ended: dict[str, Any]) -> str:
    said = next((kind for words, kind in _KILLS.items() if facts.progress("Killing", words)), None)
    if not ended:  # the node may know more, but the API server was never told
        return said or ("kubelet-restarted" if _is_restarting_all(facts) else "inconclusive")
    if facts.is_group:
        return "group-oom-killed"
    if any("agent" not in command for command in facts.victims):
        return "app-oom-killed"
    if said or _is_restarting_all(facts):
        return said or "kubelet-restarted"
    if facts.progress("Killing", ""):
        return "inconclusive"
    signal = ended.get("exitCode", 0) - 128
    is_told = 0 < signal <= 64 and (signal not in _FAULTS or signal == _stop_signal(facts))
    if _liveness_failures_in_row(facts):
        return "liveness-restarted" if is_told else "inconclusive"
    return "inconclusive" if is_told else "app-exited"


def _stop_signal(facts: Facts) -> int:
    """The signal that the spec names for the container's end; 15 without."""
    specs = facts.before["spec"]["containers"]
    spec: dict[str, Any] = next((entry for entry in specs if entry["name"] == facts.container), {})
    name = (spec.get("lifecycle") or {}).get("stopSignal", "SIGTERM")
    return int(getattr(signals, name, signals.SIGTERM))


def _is_restarting_all(facts: Facts) -> bool:
    if "killing" in facts.progress("Killing", "killing"):  # all that the kubelet says of it
        return True
    conditions = (facts.after or {"status": {}})["status"].get("conditions") or []
    kind = "AllContainersRestarting"
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)


def _liveness_failures_in_row(facts: Facts) -> bool:
    """Whether as many were counted as end the container."""
    specs = facts.before["spec"]["containers"]
    spec: dict[str, Any] = next((entry for entry in specs if entry["name"] == facts.container), {})
    probe = spec.get("livenessProbe")
    found = [e for e in facts.events if "Liveness probe failed" in e.get("message", "")]
    failed = sum(event.get("count") or 1 for event in found)
    return probe is not None and failed >= probe.get("failureThreshold", 3)


def _ready_since(pod: Pod) -> str:
    conditions = pod["status"].get("conditions") or []
    found = [entry for entry in conditions if entry["type"] == "ContainersReady"]
    return f"{found[0]['status']} since {found[0]['lastTransitionTime']}" if found else ""


def about_pod(dmesg: str, pod_uid: str, *, since: str = "") -> str:
    """The kernel's messages on OOM kills in a pod's cgroup, newer than the last line of `since`."""
    kept, is_about = [], False
    for line in _newer(dmesg.splitlines(), since.splitlines()):
        if "invoked oom-killer" in line:
            is_about = False
        if "oom-kill:" in line:
            is_about = f"pod{pod_uid}" in line
        if is_about and ("ill" in line and ("oom" in line or "Killed process" in line)):
            kept.append(line)
    return "".join(f"{line}\n" for line in kept)


def _newer(lines: list[str], since: list[str]) -> list[str]:
    """The kernel's buffer is a ring: what is known may have left it at its beginning."""
    last = since[-1] if since else None
    return lines[lines.index(last) + 1 :] if last in lines else lines


def _formatted(levels: Mapping[str, Mapping[str, int]]) -> str:
    lines = []
    for level, counters in levels.items():
        lines += [f"# {level}", *(f"{name} {value}" for name, value in counters.items())]
    return "".join(f"{line}\n" for line in lines)


def _parsed(text: str) -> dict[str, dict[str, int]]:
    levels: dict[str, dict[str, int]] = {}
    for line in text.splitlines():
        first, second = line.split()
        if first == "#":
            levels[second] = counters = {}
        else:
            counters[first] = int(second)
    return levels
