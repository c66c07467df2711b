"""The judgement of a CPU load, by the kernel's counters."""

from dataclasses import replace

from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Expectation, Outcome, Verdict, meets
from tests.builders.cpu import cpu_plan, cpu_samples, limited
from tests.builders.pods import findings


def texts(verdict: Verdict) -> list[str]:
    return [fact.text for fact in verdict.evidence]


def test_a_load_that_had_all_and_was_not_throttled_was_survived() -> None:
    verdict = judge(cpu_plan(), findings(*cpu_samples(124)))

    assert verdict.outcome is Outcome.SURVIVED
    assert texts(verdict) == [
        "over 3s the container used 134m CPU of the limit 250m, the load 124m of 125m asked for",
        "nr_throttled +0 of +30 periods, for 0.0 s in all",
    ]


def test_a_quota_that_throttles_is_told_with_its_counters() -> None:
    seen = findings(*cpu_samples(240, throttled=True, load_percent=25, short_reason="quota"))

    verdict = judge(cpu_plan("100%"), seen)

    assert verdict.outcome is Outcome.THROTTLED
    assert meets(verdict, Expectation.THROTTLE)
    assert verdict.sentence == (
        "the CPU quota throttled the container in 100% of its periods; nothing was killed"
    )
    assert "nr_throttled +30 of +30 periods, for 1.5 s in all" in texts(verdict)


def test_what_the_quota_took_from_the_load_is_told() -> None:
    seen = findings(*cpu_samples(180, throttled=True, load_percent=25, short_reason="quota"))

    sentence = judge(cpu_plan("100%"), seen).sentence

    assert sentence.endswith("; the load got 180m of the 250m asked for")


def test_a_period_now_and_then_is_no_throttling() -> None:
    first, *_, last = cpu_samples(125)
    once = replace(last, cpu=replace(last.cpu, nr_periods=1_000, nr_throttled=2))

    assert judge(cpu_plan(), findings(first, once)).outcome is Outcome.SURVIVED


def test_a_load_that_others_kept_from_its_cpus_was_not_tested() -> None:
    seen = findings(*cpu_samples(60, short_reason="contention", short_percent=6.5))

    verdict = judge(cpu_plan(), seen)

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.sentence == (
        "the load got 60m of the 125m asked for (other processes had the CPUs), so what was asked "
        "for was not tested"
    )


def test_without_a_quota_that_is_said() -> None:
    samples = [
        replace(one, cpu=replace(one.cpu, nr_periods=None, limit_millicores=None))
        for one in cpu_samples(125)
    ]
    verdict = judge(cpu_plan("125m", target=limited(limit=None)), findings(*samples))

    assert verdict.outcome is Outcome.SURVIVED
    assert "no CPU quota: nothing can throttle the container" in texts(verdict)
