"""What each outcome means and what to do about it, in words. Pure.

`kubectl stress help OUTCOME` prints these; docs/verdicts.md is made of them.
"""

from kubectl_stress.verdict.outcome import Expectation, Outcome, Verdict, meets

MEANINGS = {
    Outcome.SURVIVED: (
        "The load was held to its end, and the container kept its processes, its restart count "
        "and its readiness. Look at the headroom that was left at the peak: the container is "
        "safe up to that level and no further. To find where it ends, run again with more, up to "
        "a --size that reaches the limit."
    ),
    Outcome.LOAD_OOM_KILLED: (
        "The limit was reached and the kernel killed processes of the load; the app lived. So it "
        "goes where the kernel kills one process at a time (cgroup v1, or a kubelet with "
        "singleProcessOOMKill). It is no proof of safety: the kernel takes the process with the "
        "highest badness, and when the app itself grows that is the app. The process table shows "
        "who dies first; run with a smaller --size and more --workers to see the app's turn "
        "come."
    ),
    Outcome.APP_OOM_KILLED: (
        "The limit was reached and the kernel killed a process of the app. If that was the "
        "container's main process, the container ended and the kubelet started it again; "
        "otherwise the app goes on without a part of itself, which can be worse. Under a limit of "
        "the whole pod it may be another of its containers. Raise the "
        "memory limit, or have the app use less: bound its heap below the limit (-Xmx, "
        "GOMEMLIMIT, --max-old-space-size), bound its caches, run fewer workers."
    ),
    Outcome.GROUP_OOM_KILLED: (
        "The limit was reached and the kernel killed every process of the container at once, the "
        "load with the app: the kubelet sets memory.oom.group on cgroup v2. The same happens "
        "when the app itself reaches the limit, and even when a small helper process in it does. "
        "Raise the memory limit, or have the app use less (-Xmx, GOMEMLIMIT, "
        "--max-old-space-size). Where single processes should die instead, the kubelet's "
        "singleProcessOOMKill says so, for a whole node."
    ),
    Outcome.LIVENESS_RESTARTED: (
        "The kubelet restarted the container because its liveness probe failed: near the limit "
        "the kernel takes back the pages of the app's own code, and the app becomes too slow to "
        "answer. The exit code may be 137, which is then the kubelet's SIGKILL and no OOM kill. "
        "A restart makes little better here: raise timeoutSeconds and failureThreshold of the "
        "liveness probe, leave slowness to the readiness probe, or give the container more "
        "memory."
    ),
    Outcome.READINESS_LOST: (
        "The container lived, but its readiness probe failed under the load, and its Service "
        "sent it no traffic for that time. With other replicas that is how it should be; with a "
        "single one it is an outage. Compare the time without readiness with what your clients "
        "can wait, and give the probe more timeoutSeconds or the container more memory."
    ),
    Outcome.EVICTED: (
        "The kubelet evicted the pod because its node ran short of memory; no limit was hit. "
        "Pods that use more than they request go first. Request what the container really uses "
        "(request equal to limit makes the pod Guaranteed), or keep the node from being filled "
        "so far. The pod's owner has a new pod made elsewhere; without an owner it is gone."
    ),
    Outcome.THROTTLED: (
        "The kernel slowed the container down at memory.high, and nobody was killed. The kubelet "
        "sets memory.high where its MemoryQoS is on. The container waits instead of dying: look "
        "at the latency of the app during the run, and raise the memory request or limit where "
        "that is too much."
    ),
    Outcome.APP_EXITED: (
        "The container ended by itself: its exit code is the app's own, and nobody killed it. "
        "Many runtimes give up like this when an allocation fails or a heap is full. Read why "
        "with kubectl logs POD -c CONTAINER --previous."
    ),
    Outcome.INCONCLUSIVE: (
        "What was seen does not force a verdict, and none is guessed: the connection broke off, "
        "the level asked for was not reached, or somebody else deleted or killed something. The "
        "sentence of the verdict says which. Run it again; --record FILE keeps all that is seen."
    ),
}


def listing() -> str:
    """All outcomes, each with the first sentence of its meaning."""
    width = max(len(outcome.value) for outcome in Outcome)
    return "\n".join(
        f"{outcome.value:<{width}}  {MEANINGS[outcome].partition('. ')[0].removesuffix('.')}"
        for outcome in Outcome
    )


def verdicts_page() -> str:
    """docs/verdicts.md."""
    parts = [
        "# Verdicts\n\n"
        "A run ends with one of these outcomes. `kubectl stress help OUTCOME` prints the same.\n"
    ]
    parts += [f"## {outcome.value}\n\n{MEANINGS[outcome]}\n" for outcome in Outcome]
    parts.append(
        "## What `--expect` takes for met\n\n"
        "The exit code is 0 where the expectation is met, 3 where it is not, and 4 where the run "
        f"was inconclusive, whatever was expected.\n\n{_expectations()}\n"
    )
    return "\n".join(parts)


def _expectations() -> str:
    heads = ["outcome", *(f"`{expectation.value}`" for expectation in Expectation)]
    rows = [heads, ["---", *(":-:" for _ in Expectation)]]
    for outcome in Outcome:
        verdict = Verdict(outcome, "")
        met = ["yes" if meets(verdict, expectation) else "" for expectation in Expectation]
        rows.append([outcome.value, *met])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
