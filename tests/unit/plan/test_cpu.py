"""What a CPU load comes to, and what the agent is told of it."""

import pytest

from kubectl_stress.errors import Refused, UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.decide import (
    later_commands,
    node_notes,
    resolve,
    run_options,
    sizes_read,
    summary,
)
from kubectl_stress.plan.later import LaterCommand
from kubectl_stress.plan.plan import Plan
from kubectl_stress.plan.prediction import prediction
from tests.builders.cpu import cpu_load, cpu_plan, limited
from tests.builders.pods import hello, sample


def millicores(plan: Plan) -> float | None:
    assert plan.cpu is not None
    return plan.cpu.millicores


def option(plan: Plan, name: str) -> str:
    words = run_options(plan).arguments(holder_pid=9)
    return words[words.index(name) + 1]


@pytest.mark.parametrize(
    ("amount", "expected", "words"),
    [
        ("50%", 125, "CPU load of 125m (50% of the limit 250m) on container"),
        ("50%request", 50, "CPU load of 50m (50% of the request 100m) on container"),
        ("500m", 500, "CPU load of 500m on container"),
        ("1.5", 1_500, "CPU load of 1.5 CPUs on container"),
    ],
)
def test_each_base_is_named_back(amount: str, expected: float, words: str) -> None:
    plan = cpu_plan(amount)

    assert millicores(plan) == expected
    assert summary(plan).startswith(words)
    assert "(CPU limit 250m, Burstable)" in summary(plan)


@pytest.mark.parametrize("amount", ["50%", "50%node"])
def test_without_a_limit_a_share_is_of_the_nodes_cpus_and_says_so(amount: str) -> None:
    asked = cpu_plan(amount, target=limited(limit=None))

    settled = resolve(asked, hello(cpus=2), sample())

    assert millicores(asked) is None
    assert sizes_read(asked, settled) == ("size: 1 CPU (50% of the node's CPUs 2)",)
    assert "has no CPU limit" in asked.notes[0]
    assert "(no CPU limit, " in summary(asked)
    assert ("% is of the node's CPUs" in asked.notes[0]) == (amount == "50%")


def test_a_share_of_a_request_that_is_not_there_is_refused() -> None:
    with pytest.raises(Refused, match="has no CPU request, so 50%request cannot be computed"):
        cpu_plan("50%request", target=limited(request=None))


@pytest.mark.parametrize("text", ["50%headroom", "0", "-1", "lots", "0%", "50%disk", "300"])
def test_what_is_no_amount_of_cpu_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        Amount.parse_cpu(text)


@pytest.mark.parametrize(
    ("amount", "workers", "percent", "count"),
    [("50%", None, "12.5", "1"), ("1500m", None, "75", "2"), ("1500m", 4, "37.5", "4")],
)
def test_the_workers_share_the_load(
    amount: str, workers: int | None, percent: str, count: str
) -> None:
    plan = cpu_plan(amount, workers=workers)

    assert (option(plan, "--load-percent"), option(plan, "--cpu-workers")) == (percent, count)


def test_more_than_the_workers_can_use_is_refused() -> None:
    with pytest.raises(Refused, match="needs more than 1 workers"):
        cpu_plan("1500m", workers=1)


def test_steps_are_commands_at_their_times_within_the_duration() -> None:
    plan = cpu_plan("100%", "20%", "50%", step_hold_ms=5_000, duration_ms=20_000)

    assert option(plan, "--load-percent") == "5"
    assert option(plan, "--duration-ms") == "30000"
    assert later_commands(plan) == (
        LaterCommand(5_000, b"load 12.5\n", "holding 125m CPU (step 2)"),
        LaterCommand(5_000, b"load 25\n", "holding 250m CPU (step 3)"),
    )
    assert plan.spec.total_ms == 30_000


def test_steps_must_rise() -> None:
    with pytest.raises(UsageError, match="must rise"):
        cpu_load("20%", "50%")


@pytest.mark.parametrize(
    ("amount", "limit", "words"),
    [
        ("50%", "250m", "50% of the CPU limit 250m: the container is throttled once the app needs"),
        ("120%", "250m", "the quota will throttle it and the app together"),
        ("500m", None, "500m of the 2 CPUs of the node, without a quota"),
    ],
)
def test_what_the_quota_will_do_is_predicted(amount: str, limit: str | None, words: str) -> None:
    plan = resolve(cpu_plan(amount, target=limited(limit)), hello(cpus=2), sample())

    assert words in prediction(plan, hello(cpus=2), sample(), ())


def test_a_load_at_the_limit_is_told_beforehand() -> None:
    assert cpu_plan("100%").notes == ("the load alone reaches the CPU limit: expect throttling",)
    assert cpu_plan("50%").notes == ()


def test_more_than_the_node_has_is_told() -> None:
    plan = resolve(cpu_plan("3", target=limited(limit=None)), hello(cpus=2), sample())

    assert "is more than the 2 CPUs of node" in node_notes(plan, hello(cpus=2))[0]


def test_the_headroom_that_the_agent_needs_is_asked_of_a_cpu_load_too() -> None:
    with pytest.raises(Refused, match="of headroom"):
        resolve(cpu_plan(), hello(), sample(121))
