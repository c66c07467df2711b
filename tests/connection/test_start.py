"""A command on a cluster imports what its requests need, and no library that it does not use."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.pods import pod
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority
from tests.connection.fake_api_server import FakeApiServer
from tests.connection.kubeconfigs import data

_REVIEWS = "/apis/authorization.k8s.io/v1"
NEVER = {"kubernetes", "urllib3", "requests", "pydantic", "rich", "websocket", "msgspec"}


# They make many dataclasses, and only a load or a probe needs them.
OF_A_LOAD = {f"kubectl_stress.{name}" for name in (
    "agent.protocol", "agent.samples", "plan.decide", "plan.interpreter", "plan.spec",
    "targets.selector",
)}  # fmt: skip


@pytest.fixture
def environ(api: FakeApiServer, authority: Authority, tmp_path: Path) -> dict[str, str]:
    found = pod("web-0").container("app", limit="128Mi").dict
    api.reply("POST", f"{_REVIEWS}/selfsubjectaccessreviews", {"status": {"allowed": True}})
    api.reply("POST", f"{_REVIEWS}/selfsubjectrulesreviews", {"status": {"incomplete": True}})
    api.reply("GET", "/api/v1/namespaces/default/pods/web-0", found)
    api.reply("PATCH", "/api/v1/namespaces/default/pods/web-0/ephemeralcontainers", found)
    path = kubeconfigs.write_one(
        tmp_path / "config",
        api.url,
        user={"token": "word"},
        certificate_authority_data=data(authority.certificate),
    )
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "KUBECONFIG": str(path)}


@pytest.mark.parametrize(
    ("words", "never"),
    [
        (("check", "web-0", "-o", "json"), NEVER | {"tabulate"}),
        (("check", "web-0"), NEVER),
        (("version", "-o", "json"), NEVER | {"tabulate"}),
        (("mem", "web-0", "--size", "50Mi", "--dry-run", "server", "-o", "json"), NEVER),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_no_library_is_imported_that_is_not_used(
    environ: dict[str, str], words: tuple[str, ...], never: set[str]
) -> None:
    argv = [sys.executable, "-X", "importtime", "-m", "kubectl_stress", *words]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    found = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}

    assert done.returncode == 0, done.stderr
    assert found >= {"click", "ssl", "http"}
    assert found & never == set()
    if "json" in words:
        assert json.loads(done.stdout)


def test_check_imports_nothing_of_a_load(environ: dict[str, str]) -> None:
    argv = [
        sys.executable,
        "-X",
        "importtime",
        "-m",
        "kubectl_stress",
        "check",
        "web-0",
        "-o",
        "json",
    ]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    found = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}

    assert "kubectl_stress.operations.check" in found
    assert found & (OF_A_LOAD | {"bz2", "shutil", "subprocess", "tempfile"}) == set()


def test_check_asks_on_few_connections_at_once(environ: dict[str, str], api: FakeApiServer) -> None:
    argv = [sys.executable, "-m", "kubectl_stress", "check", "web-0"]
    subprocess.run(argv, env=environ, check=True, capture_output=True)

    assert len(api.requests) >= 12
    assert len(api.sni) <= 8  # one TLS handshake each
