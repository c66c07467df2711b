"""All problems are told at once, each reason once, and never more than a screen of them."""

from kubectl_stress.errors import NotFound, Refused, StressError
from kubectl_stress.plan.problems import Problem, problem_lines, whole_problem

LIMIT = 'container "app" has no memory limit'


def gone(name: str) -> Problem:
    return name, NotFound(f'pod "{name}" not found')


def test_a_single_problem_is_told_as_it_is() -> None:
    name, error = gone("a")

    assert whole_problem([(name, error)], 3) is error


def test_several_have_a_line_each_and_the_worst_exit_code() -> None:
    found = whole_problem([("b", Refused(LIMIT)), gone("a")], 5)

    assert str(found).splitlines() == [
        "2 of 5 targets cannot be loaded:",
        f"  b: {LIMIT}",
        '  pod "a" not found',
    ]
    assert found.exit_code == 1


def test_a_reason_that_all_share_is_told_in_one_line() -> None:
    problems: list[Problem] = [(name, Refused(LIMIT)) for name in "abcdefgh"]

    assert str(whole_problem(problems, 9)) == f"a, b, c, d and 4 more: {LIMIT}"
    assert whole_problem(problems, 9).exit_code == 5


def test_an_owner_that_its_reason_begins_with_is_not_named_twice() -> None:
    error = StressError('deployment/web in namespace "x" is suspended')

    assert problem_lines([("deployment/web", error), gone("a")])[0] == str(error)


def test_an_experiment_that_its_reason_names_is_not_named_twice() -> None:
    error = StressError("no pod matches spec.selector of stresschaos/web (a.yaml:1)")

    assert problem_lines([("stresschaos/web", error)]) == [str(error)]
    assert problem_lines([("stresschaos/we", error)]) == [f"stresschaos/we: {error}"]


def test_of_many_reasons_ten_are_told_and_the_others_counted() -> None:
    lines = problem_lines([gone(str(number)) for number in range(25)])

    assert len(lines) == 11
    assert lines[-1] == "and 15 more"


def test_a_problem_without_words_still_has_its_name() -> None:
    assert problem_lines([("a", StressError(""))]) == ["a: "]
