"""What it takes to talk to one API server, as values. Pure: no I/O."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any


def without_password(url: str) -> str:
    """An address as it may be shown: no user and password before its host."""
    return re.sub(r"^([^/]*//)?[^/?#]*@", r"\1", url)


@dataclass(frozen=True)
class ConnectionFlags:
    """kubectl's connection flags as they were given; None and "" mean not given."""

    kubeconfig: str | None = None
    kuberc: str | None = None
    context: str | None = None
    cluster: str | None = None
    user: str | None = None
    namespace: str | None = None
    server: str | None = None
    token: str | None = field(default=None, repr=False)
    as_user: str | None = None
    as_groups: tuple[str, ...] = ()
    as_uid: str | None = None
    as_user_extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    verbosity: int = 0  # as kubectl's -v; from 6 on each request is logged
    request_timeout: float | None = None  # seconds; None and 0 mean no limit
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    certificate_authority: str | None = None
    client_certificate: str | None = None
    client_key: str | None = None


@dataclass(frozen=True)
class ExecPlugin:
    """A program that prints credentials, as `users[].user.exec` describes it."""

    command: str
    args: tuple[str, ...]
    env: tuple[tuple[str, str], ...]
    api_version: str
    interactive_mode: str
    install_hint: str
    provide_cluster_info: bool
    cluster_config: Any = None


class PolicyKind(Enum):
    """kuberc's credentialPluginPolicy."""

    ALLOW_ALL = "AllowAll"
    DENY_ALL = "DenyAll"
    ALLOWLIST = "Allowlist"


@dataclass(frozen=True)
class PluginPolicy:
    """Which credential plugins may run; `warning` says what of kuberc could not be read."""

    kind: PolicyKind = PolicyKind.ALLOW_ALL
    allowlist: tuple[str, ...] = ()
    warning: str = ""


@dataclass(frozen=True)
class Impersonation:
    """Whom to act as; empty means as oneself."""

    user: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True)
class Connection:
    """Everything needed to talk to one API server; certificates and keys as PEM."""

    server: str
    namespace: str = "default"
    context: str = ""
    user: str = ""
    ca_data: bytes | None = field(default=None, repr=False)
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = field(default="", repr=False)
    client_certificate: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    token_source: Callable[[], str] | None = field(default=None, repr=False, compare=False)
    username: str = ""
    password: str = field(default="", repr=False)
    exec_plugin: ExecPlugin | None = None
    plugin_policy: PluginPolicy = PluginPolicy()
    auth_provider: Mapping[str, Any] | None = field(default=None, repr=False)
    impersonation: Impersonation = Impersonation()
    request_timeout_seconds: float | None = None


@dataclass(frozen=True)
class Credential:
    """What one request shows; empty values are not sent."""

    authorization: str = field(default="", repr=False)
    certificate: bytes = field(default=b"", repr=False)
    key: bytes = field(default=b"", repr=False)
    expires_at: datetime | None = None
