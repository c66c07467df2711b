"""A hundred targets on a terminal of 24 lines: the table fits, and what needs a look is on top."""

from kubectl_stress.errors import InjectionError
from kubectl_stress.formats.fleet_state_text import fleet_state_table
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target
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
    assert lines[-1] == "TOTAL  100 targets: 100 hold; load 4.9 GiB"


def test_what_needs_a_look_is_on_top_and_then_the_fullest() -> None:
    calm, full, unready, failed = state(0), state(1, usage_mib=120), state(2, ready=False), state(3)
    failed.end(InjectionError("lost"))

    lines = fleet_state_table([calm, full, unready, failed]).splitlines()

    assert [line.split()[0] for line in lines[1:5]] == ["web-2", "web-3", "web-1", "web-0"]
    assert lines[-1] == "TOTAL  4 targets: 3 hold, 1 failed; load 150.0 MiB; 2 need a look"


def test_a_target_that_no_longer_answers_is_not_said_to_hold_its_load() -> None:
    lost, held = state(0), state(1)
    lost.lose()

    lines = fleet_state_table([lost, held]).splitlines()

    assert lines[1].startswith("web-0  no answer")
    assert [line.split()[-4] for line in lines[1:3]] == ["unknown", "MiB"]
    assert lines[-1] == ("TOTAL  2 targets: 1 no answer, 1 hold; load 50.0 MiB; 1 need a look")


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


def test_no_line_is_wider_than_the_terminal() -> None:
    assert all(len(line) <= 30 for line in fleet_state_table([state(0)], width=30).splitlines())
