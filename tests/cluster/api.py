"""The few requests that the driver itself makes to the API server."""

from __future__ import annotations

import http.client
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.errors import ClusterError

_STRATEGIC = "application/strategic-merge-patch+json"


class ApiUnavailable(ClusterError):
    """The API server does not answer."""


class ApiRefused(ClusterError):
    """The API server answered with an error."""

    def __init__(self, method: str, path: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {path}: {status} {body[:300].decode(errors='replace')}")
        self.status = status


class ApiConflict(ApiRefused):
    """Somebody else changed the object first."""


@dataclass(frozen=True)
class Api:
    """An API server, and the right to use it."""

    port: int
    authority: Path
    token: str

    def get(self, path: str) -> Any:
        """Read an object."""
        return json.loads(self._request("GET", path, None, {}))

    def find(self, path: str) -> Any | None:
        """Read an object that may not be there."""
        try:
            return self.get(path)
        except ApiRefused as refused:
            if refused.status == http.client.NOT_FOUND:
                return None
            raise

    def patch(self, path: str, change: object) -> None:
        """Change an object by a strategic merge."""
        body = json.dumps(change).encode()
        self._request("PATCH", path, body, {"Content-Type": _STRATEGIC})

    def delete(self, path: str) -> None:
        """Remove an object, if it is there."""
        try:
            self._request("DELETE", path, None, {})
        except ApiRefused as refused:
            if refused.status != http.client.NOT_FOUND:
                raise

    def ready(self) -> bool:
        """Ask whether the API server is ready."""
        try:
            return self._request("GET", "/readyz", None, {}) == b"ok"
        except (ApiUnavailable, ApiRefused):
            return False

    def _request(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        headers = headers | {"Authorization": f"Bearer {self.token}"}
        try:
            context = ssl.create_default_context(cafile=str(self.authority))
            connection = http.client.HTTPSConnection(
                "127.0.0.1", self.port, timeout=10, context=context
            )
            try:
                connection.request(method, path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            raise ApiUnavailable(f"the API server does not answer: {error}") from error
        if answer.status >= http.client.BAD_REQUEST:
            conflict = answer.status == http.client.CONFLICT
            raise (ApiConflict if conflict else ApiRefused)(method, path, answer.status, content)
        return content
