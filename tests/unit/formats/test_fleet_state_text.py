"""A hundred targets on a terminal of 24 lines: the table fits, and what needs a look is on top."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.formats.fleet_state_text import fleet_state_table, total_line
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
from tests.builders.cpu import cpu_plan, cpu_samples, limited
from tests.builders.pods import plan, pod, sample


def state(number: int, *, usage_mib: float = 60, **values: bool) -> TargetState:
    built = pod(f"web-{number}").container("app", limit="128Mi").with_container_status(**values)
    status = ContainerStatus.from_pod(built.dict, "app")
    made = TargetState(Target.from_pod(built.dict), status, number=number)
    made.begin_load(plan(target=made.target))
    made.hear(sample(usage_mib, held_mib=50))
    return made


def test_a_hundred_targets_fit_and_the_rest_is_counted() -> None:
    states = [state(number) for number in range(100)]

    lines = fleet_state_table(states, width=80, height=18).splitlines()

    assert len(lines) == 20  # heading, 17 rows, the others, the total
    assert lines[-2] == "… and 83 hold"
    assert lines[-1] == "TOTAL  100 targets: 100 hold; load 4.9 GiB for 0.0s of 1m"


def test_a_single_target_is_counted_as_one() -> None:
    assert total_line([state(0)]).startswith("TOTAL  1 target: 1 hold; ")


def test_what_needs_a_look_is_on_top_and_then_the_fullest() -> None:
    calm, full, unready, failed = state(0), state(1, usage_mib=120), state(2, ready=False), state(3)
    failed.end(InjectionError("lost"))

    lines = fleet_state_table([calm, full, unready, failed]).splitlines()

    assert [line.split()[0] for line in lines[1:5]] == ["web-2", "web-3", "web-1", "web-0"]
    assert (
        lines[-1]
        == "TOTAL  4 targets: 3 hold, 1 failed; load 150.0 MiB for 0.0s of 1m; 2 need a look"
    )


def test_a_target_that_no_longer_answers_is_not_said_to_hold_its_load() -> None:
    lost, held = state(0), state(1)
    lost.lose()

    lines = fleet_state_table([lost, held]).splitlines()

    assert lines[1].startswith("web-0  no answer")
    assert [line.split()[-4] for line in lines[1:3]] == ["unknown", "MiB"]
    assert lines[-1] == (
        "TOTAL  2 targets: 1 no answer, 1 hold; load 50.0 MiB for 0.0s of 1m; 1 needs a look"
    )


def test_a_judged_target_shows_its_verdict() -> None:
    survived, killed = state(0), state(1)
    survived.end(None, "survived")
    killed.end(None, "group-oom-killed")

    lines = fleet_state_table([survived, killed]).splitlines()

    assert [line.split()[:2] for line in lines[1:3]] == [
        ["web-1", "group-oom-killed"],
        ["web-0", "survived"],
    ]


def test_a_load_that_ended_with_its_container_is_held_by_nobody() -> None:
    killed, lost = state(0), state(1)
    killed.end(None, "group-oom-killed")
    lost.lose()
    lost.end(None, "inconclusive")

    lines = fleet_state_table([killed, lost]).splitlines()

    assert [line.split()[-4] for line in lines[1:3]] == ["ended", "ended"]
    assert "load 0" in lines[-1]


def test_the_total_tells_how_far_the_last_of_them_is() -> None:
    ahead, behind, over = state(0), state(1), state(2)
    ahead.hear(sample(60, at_ms=40_000, held_mib=50))
    behind.hear(sample(60, at_ms=12_000, held_mib=50))
    over.end(None, "survived")

    assert total_line([ahead, behind, over]).endswith("load 100.0 MiB for 12s of 1m")
    assert total_line([over]).endswith("; load 0 B")


def test_the_total_of_cpu_loads_is_in_cpus() -> None:
    states = []
    for number in range(2):
        built = TargetState(limited(), state(number).status, number=number)
        built.begin_load(cpu_plan())
        for reading in cpu_samples(125):
            built.hear(reading)
        states.append(built)

    assert total_line(states) == "TOTAL  2 targets: 2 hold; load 250m CPU for 3s of 1m"


def test_no_line_is_wider_than_the_terminal() -> None:
    assert all(len(line) <= 30 for line in fleet_state_table([state(0)], width=30).splitlines())
