"""kuberc: a credential plugin that kubectl refuses to run is not run by us either.

kubectl is run against the same API server with the same files; both run the plugin, or neither.
"""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.connection import ConnectionFlags
from kubectl_stress.kube.kubeconfig.load import load_connection
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority
from tests.connection.fake_api_server import FakeApiServer, exec_script
from tests.connection.kubeconfigs import data
from tests.connection.kubectls import kubectl_since
from tests.connection.plugin import Plugin

EXEC = "/api/v1/namespaces/n/pods/p/exec"
V1BETA1 = "kubectl.config.k8s.io/v1beta1"
DENY = {"credentialPluginPolicy": "DenyAll"}


def allowlist(*commands: str, key: str = "command") -> dict[str, Any]:
    entries = [{key: command} for command in commands]
    return {"credentialPluginPolicy": "Allowlist", "credentialPluginAllowlist": entries}


@dataclass
class Home:
    """A home folder with a kubeconfig whose user has a plugin, and what ran it."""

    folder: Path
    api: FakeApiServer
    plugin: Plugin
    ca: str
    environ: dict[str, str]

    def user(self, command: str, **more: Any) -> None:
        fields = {"apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": "Never"}
        kubeconfigs.write_one(
            self.folder / ".kube/config",
            self.api.url,
            user={"exec": {"command": command, **fields, **more}},
            certificate_authority_data=self.ca,
        )

    def kuberc(self, fields: Mapping[str, Any] | str, name: str = ".kube/kuberc") -> Path:
        path = self.folder / name
        head = {"apiVersion": V1BETA1, "kind": "Preference"}
        text = fields if isinstance(fields, str) else yaml.safe_dump({**head, **fields})
        path.write_text(text)
        return path

    def by_kubectl(self, *flags: str) -> bool:
        """Whether the plugin ran; kubectl's exit code must say the same."""
        argv = [kubectl_since(36), "get", "--raw", "/version", *flags]
        done = subprocess.run(argv, env=self.environ, capture_output=True, text=True, check=False)
        assert (done.returncode == 0) is self._did_run(), done.stderr
        return self._did_run(forget=True)

    def by_us(self, **flags: Any) -> bool:
        """The same of us, for a request and an exec."""
        ran = []
        for ask in (Cluster.server_version, lambda it: it.exec("n", "p", "c", ["true"]).close()):
            try:
                connection = load_connection(ConnectionFlags(**flags), self.environ)
                with Cluster(connection, self.environ) as cluster:
                    ask(cluster)
            except StressError:
                assert not self._did_run()
            ran.append(self._did_run(forget=True))
        assert ran[0] is ran[1]
        return ran[0]

    def agree(self, *words: str, **flags: Any) -> bool:
        theirs = self.by_kubectl(*words)
        assert self.by_us(**flags) is theirs
        return theirs

    def _did_run(self, *, forget: bool = False) -> bool:
        did_run = bool(self.plugin.progress)
        if forget:
            self.plugin.forget()
        return did_run


@pytest.fixture
def home(tmp_path: Path, api: FakeApiServer, authority: Authority, plugin: Plugin) -> Home:
    api.reply("GET", EXEC, exec_script("v5.channel.k8s.io"))
    environ = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    made = Home(tmp_path, api, plugin, data(authority.certificate), environ)
    (tmp_path / ".kube").mkdir()
    made.user(plugin.exec.command)
    return made


def test_without_a_kuberc_every_plugin_runs(home: Home) -> None:
    assert home.agree() is True


@pytest.mark.parametrize(
    ("fields", "runs"),
    [
        ({}, True),
        ({"credentialPluginPolicy": ""}, True),
        ({"credentialPluginPolicy": "AllowAll"}, True),
        (DENY, False),
        ({"credentialPluginPolicy": "denyall"}, False),
        ({"credentialPluginPolicy": "AllowAll", "credentialPluginAllowlist": []}, False),
        ({"credentialPluginPolicy": "Allowlist"}, False),
        (allowlist(), False),
        (allowlist(""), False),
        (allowlist("login"), True),
        (allowlist("login", key="name"), True),
        (allowlist("other"), False),
        (allowlist("/elsewhere/login"), False),
        (allowlist("./login"), False),
        ({**DENY, "unknownField": 1}, False),
        ({**DENY, "apiVersion": "kubectl.config.k8s.io/v1alpha1"}, True),
        ({**DENY, "kind": "Other"}, True),
        ({"credentialPluginPolicy": 5}, True),  # kubectl warns, and goes on without
        ("", True),
        ("{", True),
        (
            f"kind: Other\n---\napiVersion: {V1BETA1}\nkind: Preference\n{yaml.safe_dump(DENY)}",
            False,
        ),
    ],
    ids=str,
)
def test_what_the_file_in_the_home_folder_says_counts(
    home: Home, fields: Mapping[str, Any] | str, runs: bool
) -> None:
    home.kuberc(fields)

    assert home.agree() is runs


def test_a_plugin_is_allowed_by_its_path(home: Home) -> None:
    home.kuberc(allowlist(home.plugin.exec.command))

    assert home.agree() is True


def test_a_bare_name_is_the_one_on_our_path(home: Home) -> None:
    home.user("login")
    home.kuberc(allowlist(home.plugin.exec.command))

    assert home.agree() is True


def test_the_path_that_a_kubeconfig_gives_the_plugin_chooses_no_program(
    home: Home, tmp_path: Path
) -> None:
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "login").write_text(f"#!/bin/sh\ntouch {tmp_path}/evil-ran\n")
    (evil / "login").chmod(0o755)
    home.user("login", env=[{"name": "PATH", "value": f"{evil}:/bin:/usr/bin"}])
    home.kuberc(allowlist("login"))

    assert home.agree() is True
    assert not (tmp_path / "evil-ran").exists()


def test_a_program_of_the_same_name_elsewhere_is_refused(home: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "login").write_bytes(Path(home.plugin.exec.command).read_bytes())
    (other / "login").chmod(0o755)
    home.user(str(other / "login"))
    home.kuberc(allowlist("login"))

    assert home.agree() is False


def test_a_link_to_an_allowed_program_is_another_program(home: Home, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(home.plugin.exec.command)
    home.user(str(tmp_path / "linked"))
    home.kuberc(allowlist(home.plugin.exec.command))

    assert home.agree() is False


@pytest.mark.parametrize("off", [{"KUBERC": "off"}, {"KUBECTL_KUBERC": "false"}])
def test_kuberc_can_be_turned_off(home: Home, off: dict[str, str]) -> None:
    home.kuberc(DENY)
    home.environ.update(off)

    assert home.agree() is True


def test_the_environment_names_another_file(home: Home) -> None:
    home.environ["KUBERC"] = str(home.kuberc(DENY, "other"))

    assert home.agree() is False


def test_the_flag_names_another_file_and_wins(home: Home) -> None:
    home.environ["KUBERC"] = str(home.kuberc(DENY, "other"))
    path = str(home.kuberc({}, "third"))

    assert home.agree(f"--kuberc={path}", kuberc=path) is True


@pytest.mark.parametrize("text", [None, "{", "kind: Other"])
def test_a_file_that_was_named_must_be_one(home: Home, text: str | None) -> None:
    path = home.folder / "named"
    if text is not None:
        path.write_text(text)
    home.environ["KUBERC"] = str(path)

    assert home.agree() is False


def test_the_flag_and_kuberc_off_contradict(home: Home) -> None:
    home.environ["KUBERC"] = "off"
    path = str(home.kuberc(DENY))

    assert home.agree(f"--kuberc={path}", kuberc=path) is False


def test_a_refusal_names_the_plugin_and_the_policy(home: Home) -> None:
    home.kuberc(DENY)

    with pytest.raises(StressError) as refused:
        Cluster(load_connection(ConnectionFlags(), home.environ), home.environ).server_version()

    assert str(refused.value) == (
        f"credential plugin {home.plugin.exec.command} is not allowed by kuberc: "
        "credentialPluginPolicy is DenyAll"
    )


def test_what_of_the_home_folders_file_cannot_be_read_is_a_warning(home: Home) -> None:
    home.kuberc("{")

    found = load_connection(ConnectionFlags(), home.environ).plugin_policy.warning

    assert found.startswith(f"no preferences loaded from {home.folder}/.kube/kuberc: ")
