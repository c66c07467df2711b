"""What is particular to a search for a CPU limit: its levels, readings, marks and the limit."""

import random
import statistics
from dataclasses import replace

import pytest

from kubectl_stress.agent.series import Series
from kubectl_stress.errors import Refused
from kubectl_stress.plan.holder_spec import Join
from kubectl_stress.plan.limit_patch import limit_patches
from kubectl_stress.search import cpu_ballast
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.judge_try import try_of
from kubectl_stress.search.recommendation import recommendation
from kubectl_stress.search.tries import Mark, Try
from kubectl_stress.verdict.outcome import Outcome, Verdict
from tests.builders.cpu import cpu_samples, limited
from tests.builders.pods import findings
from tests.builders.simulated_app import KINDS, blurred_searches, breaks_at, cpu_settings, search

SURVIVED = Verdict(Outcome.SURVIVED, "survived")
THROTTLED = Verdict(Outcome.THROTTLED, "the CPU quota throttled the container in 100%")


def tried(verdict: Verdict = SURVIVED, *, most: float | None = None, **use: float) -> Try:
    seen = replace(findings(), samples=Series(cpu_samples(125, **use)))  # type: ignore[arg-type]
    return try_of(cpu_settings(max_throttled_percent=most), 125, verdict, seen)


def test_the_apps_use_is_the_containers_without_the_loads() -> None:
    one = tried(app_millicores=40)

    assert one.app_millicores == pytest.approx(40)
    assert one.app_peak_millicores == pytest.approx(40)
    assert one.load_millicores == pytest.approx(125)
    assert one.throttled_percent == 0


@pytest.mark.parametrize(
    ("verdict", "most", "mark"),
    [
        (THROTTLED, None, Mark.FITS),
        (THROTTLED, 100, Mark.FITS),
        (THROTTLED, 99, Mark.THROTTLED),
        (Verdict(Outcome.READINESS_LOST, "lost"), 99, Mark.READINESS_LOST),
        (Verdict(Outcome.INCONCLUSIVE, "others had the CPUs"), None, Mark.INCONCLUSIVE),
    ],
)
def test_throttling_is_told_and_fails_only_where_it_was_asked_to(
    verdict: Verdict, most: float | None, mark: Mark
) -> None:
    one = tried(verdict, most=most, throttled=True)

    assert (one.mark, one.throttled_percent) == (mark, 100)
    if mark is Mark.THROTTLED:
        assert one.evidence.endswith("throttled it in 100% of its periods (--max-throttled 99%)")


def test_a_thousand_searches_give_no_wrong_answer_and_no_wrong_limit() -> None:
    draw, tries = random.Random(17), []
    for number in range(1_000):
        limit = draw.choice((20, 100, 250, 1_000, 4_000, draw.randrange(10, 8_000)))
        asked, mark = cpu_settings(limit), KINDS[number % 4]
        breaking = draw.randrange(2, limit + 1)
        played = search(asked, breaks_at(breaking, mark))
        answer = played.answer
        assert (answer.kind, answer.cause) == (AnswerKind.FOUND, mark)
        assert played.is_right(breaking, breaking, asked.resolution), (limit, breaking)
        made = tuple(replace(one, app_millicores=limit - one.level + 0.25) for one in played.tries)
        found = recommendation(answer, asked, made)
        assert found is not None
        assert answer.survived is not None
        assert found.minimal == limit - answer.survived + 1
        assert found.minimal * 1.2 <= found.recommended < found.minimal * 1.2 + 10
        assert found.recommended % 10 == 0
        tries.append(len(played.tries))

    print(f"{statistics.mean(tries):.1f} tries on average, {max(tries)} at most")


def test_a_thousand_searches_of_apps_with_a_blurred_boundary_are_right_or_flaky() -> None:
    asked, kinds = cpu_settings(), []
    for low, high, played in blurred_searches(asked, least=2):
        kinds.append(played.answer.kind)
        if played.answer.kind is AnswerKind.FOUND:
            assert played.is_right(low, high, asked.resolution)
        else:
            assert played.answer.kind in (AnswerKind.FLAKY, AnswerKind.INCONCLUSIVE)

    assert kinds.count(AnswerKind.FLAKY) > 200


def test_of_several_tries_the_highest_use_counts() -> None:
    made = tuple(Try(100, Mark.FITS, "", app_millicores=use) for use in (40.0, 42.3, 41.0))

    found = cpu_ballast.least_limit(cpu_settings(), 100, made)

    assert found is not None
    assert found.amount == 43
    assert found.arithmetic == (
        "the app's own use beside 100m of CPU load was 42.3m on average "
        "(the most of 3 tries of 15s)"
    )


def test_without_a_measured_use_no_limit_follows() -> None:
    assert cpu_ballast.least_limit(cpu_settings(), 100, (Try(100, Mark.FITS, ""),)) is None


@pytest.mark.parametrize(
    ("request_text", "expected"), [("100m", "50m"), ("40m", None), (None, None)]
)
def test_the_patch_sets_the_limit_and_moves_a_higher_request(
    request_text: str | None, expected: str | None
) -> None:
    target = limited(request=request_text)
    (pod,) = limit_patches(target, cpu_ballast.new_limit(target, 50))

    resources = pod.body["spec"]["containers"][0]["resources"]
    assert resources["limits"] == {"cpu": "50m"}
    assert resources.get("requests", {}).get("cpu") == expected


def test_without_a_quota_of_the_container_nothing_can_be_told() -> None:
    with pytest.raises(Refused, match="has no CPU limit of its own"):
        cpu_ballast.refuse(limited(None), Join.EXEC)
    with pytest.raises(Refused, match="lower than that of"):
        cpu_ballast.refuse(replace(limited(), pod_limit_millicores=200), Join.EXEC)
