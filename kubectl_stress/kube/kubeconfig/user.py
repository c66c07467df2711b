"""As whom: one user of a kubeconfig and the flags, as fields of a Connection."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kubectl_stress.errors import StressError, UsageError
from kubectl_stress.kube.connection import ConnectionFlags, ExecPlugin, Impersonation
from kubectl_stress.kube.kubeconfig.files import NOTHING, Entry, content, pem
from kubectl_stress.text import clean_lines

CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"


def user_fields(user: Entry, cluster: Entry, flags: ConnectionFlags) -> dict[str, Any]:
    """The fields of a Connection that say who asks; StressError where they contradict."""
    auth_provider = user.nested("auth-provider")
    fields = {
        "token": flags.token or user.secret("token"),
        # Here kubectl lets the file win, and a person who named a token acts as somebody else.
        "token_file": None if flags.token else user.path("tokenFile"),
        "username": user.text("username"),
        "password": user.secret("password"),
        "client_certificate": _certificate(user, flags.client_certificate, "client-certificate"),
        "client_key": _certificate(user, flags.client_key, "client-key"),
        "exec_plugin": _exec_plugin(user, cluster),
        "auth_provider": auth_provider.values if auth_provider else None,
        "impersonation": impersonation(user, flags),
    }
    _check_user(user, fields)
    return fields


def _certificate(user: Entry, flag: str | None, key: str) -> bytes | None:
    return content(Path(flag), f"--{key}") if flag else pem(user, key)


def _check_user(user: Entry, fields: Mapping[str, Any]) -> None:
    whose = f'user "{user.name}"'
    if fields["token"] and (fields["username"] or fields["password"]):
        raise StressError(f"{whose} has a token and a password: only one can be used")
    if fields["client_certificate"] and not fields["client_key"]:
        raise StressError(f"{whose} has a client certificate but no client key")
    if fields["exec_plugin"] and fields["auth_provider"]:
        raise StressError(f"{whose} has an exec plugin and an auth-provider: remove one")


def _exec_plugin(user: Entry, cluster: Entry) -> ExecPlugin | None:
    plugin = user.nested("exec")
    if plugin is None:
        return None
    api_version = plugin.text("apiVersion")
    return ExecPlugin(
        command=_plugin_command(plugin),
        args=plugin.texts("args"),
        env=tuple((each.text("name"), each.text("value")) for each in plugin.all_nested("env")),
        api_version=api_version,
        interactive_mode=_interactive_mode(plugin, api_version),
        install_hint=clean_lines(plugin.text("installHint")),
        provide_cluster_info=plugin.flag("provideClusterInfo"),
        cluster_config=_cluster_config(cluster),
    )


def _plugin_command(plugin: Entry) -> str:
    command = plugin.text("command")
    if not command:
        raise StressError(f'kubeconfig: the exec plugin of user "{plugin.name}" has no command')
    # A bare name is looked up in PATH, a path is relative to the kubeconfig file.
    return str(plugin.folder / command) if os.sep in command else command


def _interactive_mode(plugin: Entry, api_version: str) -> str:
    mode = plugin.text("interactiveMode")
    if not mode and api_version != "client.authentication.k8s.io/v1":
        return "IfAvailable"
    if mode not in ("Never", "IfAvailable", "Always"):
        raise StressError(
            f'kubeconfig: the exec plugin of user "{plugin.name}" needs interactiveMode: '
            "Never, IfAvailable or Always"
        )
    return mode


def _cluster_config(cluster: Entry) -> Any:
    for each in cluster.all_nested("extensions"):
        if each.values.get("name") == CLUSTER_EXTENSION:
            return each.values.get("extension")
    return None


def impersonation(user: Entry, flags: ConnectionFlags) -> Impersonation:
    """Whom to act as; UsageError for groups of nobody."""
    in_file = user.nested("as-user-extra") or NOTHING
    extra = {key: in_file.texts(key) for key in in_file.values} | dict(flags.as_user_extra)
    found = Impersonation(
        user=flags.as_user or user.text("as"),
        groups=flags.as_groups or user.texts("as-groups"),
        uid=flags.as_uid or user.text("as-uid"),
        extra=tuple(extra.items()),
    )
    if not found.user and found != Impersonation():
        raise UsageError("--as-group, --as-uid and --as-user-extra need --as: whose are they?")
    return found
