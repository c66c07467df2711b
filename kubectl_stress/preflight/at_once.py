"""Questions to the API server that do not depend on each other, asked at the same time."""

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")

# Each takes a connection of its own, with a TLS handshake: more would cost more than they save.
_AT_ONCE = 4


def at_once(calls: Sequence[Callable[[], T]], *, most: int = _AT_ONCE) -> list[T]:
    """What each call returns, `most` of them made at once; raises the first one's error."""
    answers: dict[int, T] = {}
    errors: dict[int, Exception] = {}
    waiting = iter(list(enumerate(calls)))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                index, call = next(waiting, (-1, None))
            if call is None:
                return
            try:
                answers[index] = call()
            except Exception as error:  # not Ctrl-C, which waits for no answer
                errors[index] = error

    # Not concurrent.futures: its import takes longer than a request.
    threads = [threading.Thread(target=work, daemon=True) for _ in calls[1:most]]
    for thread in threads:
        thread.start()
    work()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [answers[index] for index in range(len(calls))]


def both(first: Callable[[], A], second: Callable[[], B]) -> tuple[A, B]:
    """What two calls of different kinds return, made at the same time."""
    calls: list[Callable[[], Any]] = [first, second]
    answers = at_once(calls)
    return answers[0], answers[1]
