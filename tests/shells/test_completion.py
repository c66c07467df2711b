"""What a press of Tab completes in real bash, zsh and fish, with kubectl's own completion."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connection import kubeconfigs
from tests.connection.certificates import Authority
from tests.connection.fake_api_server import running
from tests.selection.sample import sampled
from tests.shells.shell import Shell

POD = {
    "metadata": {"name": "web-0", "namespace": "shop", "uid": "web-0-uid"},
    "spec": {"containers": [{"name": "application"}], "initContainers": [{"name": "sidecar"}]},
}


CASES = [
    ("che", "kubectl stress check"),
    ("mem we", "kubectl stress mem web-0"),
    ("mem pod/w", "kubectl stress mem pod/web-0"),
    ("mem deploy/w", "kubectl stress mem deploy/website"),
    ("mem -c app", "kubectl stress mem -c application"),
    ("mem web-0 -c si", "kubectl stress mem web-0 -c sidecar"),
    ("mem -n sh", "kubectl stress mem -n shop"),
    ("check --namespace=kub", "kubectl stress check --namespace=kube-system"),
    ("mem --context bl", "kubectl stress mem --context blue-context"),
    ("mem --cluster ea", "kubectl stress mem --cluster east-cluster"),
    ("mem --user dev", "kubectl stress mem --user developer"),
    ("help group-o", "kubectl stress help group-oom-killed"),
    ("mem --oom-s", "kubectl stress mem --oom-score-adj"),
    ("mem web-0 --image ta", "kubectl stress mem web-0 --image target"),
    ("mem web-0 --expect evi", "kubectl stress mem web-0 --expect evict"),
    ("report recor", "kubectl stress report recorded-run.jsonl"),
    ("mem --record recor", "kubectl stress mem --record recorded-run.jsonl"),
    ("mem --kubeconfig .kube/co", "kubectl stress mem --kubeconfig .kube/config"),
    ("report /etc/hostn", "kubectl stress report /etc/hostname"),
    ("run -f recor", "kubectl stress run -f recorded-run.jsonl"),
]


def listing(*items: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"resourceVersion": "1"}, "items": list(items)}


def named(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home with a kubeconfig for a server that has one pod, and a file to complete."""
    folder = tmp_path_factory.mktemp("home")
    authority = Authority("shells")
    with running(authority.issue("api server", "127.0.0.1")) as server:
        server.reply("GET", "/api/v1/namespaces/shop/pods", listing(POD))
        server.reply("GET", "/api/v1/namespaces/shop/pods/web-0", POD)
        server.reply("GET", "/apis/apps/v1/namespaces/shop/deployments", listing(named("website")))
        server.reply("GET", "/api/v1/namespaces", listing(named("shop"), named("kube-system")))
        path = kubeconfigs.write(
            folder / ".kube/config",
            current="blue-context",
            clusters={
                "east-cluster": {
                    "server": server.url,
                    "certificate-authority-data": kubeconfigs.data(authority.certificate),
                }
            },
            users={"developer": {"token": "word"}},
            contexts={
                "blue-context": {
                    "cluster": "east-cluster",
                    "user": "developer",
                    "namespace": "shop",
                }
            },
        )
        assert yaml.safe_load(path.read_text())
        (folder / "recorded-run.jsonl").touch()
        yield folder


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request: pytest.FixtureRequest, folder: Path) -> Iterator[Shell]:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    opened = Shell(request.param, {"PATH": path, "HOME": str(folder)}, folder)
    yield opened
    opened.close()


@pytest.mark.parametrize(("typed", "completed"), sampled(CASES, 7))
def test_tab_completes(shell: Shell, typed: str, completed: str) -> None:
    assert completed in shell.press_tab(f"kubectl stress {typed}", completed)


def test_tab_lists_what_there_is_with_its_help(shell: Shell) -> None:
    screen = shell.press_tab("kubectl stress ", "role")

    for name in ("check", "mem", "report", "top"):
        assert name in screen


def test_a_folder_that_is_not_whole_gets_no_blank(shell: Shell) -> None:
    """So that the next Tab goes on: `/etc/host` may be hostname, hosts, …"""
    screen = shell.press_tab("kubectl stress report /et", "report /etc/")

    assert "report /etc/ " not in screen
