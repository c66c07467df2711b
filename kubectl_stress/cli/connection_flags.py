"""The values of kubectl's connection flags, as kubectl reads them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import parse_duration_ms
from kubectl_stress.text import whole_number

if TYPE_CHECKING:
    from kubectl_stress.kube.connection import ConnectionFlags

CONNECTION_NAMES = (
    "namespace", "context", "kubeconfig", "kuberc", "cluster", "user", "server", "token", "as_user",
    "as_groups", "as_uid", "as_user_extra", "verbosity", "request_timeout",
    "insecure_skip_tls_verify", "tls_server_name", "certificate_authority", "client_certificate",
    "client_key",
)  # fmt: skip


def _timeout_s(text: str | None) -> float | None:
    """kubectl takes whole seconds without a unit here, and 0 for no limit."""
    if text is None or text == "0":
        return None
    seconds = whole_number(text)
    return parse_duration_ms(text) / 1000 if seconds is None else float(seconds)


def _user_extra(pairs: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, tuple[str, ...]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f'--as-user-extra "{pair}": write KEY=VALUE')
        found[key] = (*found.get(key, ()), value)
    return tuple(found.items())


def connection_flags(values: Mapping[str, Any]) -> "ConnectionFlags":
    """The connection flags among the values of a command's options."""
    from kubectl_stress.kube.connection import ConnectionFlags

    given: dict[str, Any] = {name: values.get(name) for name in CONNECTION_NAMES}
    given["insecure_skip_tls_verify"] = bool(given["insecure_skip_tls_verify"])
    given["verbosity"] = given["verbosity"] or 0
    given["as_groups"] = tuple(given["as_groups"] or ())
    given["as_user_extra"] = _user_extra(given["as_user_extra"] or ())
    given["request_timeout"] = _timeout_s(given["request_timeout"])
    return ConnectionFlags(**given)
