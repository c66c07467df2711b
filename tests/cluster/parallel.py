"""Several things at a time, of which one failure ends all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed


def together(jobs: Iterable[Callable[[], object]], *, on_failure: Callable[[], None]) -> None:
    """Do all jobs; `on_failure` must make the ones that still run end soon."""
    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(job) for job in jobs]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            on_failure()
            raise
