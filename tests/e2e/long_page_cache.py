"""Page cache counts as usage, and not as working set: as the kubelet has it."""

import time
from datetime import datetime
from typing import Any

from tests.e2e.judged import Judge
from tests.e2e.plugin import Running
from tests.e2e.pods import Pods, pod

MIB = 1 << 20
# The kubelet reads a container's memory each 10 to 15 s.
HOUSEKEEPING_S = 20


def test_e11_page_cache_raises_usage_and_not_the_working_set(
    judged: Judge, pods: Pods, flavour: str
) -> None:
    pods.create(pod(flavour, limit="96Mi"))
    seen: list[dict[str, Any]] = []

    def ask_the_kubelet(running: Running) -> None:
        running.wait_for("holding ")
        time.sleep(HOUSEKEEPING_S)
        seen.append(pods.summary("app"))

    options = ("--kind=file", "--size=40Mi", f"--duration={HOUSEKEEPING_S + 5}s")
    run = judged(f"e11-{flavour}", "app", *options, during=ask_the_kubelet)

    before, samples = run.report["memory"]["before"], run.lines("sample")
    kubelets = seen[0]
    ours = nearest(samples, datetime.fromisoformat(kubelets["time"]).timestamp())["memory"]
    raised = ours["usage_bytes"] - before["usage_bytes"]
    inactive = ours["inactive_file_bytes"] - before["inactive_file_bytes"]
    working_set = ours["usage_bytes"] - ours["inactive_file_bytes"]
    assert run.outcome == "survived"
    assert 40 * MIB <= raised <= 43 * MIB
    assert 40 * MIB <= inactive <= 41 * MIB
    assert abs(working_set - before["working_set_bytes"]) <= 3 * MIB
    assert abs(kubelets["workingSetBytes"] - working_set) <= MIB
    assert abs(kubelets["usageBytes"] - ours["usage_bytes"]) <= MIB


def nearest(samples: list[dict[str, Any]], at_s: float) -> dict[str, Any]:
    """The sample of that moment, by the node's clock."""
    return min(samples, key=lambda sample: abs(sample["time_ms"] - at_s * 1000))
