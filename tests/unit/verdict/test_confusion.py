"""The recorded runs against what was brought about in each."""

from tests.builders.brought_about import ENDS, end_of, outcomes_of
from tests.builders.confusion import beside_the_diagonal, matrix, table, verdicts


def test_every_recorded_run_got_the_verdict_that_was_brought_about() -> None:
    found = verdicts()

    assert beside_the_diagonal(found) == []
    assert all(meant == verdict for meant, verdict in matrix(found))
    assert sum(matrix(found).values()) == len(found)


def test_a_wrong_verdict_stands_beside_the_diagonal() -> None:
    found = {"exited-v2": "app-exited", "startup-v1": "app-exited"}

    assert beside_the_diagonal(found) == ["startup-v1"]
    assert matrix(found)["kubelet-restarted", "app-exited"] == 1
    assert "| 6 kubelet-restarted |  |  |  |  |  |  |  |  |  | 1 |  |" in table(found)


def test_the_generation_decides_what_an_end_is() -> None:
    assert outcomes_of("e08-v1-same") == ("app-oom-killed",)
    assert outcomes_of("e08-v2-same") == ("group-oom-killed",)
    assert end_of("e14-v1-first") is ENDS["e14-first"]
