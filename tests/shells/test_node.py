"""Node.js receives the agent, where an image has no shell: see tests/unit/injection."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.clock import Clock
from kubectl_stress.errors import InjectionError
from kubectl_stress.injection import copy_agent as copying
from kubectl_stress.injection.copy_agent import bring_in_target_image
from kubectl_stress.plan.holder_spec import HolderSpec
from kubectl_stress.plan.interpreter import Interpreter
from kubectl_stress.targets.target import Target
from tests.builders.pods import pod
from tests.fakes.local_container import LocalContainer

AGENT = b"""#!/bin/sh
[ "$1" = version ] && exit 0
echo "$*" > "${0%/*}/became"
exec /bin/sleep 30
"""
NODE = Interpreter("node", ("node", "-e"))
# Debian's is older than process.execve.
BECOMES = """
process.execve = (file, words) => require("child_process").spawnSync(file, words.slice(1));
"""
WITHOUT = "delete process.execve;\n"
CLOCK = Clock(lambda: time.monotonic_ns() // 1_000_000, time.sleep)


def bring(cluster: LocalContainer) -> tuple[str, str]:
    target = Target.from_pod(cluster.pods["web"])
    holder = HolderSpec(TARGET_IMAGE)
    return bring_in_target_image(cluster, target, holder, clock=CLOCK, tell=lambda _text: None)


@pytest.fixture(autouse=True)
def node(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "carried_agents", lambda: {"amd64": AGENT, "arm64": AGENT})
    use(monkeypatch, BECOMES)


def use(monkeypatch: pytest.MonkeyPatch, prelude: str) -> None:
    chosen = replace(NODE, prelude=prelude)
    monkeypatch.setattr(copying, "interpreters", lambda _target: (chosen,))


def test_the_agent_is_received_checked_and_reused(tmp_path: Path) -> None:
    with LocalContainer(pod().container("app").dict, tmp_path) as cluster:
        first = bring(cluster)
        became = Path(first[1]).with_name("became")
        while not became.exists():
            time.sleep(0.01)

        assert bring(cluster) == first
        assert became.read_text() == "hold --protocol 2 --linger-ms 600000\n"
        assert Path(first[1]).read_bytes() == AGENT
        assert len(cluster.added) == 1


def test_a_damaged_agent_is_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "_digest", lambda _agent: "0" * 64)
    with LocalContainer(pod().container("app").dict, tmp_path) as cluster:
        with pytest.raises(InjectionError, match="it arrived damaged"):
            bring(cluster)


def test_an_image_without_a_folder_is_told(tmp_path: Path) -> None:
    with LocalContainer(pod().container("app").dict, tmp_path, place="/proc") as cluster:
        with pytest.raises(InjectionError, match="has no folder that user"):
            bring(cluster)


def test_a_node_that_cannot_become_the_agent_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, WITHOUT)
    with LocalContainer(pod().container("app").dict, tmp_path) as cluster:
        with pytest.raises(InjectionError, match=r"lacks process\.execve \(Node\.js 22\.15\)"):
            bring(cluster)
