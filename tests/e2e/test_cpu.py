"""CPU loads on a real kernel, alone and with a level of memory: held, used, and throttled."""

import pytest

from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod

pytestmark = pytest.mark.long


@pytest.fixture
def pods(shared: Pods) -> Pods:
    """Every run gives all back, so that one pod of a kind on a node is enough."""
    return shared


# The supervisor's readings are part of the load: ten a second cost 28m on an emulated CPU.
TOLERANCE = 50


def app_on(flavour: str, pods: Pods, cpu: str = "1") -> str:
    """A quiet pod with this CPU limit."""
    name = f"cpu-{cpu}-{flavour}"
    pods.create(pod(flavour, name=name, limit="96Mi", cpu=cpu))
    return name


def test_half_of_the_limit_is_joined_held_and_survived(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    app = app_on(flavour, pods)

    done = plugin("cpu", app, "--load=50%", "--duration=20s", "-o=json")
    report = done.report

    use = report["cpu"]["under_load"]
    assert "verified its cgroup" in done.stderr
    assert report["plan"]["cpu"]["load_millicores"] == 500
    assert abs(use["load_millicores"] - 500) <= TOLERANCE
    assert use["used_millicores"] >= 0.9 * use["load_millicores"]
    assert use["periods"] > 0
    assert report["verdict"]["outcome"] == "survived"


def test_all_of_the_limit_is_throttled_with_its_evidence(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    app = app_on(flavour, pods, "200m")

    steps = ("--steps=50%,150%", "--step-hold=5s")
    done = plugin("cpu", app, *steps, "--duration=15s", "--expect=throttle", "-o=json")
    report = done.report

    use = report["cpu"]["under_load"]
    assert done.exit_code == 0
    assert report["verdict"]["outcome"] == "throttled"
    assert 170 <= use["used_millicores"] <= 220
    assert use["throttled_percent"] > 50
    assert any("nr_throttled +" in fact["text"] for fact in report["verdict"]["evidence"])


def test_a_level_of_memory_and_a_cpu_load_are_held_at_once(
    plugin: Plugin, pods: Pods, flavour: str
) -> None:
    app = app_on(flavour, pods)

    words = ("--to=60%", "--cpu-load=50%", "--duration=15s", "-o=json")
    report = plugin("mem", app, *words).report

    held = report["memory"]["under_load"]
    assert report["verdict"]["outcome"] == "survived"
    assert held["load_level_state"] == "at"
    assert abs(held["working_set_bytes"] - 0.6 * 96 * (1 << 20)) <= 2 << 20
    assert abs(report["cpu"]["under_load"]["load_millicores"] - 500) <= TOLERANCE
