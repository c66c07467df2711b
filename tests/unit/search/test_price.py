"""What a search will cost is what it then does cost, where the app breaks as expected."""

import pytest

from kubectl_stress.search.price import backoff_ms, describe, expected_break, most_tries, price
from kubectl_stress.search.tries import Mark, Try
from tests.builders.pods import MIB
from tests.builders.simulated_app import breaks_at, search, settings


def test_the_price_is_that_of_the_search_that_follows() -> None:
    asked = settings()

    found = price(asked, breaks_at=70 * MIB, breaks_by=Mark.OOM, restarts_by_failure=True)

    played = search(asked, breaks_at(70 * MIB, Mark.OOM))
    assert (found.tries, found.failures) == (len(played.tries), played.failures)
    assert found.restarts == played.failures


def test_what_is_left_gets_less_with_each_try() -> None:
    asked = settings()
    played = search(asked, breaks_at(70 * MIB, Mark.OOM))

    for count in range(len(played.tries)):
        made = played.tries[:count]
        expected = expected_break(asked, made, 70 * MIB)
        left = price(asked, made, breaks_at=expected, breaks_by=Mark.OOM, restarts_by_failure=True)
        assert 1 <= left.tries <= len(played.tries) - count + 6
    assert left.tries == 1


def test_how_it_fails_is_learned_from_how_it_failed() -> None:
    """What ends nothing is tried more often."""
    asked = settings()
    played = search(asked, breaks_at(70 * MIB, Mark.SLOW))

    def left(count: int) -> int:
        made = played.tries[:count]
        given = {"breaks_at": 70 * MIB, "breaks_by": Mark.OOM, "restarts_by_failure": False}
        return price(asked, made, **given).tries  # type: ignore[arg-type]

    first = next(n for n, one in enumerate(played.tries, 1) if one.mark is Mark.SLOW)
    assert left(0) < len(played.tries)
    assert left(first) == len(played.tries) - first


def test_six_restarts_wait_310_s_by_default() -> None:
    assert backoff_ms(6) == 310_000
    assert backoff_ms(0) == backoff_ms(1) == 0


def test_the_price_is_said_with_its_restarts_and_entries() -> None:
    asked = settings(max_restarts=6, max_ms=1_800_000)
    found = price(asked, breaks_at=70 * MIB, breaks_by=Mark.OOM, restarts_by_failure=True)

    text = describe(found, asked, most=found.tries, adds_entries=True)

    assert "tries, 3 to 6 restarts of the container, each with one more ephemeral" in text
    assert text.endswith("(--max-time 30m)")


WAYS = (Mark.OOM, Mark.READINESS_LOST)


@pytest.mark.parametrize("attempts", [1, 3])
def test_no_search_of_an_app_that_breaks_at_one_level_takes_more_tries_than_said(
    attempts: int,
) -> None:
    asked = settings(attempts=attempts)
    most = most_tries(asked, (), WAYS)

    for mark in WAYS:
        played = [search(asked, breaks_at(mib * MIB, mark)) for mib in range(1, 128)]
        assert max(len(one.tries) for one in played) <= most
    assert describe(
        price(asked, breaks_at=70 * MIB, breaks_by=Mark.OOM, restarts_by_failure=False),
        settings(attempts=attempts, max_ms=1_800_000),
        most=most,
        adds_entries=False,
    ).endswith(f"up to {-(-most * 23 // 60)}m (--max-time 30m)")


def test_of_a_search_that_goes_on_only_what_is_left_is_counted() -> None:
    asked = settings()
    played = search(asked, breaks_at(70 * MIB, Mark.SLOW))

    left = [most_tries(asked, played.tries[:count], WAYS) for count in range(len(played.tries))]

    assert left[-1] == 1
    assert all(left[count] >= len(played.tries) - count for count in range(len(played.tries)))


def test_less_time_than_it_takes_is_said_to_end_it() -> None:
    asked = settings(max_ms=60_000)
    found = price(asked, breaks_at=70 * MIB, breaks_by=Mark.SLOW, restarts_by_failure=False)

    text = describe(found, asked, most=found.tries, adds_entries=False)

    assert text.endswith(" tries, up to 7m; --max-time 1m may end it before")


def test_where_only_the_load_dies_no_restart_is_said() -> None:
    asked = settings(max_restarts=6, max_ms=1_800_000)
    found = price(asked, breaks_at=70 * MIB, breaks_by=Mark.OOM, restarts_by_failure=False)

    assert "restart" not in describe(found, asked, most=found.tries, adds_entries=False)


def test_the_midst_of_what_is_left_is_expected_to_be_the_boundary() -> None:
    tries = [Try(40 * MIB, Mark.FITS, ""), Try(50 * MIB, Mark.OOM, "")]

    assert expected_break(settings(), tries, 100 * MIB) == 45 * MIB + 1
    assert expected_break(settings(), tries[:1], 100 * MIB) == 100 * MIB
