"""The user's own health checks: what they ask, and when an app counts as too slow."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.search.health import Check, Checked, HealthUrl


def checks(*latencies: int, problem: str | None = None) -> list[Check]:
    return [Check(1_000 * number, ms, problem) for number, ms in enumerate(latencies)]


def test_one_slow_answer_tells_nothing_and_two_in_a_row_do() -> None:
    assert Checked.of(checks(10, 900, 10, 900), 500).too_slow is None
    assert Checked.of(checks(10, 900, 900), 500).too_slow == (
        "2 health checks in a row took longer than 500 ms"
    )


def test_checks_that_fail_count_without_a_bound_too() -> None:
    found = Checked.of(checks(10, 10, problem="HTTP status 503"), None)

    assert found.too_slow == "2 health checks in a row failed: HTTP status 503"
    assert (found.slowest_ms, found.failed) == (10, 2)


def test_without_checks_there_is_nothing_to_say() -> None:
    assert Checked.of([], 500) == Checked()


def test_a_url_is_a_path_and_a_port() -> None:
    assert HealthUrl.parse("/a:b?x=1:8080") == HealthUrl("/a:b?x=1", 8080)


@pytest.mark.parametrize("text", ["/healthz", "healthz:80", "/:0", "/:x", "/:70000", "/a b:80", ""])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--health-url"):
        HealthUrl.parse(text)
