"""Sizes that are visited one after another: asked for, decided, and told to the agent."""

from unittest.mock import ANY

import pytest

from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import resolve, run_options, summary
from kubectl_stress.plan.plan import MemorySize
from kubectl_stress.plan.spec import LoadSpec
from tests.builders.loads import memory_load
from tests.builders.pods import MIB, hello, plan, sample


def stepped(*sizes: str, step_hold_ms: int = 10_000) -> LoadSpec:
    *steps, amount = (Amount.parse(size) for size in sizes)
    return memory_load(amount, steps=tuple(steps), step_hold_ms=step_hold_ms, duration_ms=20_000)


def test_steps_of_the_limit_are_told_to_the_agent_in_bytes() -> None:
    decided = resolve(plan(spec=stepped("25%", "50%", "75%")), hello(), sample(10))

    words = run_options(decided).arguments(holder_pid=23)

    assert words[words.index("--steps-bytes") + 1] == f"{32 * MIB},{64 * MIB}"
    assert words[words.index("--size-bytes") + 1] == str(96 * MIB)
    assert words[words.index("--step-hold-ms") + 1] == "10000"


def test_steps_of_the_headroom_are_known_once_it_is_read() -> None:
    asked = plan(spec=stepped("25%headroom", "50%headroom"))

    assert asked.memory == MemorySize(None, ANY, (None,))
    assert resolve(asked, hello(), sample(28)).memory == MemorySize(50 * MIB, ANY, (25 * MIB,))


def test_a_load_without_steps_says_nothing_of_them() -> None:
    words = run_options(resolve(plan("50Mi"), hello(), sample(10))).arguments(holder_pid=23)

    assert not [word for word in words if word.startswith("--step")]


def test_the_steps_are_part_of_the_whole_time_and_of_the_summary() -> None:
    spec = stepped("25%", "50%", step_hold_ms=5_000)

    assert spec.total_ms == 25_000
    assert "for 20s, after 25% for 5s each" in summary(plan(spec=spec))


def test_a_ramp_is_part_of_the_summary() -> None:
    spec = memory_load(Amount.parse("50Mi"), ramp_ms=90_000)

    assert summary(plan(spec=spec)).endswith("for 1m after a ramp of 1m30s")


@pytest.mark.parametrize(
    "sizes",
    [("75%", "50%"), ("50%", "50%"), ("50%", "64Mi"), ("10%", "20%request")],
    ids=["falling", "twice", "another base", "a share of something else"],
)
def test_steps_that_cannot_be_compared_or_do_not_rise_are_refused(sizes: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="must rise, and all have the same base"):
        stepped(*sizes)
