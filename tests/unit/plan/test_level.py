"""A level of the whole container: what it comes to, what the agent is told, what is predicted."""

import pytest

from kubectl_stress.errors import Refused, UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import later_commands, make_plan, resolve, run_options, summary
from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.plan.load_words import LoadKind, Metric
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import prediction
from kubectl_stress.plan.spec import CpuLoad, LoadSpec
from kubectl_stress.targets.target import Target
from tests.builders.cpu import limited
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, hello, sample, target


def at(
    text: str, *steps: str, on: Target | None = None, force: bool = False, **given: object
) -> Plan:
    levels = tuple(map(Amount.parse_level, steps))
    fields = {"metric": Metric.WORKING_SET, "steps": levels, **given}
    spec = memory_load(Amount.parse_level(text), **fields)
    return make_plan(spec, on or target(), force=force)


def words_of(plan: Plan) -> list[str]:
    found: list[str] = run_options(plan).arguments(holder_pid=9)
    return found


@pytest.mark.parametrize(
    ("text", "level", "word", "said"),
    [
        ("75%", 96 * MIB, "75%", "96.0 MiB (75% of the limit 128.0 MiB)"),
        ("100Mi", 100 * MIB, str(100 * MIB), "100.0 MiB"),
        ("limit-20Mi", 108 * MIB, f"limit-{20 * MIB}", "108.0 MiB (20.0 MiB below the limit 128"),
    ],
)
def test_each_form_is_named_back_in_bytes_and_told_as_it_is(
    text: str, level: int, word: str, said: str
) -> None:
    plan = resolve(at(text), hello(), sample(28))

    assert plan.memory is not None
    assert (plan.memory.level_bytes, plan.size_bytes) == (level, level - 28 * MIB)
    assert f"memory load up to a level of {said}" in summary(plan)
    assert "of working set on container" in summary(plan)
    words = words_of(plan)
    assert words[words.index("--level") + 1] == word
    assert words[words.index("--level-metric") + 1] == "working-set"
    assert "--size-bytes" not in words


def test_the_working_set_leaves_out_what_can_be_dropped_and_the_usage_does_not() -> None:
    reading = sample(60, inactive_file_bytes=40 * MIB)

    by_default = resolve(at("75%"), hello(), reading)
    by_usage = resolve(at("75%", metric=Metric.USAGE), hello(), reading)

    assert (by_default.size_bytes, by_usage.size_bytes) == (76 * MIB, 36 * MIB)


def test_steps_of_a_level_are_commands_at_their_times() -> None:
    plan = resolve(
        at("90%", "50%", "70%", step_hold_ms=5_000, duration_ms=9_000), hello(), sample()
    )

    words = words_of(plan)
    assert words[words.index("--level") + 1] == "50%"
    assert words[words.index("--duration-ms") + 1] == "19000"
    assert later_commands(plan) == (
        LaterCommand(5_000, b"level 70% working-set\n", "holding a level of 70% (step 2)"),
        LaterCommand(5_000, b"level 90% working-set\n", "holding a level of 90% (step 3)"),
    )


def test_without_a_limit_only_an_absolute_level_can_be_forced() -> None:
    with pytest.raises(Refused, match="has no memory limit, so --to 95% cannot be computed"):
        at("95%", on=target(limit=None), force=True)
    with pytest.raises(Refused, match="--force"):
        at("100Mi", on=target(limit=None))

    assert at("100Mi", on=target(limit=None), force=True).memory is not None


@pytest.mark.parametrize("text", ["95%request", "50%headroom", "limit-", "limit-0", "limit+5Mi"])
def test_what_is_no_level_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Amount.parse_level(text)


def test_a_level_below_nothing_is_refused() -> None:
    with pytest.raises(Refused, match="the limit is only 128"):
        at("limit-128Mi")


def test_page_cache_is_no_level() -> None:
    with pytest.raises(UsageError, match="--kind anon or shm"):
        at("50%", kind=LoadKind.FILE)


@pytest.mark.parametrize(
    ("text", "usage_mib", "words"),
    [
        ("75%", 28, "the working set will be held at 96.0 MiB (28.0 MiB now); if the app takes"),
        ("75%", 28, "takes more than 32.0 MiB at once, the kernel will"),
        ("75%", 100, "is above the level 96.0 MiB already: nothing is added until it falls"),
        ("110%", 28, "the level 140.8 MiB reaches the limit: the kernel will"),
    ],
)
def test_the_jump_that_no_loop_can_prevent_is_predicted(
    text: str, usage_mib: int, words: str
) -> None:
    reading = sample(usage_mib)
    plan = resolve(at(text), hello(), reading)

    assert words in prediction(plan, hello(), reading, ())


def test_a_single_replica_is_asked_about_where_its_request_may_cross_the_limit() -> None:
    from kubectl_stress.targets.owners import Owner

    built = target()
    single = Target(**{**built.__dict__, "owner": Owner("deployment", "web", 1)})

    assert at("45%", on=single).questions == ()
    assert "single replica" in at("75%", on=single).questions[0]


def test_a_cpu_level_is_told_as_that_of_the_container() -> None:
    spec = LoadSpec(cpu=CpuLoad(Amount.parse_cpu("80%"), is_level=True))
    plan = make_plan(spec, limited())

    words = words_of(plan)
    assert words[words.index("--cpu-level") + 1] == "20"
    assert "--load-percent" not in words
    assert summary(plan).startswith("CPU load up to a level of 200m (80% of the limit 250m) on")
    assert "held at 200m, 80% of the CPU limit 250m" in prediction(plan, hello(), sample(), ())


def test_steps_of_a_cpu_level_are_levels() -> None:
    load = CpuLoad(Amount.parse_cpu("80%"), (Amount.parse_cpu("40%"),), is_level=True)

    assert later_commands(make_plan(LoadSpec(cpu=load), limited())) == (
        LaterCommand(10_000, b"cpu-level 20\n", "holding 200m CPU (step 2)"),
    )
