"""Runs whose verdict is held to a second opinion; kept as test data where a folder for it is set.

KUBECTL_STRESS_KEEP_RUNS=FOLDER keeps each as FOLDER/NAME/{recording.jsonl,pod.json,dmesg.txt,
memory.events}, and processes.txt where others load the pod too: `scripts/record-runs` makes
tests/testdata/runs anew in that way.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.builders.second_opinion import Facts, about_pod, second_opinion
from tests.cluster.errors import ClusterError
from tests.e2e.plugin import Done, Plugin, Running
from tests.e2e.pods import NodeMemory, Pods

During = Callable[[Running], None]


@dataclass(frozen=True)
class JudgedRun:
    """A run with its report, its recording, and what others say of it."""

    done: Done
    report: dict[str, Any]
    recording: Path
    facts: Facts
    memory: NodeMemory

    @property
    def outcome(self) -> str:
        """The verdict's outcome."""
        return str(self.report["verdict"]["outcome"])

    @property
    def evidence(self) -> list[str]:
        """The texts of the verdict's evidence."""
        return [fact["text"] for fact in self.report["verdict"]["evidence"]]

    def lines(self, kind: str) -> list[dict[str, Any]]:
        """The lines of the recording of this type."""
        found = [json.loads(line) for line in self.recording.read_text().splitlines()]
        return [line for line in found if line["type"] == kind]


@dataclass(frozen=True)
class Judge:
    """Runs `kubectl stress mem` and asks everybody else afterwards."""

    plugin: Plugin
    pods: Pods
    folder: Path

    def __call__(
        self,
        name: str,
        pod: str,
        *options: str,
        during: During | None = None,
        processes: str = "",
    ) -> JudgedRun:
        """Run it on a pod; the verdict must be what others' words come to.

        `processes` are those of the container before the run, where others load it.
        """
        before, memory = self.pods.get(pod), self.pods.memory(pod)
        known = memory.dmesg()
        recording = self.folder / f"{name}.jsonl"
        words = ("mem", pod, *options, "--yes", "-o=json", f"--record={recording}")
        with self.plugin.running(*words) as running:
            if during is not None:
                during(running)
            done = running.end()
        run = JudgedRun(
            done, done.report, recording, self._facts(before, memory, known, processes), memory
        )
        self._keep(name, run)
        assert run.outcome == second_opinion(run.facts), run.evidence
        others = {load["started_by"] for load in run.report["other_loads"]}
        assert others == run.facts.others
        return run

    def _facts(
        self, before: dict[str, Any], memory: NodeMemory, known: str, processes: str
    ) -> Facts:
        meta = before["metadata"]
        listed = self.pods.kubectl("get", "pods", "-o", "json")
        pods = {pod["metadata"]["uid"]: pod for pod in json.loads(listed)["items"]}
        after = pods.get(meta["uid"])
        selector = f"involvedObject.uid={meta['uid']}"
        events = self.pods.kubectl("get", "events", f"--field-selector={selector}", "-o", "json")
        return Facts(
            container="app",
            before=before,
            after=None if after and "deletionTimestamp" in after["metadata"] else after,
            events=json.loads(events)["items"],
            dmesg=about_pod(memory.dmesg(), meta["uid"], since=known),
            memory_events=_counters(memory),
            processes=processes,
        )

    def _keep(self, name: str, run: JudgedRun) -> None:
        kept = os.environ.get("KUBECTL_STRESS_KEEP_RUNS")
        if not kept:
            return
        folder = Path(kept, name)
        shutil.rmtree(folder, ignore_errors=True)
        run.facts.write(folder)
        shutil.copy(run.recording, folder / "recording.jsonl")


def _counters(memory: NodeMemory) -> dict[str, dict[str, int]]:
    """The counters of both levels, as far as the cgroups are still there."""
    found = {}
    for level, read in (("pod", memory.pod_events), ("container", memory.container_events)):
        try:
            found[level] = read()
        except ClusterError:
            continue  # gone with its pod or container
    return found
