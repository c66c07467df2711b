"""How many targets of a node are prepared at once follows from how long they take."""

from kubectl_stress.session.node_gate import NodeGate


def gate(parallel: int | None = None) -> tuple[NodeGate, list[int]]:
    woken: list[int] = []
    return NodeGate(woken.append, parallel=parallel), woken


def test_four_of_a_node_are_let_in_at_first_and_other_nodes_do_not_count() -> None:
    found, _ = gate()

    assert [found.enter("a", number) for number in range(5)] == [True] * 4 + [False]
    assert found.enter("b", 5)


def test_the_next_one_is_woken_when_there_is_room() -> None:
    found, woken = gate(parallel=1)
    found.enter("a", 0)
    found.enter("a", 1)
    found.enter("a", 1)

    found.leave("a", 100)

    assert woken == [1]
    assert found.enter("a", 1)


def test_a_quick_node_takes_more_up_to_ten_and_a_slow_one_fewer_down_to_two() -> None:
    found, _ = gate()
    for _ in range(20):
        found.enter("a", 0)
        found.leave("a", 1_000)

    assert found.limit_of("a") == 10

    for _ in range(20):
        found.enter("a", 0)
        found.leave("a", 12_000)

    assert found.limit_of("a") == 10

    for _ in range(20):
        found.enter("a", 0)
        found.leave("a", 25_000)

    assert found.limit_of("a") == 2


def test_one_that_is_over_at_once_does_not_make_the_others_look_slow() -> None:
    found, _ = gate()
    found.enter("a", 0)
    found.leave("a", 1)
    found.enter("a", 1)
    found.leave("a", 9_000)

    assert found.limit_of("a") == 6


def test_a_number_that_was_asked_for_stays() -> None:
    found, _ = gate(parallel=3)
    found.enter("a", 0)
    found.leave("a", 1)

    assert found.limit_of("a") == 3
