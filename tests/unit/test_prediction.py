"""Who dies first is foretold for the limit, not for the moment."""

import pytest

from kubectl_stress.plan import resolve
from kubectl_stress.prediction import prediction, victim_at_limit
from kubectl_stress.samples import Process
from kubectl_stress.spec import Amount, MemSpec
from tests.builders import MIB, hello, plan, sample

UNIT = 128 * MIB // 4096 // 1000 * 4096  # one point of oom_score_adj at a limit of 128Mi


def process(name: str, rss_mib: int, adjustment: int) -> Process:
    rss = rss_mib * MIB
    badness = None if adjustment == -1000 else rss + adjustment * UNIT
    return Process(1, name, "other", rss, adjustment, badness)


@pytest.mark.parametrize(
    ("size", "oom_group", "words"),
    [
        ("50Mi", True, "usage will reach about 60.0 MiB, 47%"),
        ("150%", True, "kill the whole container with it"),
        ("150%", None, "kill one process (agent-worker"),
    ],
)
def test_the_end_is_foretold(size: str, oom_group: bool | None, words: str) -> None:
    settled = plan(size)

    assert words in prediction(settled, hello(oom_group=oom_group), sample(10), ())


@pytest.mark.parametrize(
    ("size", "adjustment", "others", "victim"),
    [
        ("150%", None, [process("app", 20, 968)], "agent-worker"),
        # Too small a load to outgrow the app before the limit is reached.
        ("10Mi", None, [process("app", 100, 968)], "app"),
        ("10Mi", 1000, [process("app", 10, 968)], "agent-worker"),
        # The holder's 999 beats the -997 of a Guaranteed target that grows to its limit.
        ("150%", -997, [process("app", 10, -997), process("agent", 0, 999)], "agent"),
        ("150%", None, [process("app", 10, -1000)], "agent-worker"),
    ],
)
def test_the_victim_is_that_of_the_moment_when_the_limit_is_reached(
    size: str, adjustment: int | None, others: list[Process], victim: str
) -> None:
    asked = MemSpec(Amount.parse(size), oom_score_adj=adjustment)
    settled = resolve(plan(spec=asked), hello(), sample(20))

    found = victim_at_limit(settled, hello(target_oom_score_adj=968), sample(20), tuple(others))

    assert found is not None
    assert found.command == victim


def test_a_load_of_several_workers_has_its_size_in_parts() -> None:
    asked = MemSpec(Amount.parse("150%"), workers=4)
    alone = (process("app", 40, 998),)

    found = victim_at_limit(plan(spec=asked), hello(), sample(50), alone)

    assert found == alone[0]


def test_without_a_limit_nobody_is_foretold() -> None:
    assert victim_at_limit(plan(), hello(), sample(20, limit_bytes=None), ()) is None
