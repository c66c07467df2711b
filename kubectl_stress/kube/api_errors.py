"""What a refusal of the API server means: request, HTTP status and Status body -> one error.

Pure: no I/O. Shared by REST calls and the handshake of an exec, so that both fail in the same
words. The API server says 403 both for RBAC ("cannot patch resource") and for admission
("violates PodSecurity"): only the first is Forbidden.
"""

import json
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from kubectl_stress.errors import (
    ClusterError,
    Conflict,
    Forbidden,
    Gone,
    KubeletFailed,
    NotFound,
    Rejected,
    Unauthorized,
    Unreachable,
)
from kubectl_stress.text import clean


@dataclass(frozen=True)
class Request:
    """One call, and the words for it: verb and resource are those that RBAC knows."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Any] | None = None
    content_type: str = "application/json"
    verb: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    is_stream: bool = False  # that the API server passes on to the kubelet of a pod


@dataclass(frozen=True)
class Asker:
    """Who asks whom, for the messages."""

    server: str
    user: str = ""
    impersonated: str = ""


def refusal(request: Request, http_status: int, body: bytes, asker: Asker) -> ClusterError:
    """The error for an answer that is not 2xx."""
    status = _status(body)
    message = _message(status, body)
    if http_status == 401:
        return _unauthorized(asker)
    if http_status == 403:
        return _forbidden(request, message, asker)
    if http_status == 404:
        if status.get("kind") != "Status":
            return NotFound(_no_api(request, asker))
        return NotFound(_not_found(request, status, message))
    if http_status == 409:
        return Conflict(message or f"{request.resource} {request.name} was changed meanwhile")
    if http_status == 410:
        return Gone(message or "the resource version is too old")
    if http_status == 400 and not status and asker.server.startswith("http://"):
        return ClusterError(f"{asker.server} does not take plain HTTP: use https://")
    if http_status in (400, 405, 406, 413, 415, 422):
        return Rejected(message or f"HTTP status {http_status}")
    if request.is_stream and http_status >= 500:
        return KubeletFailed(message or f"HTTP status {http_status}")
    return ClusterError(_failure(request, http_status, message, asker))


def stream_failed(request: Request, node: str, error: KubeletFailed) -> KubeletFailed:
    """The error for a stream that the API server got none of, where it answers otherwise."""
    what, where = request.resource.partition("/")[2], f' on node "{node}"' if node else ""
    return KubeletFailed(
        f'the API server answers, but {what} in pod "{request.name}" failed{where} (kubelet): '
        f"{error}"
    )


REDIRECTS = (301, 302, 303, 307, 308)


def redirected(http_status: int, location: str, asker: Asker) -> ClusterError:
    """The error for an answer that no API server gives, and that is not followed with a token."""
    parts = urlsplit(location)
    where = f" to {parts.scheme}://{parts.netloc.rpartition('@')[2]}" if parts.netloc else ""
    return ClusterError(
        f"{asker.server} redirects{clean(where)} (HTTP status {http_status}), as a gateway with "
        "single sign-on does and an API server does not: check the address, or log in there first"
    )


# What OpenSSL calls an answer that is no TLS, by its version.
_NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")


def unreachable(server: str, error: BaseException) -> Unreachable:
    """The error for no answer at all, with its innermost cause in a few words."""
    return Unreachable(f"cannot reach the API server at {server}: {brief_reason(error)}")


def brief_reason(error: BaseException) -> str:
    """Why a connection failed, without the layers of wrapping around it."""
    chain = list(_causes(error))
    for cause in reversed(chain):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return (
                f"its certificate is not trusted ({cause.verify_message}): check the "
                "certificate authority, or --tls-server-name"
            )
        if isinstance(cause, ssl.SSLError) and cause.reason in _NO_TLS:
            return "it does not speak TLS: use http:// if that is meant"
        if isinstance(cause, TimeoutError):
            return "no answer in time"
    innermost = chain[-1]
    text = getattr(innermost, "strerror", None) or str(innermost) or type(innermost).__name__
    return clean(str(text))


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        reason = getattr(error, "reason", None)  # urllib3 keeps the cause there
        wrapped = reason if isinstance(reason, BaseException) else None
        wrapped = wrapped or next((a for a in error.args if isinstance(a, BaseException)), None)
        error = wrapped or error.__cause__ or error.__context__


def _status(body: bytes) -> Mapping[str, Any]:
    try:
        status = json.loads(body)
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _unauthorized(asker: Asker) -> Unauthorized:
    who = f'user "{asker.user}" of the kubeconfig' if asker.user else "this client"
    return Unauthorized(
        f"the API server at {asker.server} does not accept the credentials of {who}: they are "
        "missing, invalid or expired; log in again, and check with: kubectl auth whoami"
    )


def _message(status: Mapping[str, Any], body: bytes) -> str:
    """The server's words on one line; of what is no Status (a proxy's page), the beginning."""
    text = str(status.get("message") or "")
    if not text and status.get("kind") != "Status":
        text = body.decode("utf-8", "replace").strip()[:300]
    return clean(text)


_CANNOT = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) (?:resource|path) "(?P<what>[^"]*)"'
)


def _forbidden(request: Request, message: str, asker: Asker) -> ClusterError:
    denied = _CANNOT.search(message)
    if denied is None and message:
        return Rejected(message)
    user = denied["user"] if denied else asker.impersonated or asker.user
    if user == "system:anonymous" and not asker.impersonated:
        return _unauthorized(asker)
    verb = denied["verb"] if denied else request.verb
    resource = denied["what"] if denied else request.resource
    where = f' in namespace "{request.namespace}"' if request.namespace else ""
    role = "Role" if request.namespace else "ClusterRole"
    return Forbidden(
        f'user "{user}" may not {verb} {resource}{where}: a {role} that allows it is needed',
        verb=verb,
        resource=resource,
    )


def _not_found(request: Request, status: Mapping[str, Any], message: str) -> str:
    details = status.get("details")
    details = details if isinstance(details, dict) else {}
    kind, name = details.get("kind"), details.get("name")
    if not kind or not name:
        return message or f"the API server has no {request.path}"
    where = f' in namespace "{request.namespace}"' if request.namespace else ""
    return clean(f'{_singular(str(kind))} "{name}" not found{where}')


def _no_api(request: Request, asker: Asker) -> str:
    return (
        f"{asker.server} is not an API server: it has no {request.path}; check the address, and "
        "the path in it"
    )


def _singular(plural: str) -> str:
    return plural[:-1] if plural.endswith("s") else plural


def _failure(request: Request, http_status: int, message: str, asker: Asker) -> str:
    what = f"{request.verb} {request.resource}".strip() or request.path
    return f"the API server at {asker.server} failed to {what}: {message or http_status}"
