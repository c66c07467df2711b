"""The judgement of a level that was held, or was not."""

from dataclasses import replace
from pathlib import Path

import pytest

from kubectl_stress.agent.decoder import Decoder
from kubectl_stress.agent.samples import Sample
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import make_plan, resolve
from kubectl_stress.plan.load_words import Metric
from kubectl_stress.plan.memory_gauge import level_words
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.spec import CpuLoad, LoadSpec
from kubectl_stress.verdict.judge import judge
from kubectl_stress.verdict.outcome import Outcome, Verdict
from tests.builders.cpu import cpu_samples, limited
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, findings, hello, sample, target

STREAMS = Path(__file__).parents[2] / "testdata" / "streams" / "protocol-2"


def plan() -> Plan:
    spec = memory_load(Amount.parse_level("75%"), metric=Metric.WORKING_SET)
    return resolve(make_plan(spec, target()), hello(), sample(28))


def held(*states: str, usage_mib: float = 96, held_mib: float = 60) -> list[Sample]:
    return [
        replace(
            sample(usage_mib, at_ms=at_ms, held_mib=held_mib),
            level_bytes=96 * MIB,
            level_state=state,
        )
        for at_ms, state in enumerate(states)
    ]


def texts(verdict: Verdict) -> list[str]:
    return [fact.text for fact in verdict.evidence]


def test_a_level_that_was_held_was_survived_and_says_how_well() -> None:
    verdict = judge(plan(), findings(*held("below", "at", "at", "above")))

    assert verdict.outcome is Outcome.SURVIVED
    assert "level 96.0 MiB: 50% at it, 25% below, 25% above, of 4 samples" in texts(verdict)


@pytest.mark.parametrize(
    ("samples", "sentence"),
    [
        (
            held("below", usage_mib=70),
            "the level 96.0 MiB was not reached: the working set was",
        ),
        (
            held("above", usage_mib=110, held_mib=0),
            "the app alone was above the level 96.0 MiB:",
        ),
    ],
)
def test_a_level_that_was_never_met_was_not_tested(samples: list[Sample], sentence: str) -> None:
    verdict = judge(plan(), findings(*samples))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.sentence.startswith(sentence)


def test_the_app_above_the_level_is_told_from_a_load_that_gives_way() -> None:
    (alone,), (both,) = held("above", held_mib=0), held("above", held_mib=20)

    assert level_words(alone) == "96.0 MiB (app above)"
    assert level_words(both) == "96.0 MiB (above)"
    assert level_words(sample()) == "-"


@pytest.mark.parametrize("name", ["v1-level", "v2-level"])
def test_the_level_of_a_recorded_stream_is_read(name: str) -> None:
    messages = Decoder().feed((STREAMS / f"{name}.jsonl").read_bytes())

    levels = [one for one in messages if isinstance(one, Sample) and one.level_bytes]
    assert levels[-1].level_state == "at"
    assert levels[-1].level_bytes == 32 * MIB


@pytest.mark.parametrize(
    ("state", "outcome"), [("at", Outcome.SURVIVED), ("below", Outcome.INCONCLUSIVE)]
)
def test_a_cpu_level_is_judged_by_its_states(state: str, outcome: Outcome) -> None:
    spec = LoadSpec(cpu=CpuLoad(Amount.parse_cpu("80%"), is_level=True))
    samples = cpu_samples(100, level_percent=20, level_state=state, short_reason="contention")

    verdict = judge(make_plan(spec, limited()), findings(*samples))

    assert verdict.outcome is outcome
    assert "level 200m: " in texts(verdict)[-1]


def test_of_several_levels_the_last_is_judged() -> None:
    spec = memory_load(
        Amount.parse_level("75%"), steps=(Amount.parse_level("50%"),), metric=Metric.WORKING_SET
    )
    stepped = resolve(make_plan(spec, target()), hello(), sample(28))
    first = [replace(one, level_bytes=64 * MIB) for one in held("at", "at", usage_mib=64)]
    last = [replace(one, at_ms=9) for one in held("below", usage_mib=70)]

    verdict = judge(stepped, findings(*first, *last))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert verdict.sentence.startswith("the level 96.0 MiB was not reached: the working set was 70")
    assert "level 96.0 MiB: 0% at it, 100% below, 0% above, of 1 samples" in texts(verdict)


def test_of_several_cpu_levels_the_last_is_judged() -> None:
    load = CpuLoad(Amount.parse_cpu("80%"), (Amount.parse_cpu("40%"),), is_level=True)
    lower = cpu_samples(50, level_percent=10, level_state="at")
    samples = cpu_samples(100, level_percent=20, level_state="below", short_reason="contention")

    verdict = judge(make_plan(LoadSpec(cpu=load), limited()), findings(lower[0], *samples[1:]))

    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert (
        f"level 200m: 0% at it, 100% below, 0% above, of {len(samples) - 1} samples"
        in (texts(verdict)[-1])
    )
