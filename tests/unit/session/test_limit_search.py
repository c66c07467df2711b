"""What a search says of each try, in a line that is understood alone."""

import pytest

from kubectl_stress.search.ballast import Situation
from kubectl_stress.search.tries import Mark
from kubectl_stress.session.limit_search import LimitSearch
from kubectl_stress.session.next_load import Recovery
from kubectl_stress.verdict.findings import Ending
from kubectl_stress.verdict.outcome import Outcome, Verdict
from tests.builders.pods import MIB, bye, findings
from tests.builders.simulated_app import settings

SITUATION = Situation(
    ceiling=128 * MIB,
    headroom=100 * MIB,
    breaks_by=Mark.OOM,
    restarts_by_failure=False,
    usage=28 * MIB,
    held_bytes=20 * MIB,
)


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.SURVIVED, "12.8 MiB of ballast (10% of the limit): fits"),
        (Outcome.READINESS_LOST, ": does not fit: readiness-lost"),
        (Outcome.INCONCLUSIVE, ": does not count: the load was in another cgroup"),
    ],
)
def test_a_try_that_told_nothing_is_not_said_to_have_failed(outcome: Outcome, words: str) -> None:
    said: list[str] = []
    search = LimitSearch(
        settings(),
        SITUATION,
        Recovery(held_bytes=None, tolerance_bytes=0),
        [],
        keep=lambda _one: None,
        say=said.append,
        show=lambda _text: None,
    )
    search.first()

    search(Verdict(outcome, "the load was in another cgroup"), findings(ending=Ending(bye(), 0)))

    (line,) = said
    assert line.startswith("try 1 of about ")
    assert line.endswith(words)
