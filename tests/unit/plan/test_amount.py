"""Sizes as they may be asked for."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount, ShareBase


def test_a_percentage_is_of_the_limit_unless_it_says_otherwise() -> None:
    assert Amount.parse("60%").base is ShareBase.LIMIT
    assert Amount.parse("60%headroom").base is ShareBase.HEADROOM


def test_a_share_is_taken_of_its_base_in_whole_bytes() -> None:
    assert Amount.parse("33.3%").of(1_000) == 333


@pytest.mark.parametrize(
    "text", ["0%", "-5%", "60%disk", "%", "60 %", "60%%", "300%node", "100001%", "9" * 500 + "%"]
)
def test_what_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Amount.parse(text)


def test_more_than_the_limit_may_be_asked_for() -> None:
    assert Amount.parse("120%").percent == 120
