"""`doctor` on a real cluster, and the saved image in a node that pulls nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod

pytestmark = pytest.mark.long

SAVED = "kubectl-stress.local/saved:dev"


def diagnoses(plugin: Plugin, exit_code: int, *words: str) -> dict[str, dict[str, str]]:
    done = plugin("doctor", "-o=json", *words)
    assert done.exit_code == exit_code, done.stderr
    return {each["subject"]: each for each in json.loads(done.stdout)["diagnoses"]}


def test_doctor_finds_what_this_cluster_has_and_what_a_user_lacks(
    plugin: Plugin, pods: Pods
) -> None:
    pods.enforce("restricted")

    found = diagnoses(plugin, 0)
    lacking = diagnoses(plugin, 1, "--context=developer")

    assert found["API server"]["text"].startswith("v1.37.")
    assert found["permissions"]["text"] == f'all, in namespace "{pods.namespace}"'
    assert found["Pod Security"]["text"] == "restricted: --join exec can be admitted"
    assert found["nodes"]["text"] == "linux/amd64"
    assert "patch pods/ephemeralcontainers" in lacking["permissions"]["text"]
    assert lacking["nodes"]["health"] == "unknown"
    assert pods.kubectl("get", "pods", "-o", "name") == ""


def test_the_saved_image_is_imported_by_containerd_and_runs_without_a_registry(
    plugin: Plugin, cluster: Cluster, pods: Pods, flavour: str, tmp_path: Path
) -> None:
    archive = tmp_path / "agent.tar"
    pods.create(pod(flavour))

    saved = replace(plugin, options=())("image", "save", str(archive), f"--name={SAVED}")
    cluster.node(flavour).load_image(archive)
    done = plugin("mem", "app", "--size=8Mi", "--duration=1s", f"--image={SAVED}", "-o=json")

    assert saved.exit_code == 0, saved.stderr
    assert done.report["verdict"]["outcome"] == "survived"
    assert f"(image {SAVED})" in done.stderr
