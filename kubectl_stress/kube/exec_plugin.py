"""Credential plugins: what one is told, and what it may answer (`client.authentication.k8s.io`)."""

import base64
import json
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kubectl_stress.errors import Unauthorized
from kubectl_stress.kube.connection import Connection, Credential, ExecPlugin
from kubectl_stress.kube.plugin_policy import allowed_program

API_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


def run_plugin(
    plugin: ExecPlugin, connection: Connection, environ: Mapping[str, str], *, is_terminal: bool
) -> Credential:
    """Run the plugin; raises Unauthorized where it may not run, fails, or gives no credential."""
    if plugin.api_version not in API_VERSIONS:
        raise Unauthorized(
            f'credential plugin {plugin.command}: apiVersion "{plugin.api_version}" is not '
            f"supported; use {' or '.join(API_VERSIONS)}"
        )
    program = allowed_program(plugin, connection.plugin_policy, environ)
    interactive = _is_interactive(plugin, is_terminal)
    info = _exec_info(plugin, connection, interactive=interactive)
    environment = {**environ, **dict(plugin.env), "KUBERNETES_EXEC_INFO": json.dumps(info)}
    output = _output(plugin, program, environment, interactive=interactive)
    return _parse_exec_credential(plugin, output)


def _is_interactive(plugin: ExecPlugin, is_terminal: bool) -> bool:
    if plugin.interactive_mode == "Always" and not is_terminal:
        raise Unauthorized(
            f"credential plugin {plugin.command} needs a terminal (interactiveMode: Always), and "
            "stdin is not one: log in with it first"
        )
    return plugin.interactive_mode != "Never" and is_terminal


def _exec_info(plugin: ExecPlugin, connection: Connection, *, interactive: bool) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": interactive}
    if plugin.provide_cluster_info:
        spec["cluster"] = _cluster_info(plugin, connection)
    return {"kind": "ExecCredential", "apiVersion": plugin.api_version, "spec": spec}


def _cluster_info(plugin: ExecPlugin, connection: Connection) -> dict[str, Any]:
    ca_data = connection.ca_data
    info = {
        "server": connection.server,
        "tls-server-name": connection.tls_server_name,
        "insecure-skip-tls-verify": connection.insecure,
        "certificate-authority-data": base64.b64encode(ca_data).decode() if ca_data else "",
        "proxy-url": connection.proxy_url,
        "config": plugin.cluster_config,
    }
    return {key: value for key, value in info.items() if value}


def _output(
    plugin: ExecPlugin, program: str, environ: Mapping[str, str], *, interactive: bool
) -> bytes:
    """What the plugin prints; its stderr goes to ours, as with kubectl."""
    try:
        done = subprocess.run(
            [plugin.command, *plugin.args],
            executable=program,
            env=dict(environ),
            stdin=None if interactive else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        raise Unauthorized(
            f"credential plugin {plugin.command} failed with exit code {error.returncode}: "
            "log in again with it"
        ) from error
    except OSError as error:
        hint = f"\n\n{plugin.install_hint}" if plugin.install_hint else ""
        raise Unauthorized(
            f"credential plugin {plugin.command}: {(error.strerror or str(error)).lower()}; "
            f"install it, or choose another user{hint}"
        ) from error
    return done.stdout


def _parse_exec_credential(plugin: ExecPlugin, output: bytes) -> Credential:
    def bad(reason: str) -> Unauthorized:
        return Unauthorized(f"credential plugin {plugin.command}: {reason}")

    try:
        answer = json.loads(output)
    except ValueError as error:
        raise bad("it did not print an ExecCredential") from error
    if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
        raise bad("it did not print an ExecCredential")
    if answer.get("apiVersion") != plugin.api_version:
        raise bad(f"it answered as {answer.get('apiVersion')}, not {plugin.api_version}")
    status = answer.get("status") or {}
    if not isinstance(status, dict):
        raise bad("it did not print an ExecCredential")
    names = ("token", "clientCertificateData", "clientKeyData")
    token, certificate, key = (status.get(name) or "" for name in names)
    if not all(isinstance(text, str) for text in (token, certificate, key)):
        raise bad(f"it gave a {' or '.join(names)} that is not a string")
    if bool(certificate) != bool(key):
        raise bad("it gave a certificate or a key, not both")
    if not token and not certificate:
        raise bad("it gave neither a token nor a certificate")
    expires_at = _timestamp(status.get("expirationTimestamp"))
    authorization = f"Bearer {token}" if token else ""
    return Credential(authorization, certificate.encode(), key.encode(), expires_at)


def _timestamp(text: object) -> datetime | None:
    """RFC 3339 as an aware time; None for what is missing or unreadable (then never expired)."""
    try:
        time = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
