"""The program that needs no Python, started as krew starts it: through a link."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from kubectl_stress.injection import carried_image
from tests.builders import runs
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority
from tests.connection.fake_api_server import running
from tests.connection.socks_proxy import socks_proxying

PLUGIN = Path(sys.executable).with_name("kubectl-stress")


@pytest.fixture
def linked(unpacked: Path, tmp_path: Path) -> Path:
    """krew's bin folder: a link to the program in its store."""
    link = tmp_path / "kubectl-stress"
    link.symlink_to(unpacked / "kubectl-stress" / "kubectl-stress")
    return link


def call(program: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call it with nothing of ours around it."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    argv = [str(program), *words]
    return subprocess.run(argv, env=kept | environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("words", [["--help"], ["mem", "--help"], ["role", "-o", "json"]])
def test_it_says_what_the_plugin_says(linked: Path, words: list[str]) -> None:
    assert call(linked, *words).stdout == call(PLUGIN, *words).stdout != ""


def test_it_needs_no_folder_for_temporary_files(linked: Path) -> None:
    assert call(linked, "--version", TMPDIR="/nonexistent").returncode == 0


def test_it_speaks_to_an_api_server(linked: Path) -> None:
    done = call(linked, "mem", "app", "--size=8Mi", "--server=https://127.0.0.1:1", "--token=x")

    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_reads_a_recorded_run(linked: Path, tmp_path: Path) -> None:
    recording = tmp_path / "run.jsonl"
    recording.write_bytes(runs.recorded(runs.group_killed()))

    table, page = (call(linked, "report", str(recording), "-o", kind) for kind in ("wide", "html"))

    assert table.stdout == call(PLUGIN, "report", str(recording), "-o", "wide").stdout != ""
    assert page.stdout.startswith("<!doctype html>")


def test_a_credential_helper_gets_its_own_libraries(linked: Path, tmp_path: Path) -> None:
    """PyInstaller hands its library path on to every child, where it breaks other programs."""
    progress = tmp_path / "told"
    helper = tmp_path / "helper"
    helper.write_text(f'#!/bin/sh\necho "${{LD_LIBRARY_PATH-unset}}" > {progress}\nexit 1\n')
    helper.chmod(0o755)
    kubeconfig = tmp_path / "config"
    kubeconfig.write_text(json.dumps(_with_helper(helper)))

    for given, seen in (({}, "unset"), ({"LD_LIBRARY_PATH": "/mine"}, "/mine")):
        call(linked, "mem", "app", "--size=8Mi", KUBECONFIG=str(kubeconfig), **given)
        assert progress.read_text() == f"{seen}\n"


def _with_helper(helper: Path) -> dict[str, object]:
    user = {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(helper),
            "interactiveMode": "Never",
        }
    }
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
        "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "me", "user": user}],
    }


def test_under_kubectls_name_for_it_the_same_program_completes(
    linked: Path, tmp_path: Path
) -> None:
    made = call(linked, "completion", "install", PATH=f"{tmp_path}:/usr/bin:/bin")
    done = call(tmp_path / "kubectl_complete-stress", "me")

    assert made.returncode == 0
    assert done.stdout.splitlines()[0].startswith("mem\t")
    assert done.stdout.splitlines()[-1] == ":4"


def test_it_carries_the_agents_image(linked: Path, tmp_path: Path) -> None:
    saved = tmp_path / "agent.tar"

    assert call(linked, "image", "save", str(saved)).returncode == 0
    assert saved.stat().st_size > 50_000
    assert json.loads(call(linked, "image", "-o", "json").stdout)["digest"].startswith("sha256:")


def test_it_goes_through_a_socks_proxy(linked: Path, tmp_path: Path) -> None:
    authority = Authority("package")
    with running(authority.issue("api server", "localhost")) as api, socks_proxying() as proxy:
        api.reply("GET", "/version", {"gitVersion": "v1.37.2"})
        path = kubeconfigs.write_one(
            tmp_path / "config",
            f"https://localhost:{api.port}",
            user={"token": "word"},
            certificate_authority_data=kubeconfigs.data(authority.certificate),
            proxy_url=f"socks5://{proxy.address}",
        )

        done = call(linked, "version", KUBECONFIG=str(path))

    assert "Server Version: v1.37.2" in done.stdout, done.stderr
    assert proxy.targets == [f"localhost:{api.port}"]


def test_it_carries_the_agent_of_both_architectures(linked: Path, tmp_path: Path) -> None:
    """As the wheel does; --image target copies it from here."""
    saved = tmp_path / "agent.tar"
    assert call(linked, "image", "save", str(saved)).returncode == 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(carried_image, "ARCHIVE", saved)
        carried_image._files.cache_clear()
        agents = carried_image.carried_agents()
    carried_image._files.cache_clear()

    machines = {name: int.from_bytes(agent[18:20], "little") for name, agent in agents.items()}
    assert machines == {"amd64": 62, "arm64": 183}  # EM_X86_64, EM_AARCH64
    assert all(agent.startswith(b"\x7fELF") for agent in agents.values())


def test_the_wheel_carries_what_the_program_carries(dist: Path, unpacked: Path) -> None:
    (wheel,) = dist.glob("*.whl")
    name = "kubectl_stress/agent/agent.tar"
    (program,) = unpacked.rglob("agent.tar")

    with zipfile.ZipFile(wheel) as opened:
        assert opened.read(name) == program.read_bytes()
