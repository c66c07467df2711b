"""What each outcome means and what to do about it, in words. Pure.

`kubectl stress help OUTCOME` prints these; docs/verdicts.md is made of them.
"""

from kubectl_stress.verdict.outcome import (
    INTERRUPTED,
    NOT_LOADED,
    Expectation,
    Outcome,
    Verdict,
    meets,
)

MEANINGS = {
    Outcome.SURVIVED: (
        "The container held the load and stayed ready. No process was killed, and it did not "
        "restart. It is safe up to the peak of this run, and no further. To find where it "
        "fails, run again with a larger --size, up to the limit."
    ),
    Outcome.LOAD_OOM_KILLED: (
        "The kernel OOM-killed the load; the app was not killed. This happens where the kernel "
        "kills one process at a time: on cgroup v1, or with the kubelet's singleProcessOOMKill. "
        "It does not prove that the app is safe: the kernel kills the process with the highest "
        "badness, and if the app itself grows, that is the app. The process table shows who "
        "dies first. To see the app killed, run with a smaller --size and more --workers."
    ),
    Outcome.APP_OOM_KILLED: (
        "The kernel OOM-killed a process of the app. If it was the container's main process, or "
        "one that it waited for, the container ended, whatever its exit code says; otherwise the "
        "app runs on without that process, which can be worse. With a limit on the whole pod, "
        "the process may belong to another container. Raise the memory limit, or make the app "
        "use less: bound its heap below the limit (-Xmx, GOMEMLIMIT, --max-old-space-size), bound "
        "its caches, run fewer workers."
    ),
    Outcome.GROUP_OOM_KILLED: (
        "The kernel OOM-killed the whole container, app and load. The kubelet asks for this "
        "with memory.oom.group on cgroup v2. The same happens when the app itself reaches the "
        "limit, even if only a small helper process does. Raise the memory limit, or make the "
        "app use less (-Xmx, GOMEMLIMIT, --max-old-space-size). To have single processes killed "
        "instead, set the kubelet's singleProcessOOMKill, which applies to the whole node."
    ),
    Outcome.LIVENESS_RESTARTED: (
        "The liveness probe failed; the kubelet restarted the container. Near the limit the "
        "kernel reclaims pages of the app's own code, and the app becomes too slow to answer. "
        "The exit code may be 137, but it is the kubelet's SIGKILL, not an OOM kill. A restart "
        "does not help here: raise timeoutSeconds and failureThreshold of the liveness probe, "
        "leave slowness to the readiness probe, or raise the memory limit."
    ),
    Outcome.KUBELET_RESTARTED: (
        "The kubelet restarted the container for another reason. It was not the liveness probe; "
        "the verdict says which: its startup probe failed, its definition was changed (a new "
        "image), it was resized and its resizePolicy asks for a restart, or a restart rule "
        "restarted all containers of the pod. The exit code is of the kubelet's SIGTERM or "
        "SIGKILL, not of an OOM kill. A startup probe may fail because of the load: raise its "
        "failureThreshold, or start the load later. For the other reasons, run again without the "
        "change."
    ),
    Outcome.READINESS_LOST: (
        "The container kept running, but was not ready. Its readiness probe failed under the "
        "load, and its Services sent it no traffic during that time. With several replicas this "
        "is as intended; with a single replica it is an outage. Compare the time it was not "
        "ready with what your clients tolerate, and raise the probe's timeoutSeconds or the "
        "memory limit."
    ),
    Outcome.EVICTED: (
        "The node ran short of memory; the kubelet evicted the pod. No memory limit was "
        "reached. Pods that use more than they request are evicted first. Set the request to "
        "what the container really uses (request equal to limit makes the pod Guaranteed), or "
        "keep the node from filling up. A controller creates a new pod elsewhere; a pod without "
        "one is gone."
    ),
    Outcome.THROTTLED: (
        "The kernel throttled the container, at memory.high or by its CPU quota; the verdict says "
        "which. Nothing was killed: the container waits instead. Check the latency of the app "
        "during the run. At memory.high, which the kubelet sets if its MemoryQoS feature is on, "
        "raise the memory request or limit. At the CPU limit, app and load together spend the "
        "quota before each period of 100 ms is over: raise the CPU limit, or leave it out and let "
        "the CPU request decide."
    ),
    Outcome.APP_EXITED: (
        "The container exited on its own; nothing killed it. The exit code is the app's, and not "
        "one of a signal that somebody else may have sent (143 is a SIGTERM). Many "
        "runtimes exit like this when an allocation fails or the heap is full. To see why, use "
        "kubectl logs POD -c CONTAINER --previous."
    ),
    Outcome.INCONCLUSIVE: (
        "The run does not allow a verdict, and none is guessed. The connection was lost, the "
        "requested size was not reached, someone else deleted or killed something, or stopped the "
        "load (kubectl stress stop or Ctrl-C): the verdict's sentence says which. Run it again; "
        "--record FILE keeps everything that was seen."
    ),
}

_WITHOUT_VERDICT = {
    NOT_LOADED: (
        "The target was not loaded; its row has no readings. It does not exist, could not be "
        "prepared, was refused by a guard, or another target could not be loaded: the reason "
        "stands below the table. Use --keep-going to load the others nevertheless."
    ),
    INTERRUPTED: (
        "The run was ended by Ctrl-C or a signal before its time. The load has been released, "
        "unless the line below the table says otherwise. The figures are of what was seen up to "
        "there, and the exit code is 130."
    ),
}
# By the words that stand in the column VERDICT.
WORDS = {**{outcome.value: text for outcome, text in MEANINGS.items()}, **_WITHOUT_VERDICT}


def listing() -> str:
    """All outcomes, each with the first sentence of its meaning."""
    width = max(map(len, WORDS))
    return "\n".join(
        f"{word:<{width}}  {text.partition('. ')[0].removesuffix('.')}"
        for word, text in WORDS.items()
    )


def verdicts_page() -> str:
    """docs/verdicts.md."""
    parts = [
        "# Verdicts\n\n"
        "A run ends with one of these outcomes. `kubectl stress help OUTCOME` prints the same.\n"
    ]
    parts += [f"## {outcome.value}\n\n{MEANINGS[outcome]}\n" for outcome in Outcome]
    parts.append(
        "## Without a verdict\n\n"
        "Of several targets these words stand in the place of an outcome; they meet no `--expect`."
        "\n"
    )
    parts += [f"### {word}\n\n{text}\n" for word, text in _WITHOUT_VERDICT.items()]
    parts.append(
        "## Which outcomes meet `--expect`\n\n"
        "The exit code is 0 if the expectation is met, 3 if it is not, and 4 if the run was "
        f"inconclusive, whatever was expected.\n\n{_expectations()}\n"
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
