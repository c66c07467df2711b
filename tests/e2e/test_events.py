"""What a run writes on its pod for others to see."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod

pytestmark = pytest.mark.long


def events(pods: Pods) -> Iterator[dict[str, str]]:
    for event in json.loads(pods.kubectl("get", "events", "-o", "json"))["items"]:
        if event["reason"].startswith("Stress"):
            yield event


def test_a_run_is_announced_on_its_pod(plugin: Plugin, pods: Pods, flavour: str) -> None:
    pods.create(pod(flavour))

    done = plugin("mem", "app", "--size=16Mi", "--duration=2s", "-o=json")

    found = {event["reason"]: event["message"] for event in events(pods)}
    assert "memory load of 16.0 MiB" in found["StressStarted"]
    assert "started by admin" in found["StressStarted"]
    assert "survived: the container survived" in found["StressEnded"]
    described = pods.kubectl("describe", "pod", "app")
    assert "StressStarted" in described
    assert "kubectl-stress" in described
    assert not [one for one in done.report["changes"] if "Stress" in one["text"]]
