"""What was brought about in each of the recorded runs, written down by whoever devised it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GENERATION = re.compile(r"-(v[12])\b")


@dataclass(frozen=True)
class End:
    """A way to end: what was done, and the outcome that it is on cgroup v2 and on v1.

    `also` is another that it may be, where it is for the kernel to choose.
    """

    what: str
    v2: str
    v1: str
    also: str = ""


_SURVIVED, _INCONCLUSIVE = "survived", "inconclusive"
_GROUP, _APP, _LOAD = "group-oom-killed", "app-oom-killed", "load-oom-killed"
_LIVENESS, _KUBELET = "liveness-restarted", "kubelet-restarted"

# By the name of the run without its generation.
ENDS = {
    "survived": End("a load that fits", _SURVIVED, _SURVIVED),
    "shm": End("a load of shared memory that fits", _SURVIVED, _SURVIVED),
    "e11": End("page cache beside a load at the limit", _SURVIVED, _SURVIVED),
    "e14": End("a load that fits, after an OOM kill before the run", _SURVIVED, _SURVIVED),
    "e14-first": End("a load above the limit", _GROUP, _LOAD),
    "e05": End("a load above the limit", _GROUP, _LOAD),
    "e07": End("a load above the limit, again and again", _GROUP, _LOAD),
    "workers": End("a load of three workers above the limit", _GROUP, _LOAD),
    "e08-same": End("an app larger than the load, at the limit", _GROUP, _APP),
    "e08-1000": End("a load that weighs more than a larger app, at the limit", _GROUP, _LOAD),
    "child": End("a child of the app larger than the load, at the limit", _GROUP, _APP),
    "child-0": End("a killed child, then the app exits with 0", _APP, _APP),
    "child-1": End("a killed child, then the app exits with 1", _APP, _APP),
    "child-137": End("a killed child, then the app exits with 137", _APP, _APP),
    "neighbour": End("a larger container under the pod's limit", _APP, _APP, also=_GROUP),
    "sibling": End("a container that dies first under the pod's limit", _GROUP, _APP, also=_APP),
    "never": End("an OOM kill with restartPolicy Never", _GROUP, _APP),
    "job": End("an OOM kill in a Job", _GROUP, _APP),
    "tmpfs": End("an OOM kill beside a volume of memory", _GROUP, _LOAD),
    "resize-oom": End("a load above a limit that a resize has lowered", _GROUP, _LOAD),
    "resize-up": End("a limit that a resize raises", _SURVIVED, _SURVIVED),
    "resize-down": End("a limit that a resize lowers, above the usage", _SURVIVED, _SURVIVED),
    "e06": End("a liveness probe that fails near the limit", _LIVENESS, _LIVENESS),
    "startup": End("a startup probe that fails", _KUBELET, _KUBELET),
    "image": End("a changed image", _KUBELET, _KUBELET),
    "resize-restart": End("a resize that requires a restart", _KUBELET, _KUBELET),
    "rule": End("a restart rule that restarts all containers", _KUBELET, _KUBELET),
    "flooded": End("a liveness kill among dropped warnings", _LIVENESS, _LIVENESS),
    "unsaid": End("a liveness kill whose Killing event was dropped", _LIVENESS, _LIVENESS),
    "dropped": End("a liveness kill whose events were all dropped", _INCONCLUSIVE, _INCONCLUSIVE),
    "two-clients": End("two loads at once that fit", _SURVIVED, _SURVIVED),
    "two-clients-oom": End("a load above the limit beside another one", _GROUP, _LOAD),
    "kubelet": End("a restart of a kubelet 1.34, which cuts the load off", _INCONCLUSIVE, ""),
    "readiness": End("a readiness probe that fails", "readiness-lost", "readiness-lost"),
    "e10-evicted": End("a node short of memory, slowly", "evicted", "evicted"),
    "e10-oom": End("a node short of memory, at once", _GROUP, _LOAD),
    "e10-oom-evicted": End(
        "a node short of memory, at once, whose kubelet evicts the dead pod", "evicted", "evicted"
    ),
    "e10-oom-lost": End(
        "a node short of memory, at once, that answers nothing for a while", "evicted", "evicted"
    ),
    "e10-oom-late": End(
        "a node short of memory, at once, that is told of late", "evicted", "evicted"
    ),
    "throttled": End("usage above memory.high", "throttled", ""),
    "exited": End("an app that exits with 0", "app-exited", "app-exited"),
    "exit-137": End("an app that exits with 137", _INCONCLUSIVE, _INCONCLUSIVE),
    "exit-143": End("an app that exits with 143", _INCONCLUSIVE, _INCONCLUSIVE),
    "stop-signal": End("an app that exits as by its own stop signal", _INCONCLUSIVE, _INCONCLUSIVE),
    "killed": End("a SIGKILL by root on the node", _INCONCLUSIVE, _INCONCLUSIVE),
    "deleted": End("a deleted pod", _INCONCLUSIVE, _INCONCLUSIVE),
}


def end_of(run: str) -> End:
    """What was brought about in the run of this name."""
    return ENDS[_GENERATION.sub("", run)]


def outcomes_of(run: str) -> tuple[str, ...]:
    """The outcome that it is, and the other that it may be."""
    end, generation = end_of(run), _GENERATION.search(run)
    assert generation is not None, run
    meant = end.v1 if generation[1] == "v1" else end.v2
    return (meant, end.also) if end.also else (meant,)
