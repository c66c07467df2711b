"""Patience with an agent that starts under a small CPU limit."""

import pytest

from kubectl_stress.plan.slow_start import slow_start, start_patience_ms
from tests.builders.cpu import limited


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [(None, 60), ("1", 60), ("100m", 60), ("50m", 120), ("10m", 600), ("1m", 600)],
)
def test_it_grows_with_the_quota_up_to_ten_times(limit: str | None, seconds: int) -> None:
    assert start_patience_ms(limited(limit)) == seconds * 1_000


def test_the_limit_is_named_where_it_is_small() -> None:
    words = slow_start(limited("10m"))

    assert words is not None
    assert words.startswith("the CPU limit of 10m holds for the start of the agent too")
    assert slow_start(limited("250m")) is slow_start(limited(None)) is None
