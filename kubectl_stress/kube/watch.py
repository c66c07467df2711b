"""The events of one watch, as they come."""

import json
import threading
from collections.abc import Iterator
from typing import Any, Self

from kubectl_stress.errors import Unreachable
from kubectl_stress.kube.api_errors import Asker, Request, refusal, unreachable
from kubectl_stress.kube.http_pool import FAILURES, Response

Object = dict[str, Any]


class Watch:
    """The events of one watch, as (type, object); `close` ends it from any thread.

    Types are ADDED, MODIFIED, DELETED and BOOKMARK, whose object has only a resource version.
    """

    def __init__(self, response: Response, request: Request, asker: Asker) -> None:
        self._response = response
        self._request = request
        self._asker = asker
        self._closed = False
        self._reading = threading.RLock()
        self._lines = self._read_lines()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        return self

    def __next__(self) -> tuple[str, Object]:
        """The next event; StopIteration at the end, Unreachable when the connection broke."""
        with self._reading:
            line = next(self._lines)
        return self._event(line)

    def close(self) -> None:
        """End the watch; a thread waiting for the next event sees the end."""
        self._closed = True
        self._response.wake()
        with self._reading:
            self._response.close()

    def _read_lines(self) -> Iterator[bytes]:
        buffer = b""
        try:
            for chunk in self._response.chunks():
                *lines, buffer = (buffer + chunk).split(b"\n")
                yield from (line for line in lines if line.strip())
            if buffer.strip():
                yield buffer
        except (*FAILURES, ValueError, AttributeError) as error:
            if not self._closed:
                raise unreachable(self._asker.server, error) from error
        finally:
            self._response.close()

    def _event(self, line: bytes) -> tuple[str, Object]:
        try:
            event = json.loads(line)
            kind, thing = str(event["type"]), dict(event["object"])
            code = int(thing.get("code") or 500) if kind == "ERROR" else None
        except (ValueError, KeyError, TypeError) as error:
            raise Unreachable(f"the watch on {self._request.resource} is garbled") from error
        if code is not None:
            raise refusal(self._request, code, json.dumps(thing).encode(), self._asker)
        return kind, thing
