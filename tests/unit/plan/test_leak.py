"""A load that grows at a rate, until its size or level is reached or its time is over."""

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan, resolve, run_options, summary
from kubectl_stress.plan.load_words import Metric
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import Leak, LoadSpec
from kubectl_stress.quantity import parse_slow_rate
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, hello, sample, target

MINUTE_MS = 60_000


def settled(spec: LoadSpec) -> Plan:
    return resolve(make_plan(spec, target()), hello(), sample(28))


def leaking(size: str, *, rate: float = MIB, longest_ms: int = MINUTE_MS) -> LoadSpec:
    return memory_load(Amount.parse(size), leak=Leak(rate, longest_ms))


def option(plan: Plan, name: str) -> str:
    words = run_options(plan).arguments(holder_pid=9)
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    ("size", "longest_ms", "reached_mib", "ramp_ms"),
    [
        ("50Mi", MINUTE_MS, 50, 50_000),
        ("50Mi", 20_000, 20, 20_000),
        ("100%", 10 * MINUTE_MS, 128, 128_000),
    ],
    ids=["the size", "the time", "the limit"],
)
def test_it_grows_until_whatever_comes_first(
    size: str, longest_ms: int, reached_mib: int, ramp_ms: int
) -> None:
    plan = settled(leaking(size, longest_ms=longest_ms))

    assert option(plan, "--size-bytes") == str(reached_mib * MIB)
    assert option(plan, "--ramp-ms") == str(ramp_ms)
    assert option(plan, "--duration-ms") == "1000"
    assert plan.spec.total_ms == ramp_ms + 1_000


def test_a_level_is_reached_from_what_is_used_now() -> None:
    leak = Leak(MIB, MINUTE_MS)
    whole = settled(memory_load(Amount.parse_level("60%"), metric=Metric.WORKING_SET, leak=leak))
    short = settled(
        memory_load(Amount.parse_level("96Mi"), metric=Metric.WORKING_SET, leak=Leak(MIB, 20_000))
    )

    assert option(whole, "--level") == "60%"
    assert 48_790 <= int(option(whole, "--ramp-ms")) <= 48_800
    assert option(short, "--level") == str(48 * MIB)


def test_a_plan_that_is_settled_again_is_the_same() -> None:
    once = settled(leaking("50Mi", longest_ms=20_000))

    assert resolve(once, hello(), sample(28)) == once


@pytest.mark.parametrize(
    ("rate", "words"), [(5 * MIB, "grows by 5.0 MiB a second"), (MIB / 60, "by 60.0 MiB an hour")]
)
def test_the_rate_is_named_back(rate: float, words: str) -> None:
    said = summary(make_plan(leaking("50Mi", rate=rate), target()))

    assert words in said
    assert said.endswith("for 1m at most")


@pytest.mark.parametrize(
    ("text", "per_s"), [("5Mi/s", 5 * MIB), ("5Mi", 5 * MIB), ("36Mi/h", MIB / 100)]
)
def test_a_rate_may_be_by_the_second_the_minute_or_the_hour(text: str, per_s: float) -> None:
    assert parse_slow_rate(text) == pytest.approx(per_s)


@pytest.mark.parametrize("text", ["5Mi/d", "5", "/s", "5MB/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_slow_rate(text)


def test_it_lasts_a_day_at_most_and_takes_no_steps() -> None:
    with pytest.raises(UsageError, match="a day at most"):
        Leak(MIB, 25 * 60 * MINUTE_MS)
    with pytest.raises(UsageError, match="takes no --steps"):
        memory_load(Amount.parse("50Mi"), leak=Leak(MIB, 1), steps=(Amount.parse("10Mi"),))


@pytest.mark.parametrize(("longest_ms", "is_expected"), [(MINUTE_MS, False), (600_000, True)])
@pytest.mark.parametrize("metric", [None, Metric.WORKING_SET])
def test_an_oom_kill_is_expected_only_where_there_is_time_to_reach_the_limit(
    metric: Metric | None, longest_ms: int, is_expected: bool
) -> None:
    spec = memory_load(Amount.parse("100%"), metric=metric, leak=Leak(MIB, longest_ms))

    noted = " ".join(make_plan(spec, target()).notes)

    assert ("expect an OOM kill" in noted) is is_expected
