"""`make find-limit`: searches of apps whose breaking points are drawn, in each of their kinds."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.cluster import Cluster
from tests.e2e.plugin import Plugin
from tests.e2e.pods import Pods, pod, wait_until
from tests.e2e.searches import (
    LIMIT,
    MARKS,
    MOST_SECONDS,
    MOST_TIME,
    TOLERANCE,
    Breaking,
    Held,
    search,
    search_again,
)
from tests.selection.sample import SEED

RESOLUTION = LIMIT * 2 // 100
# A boundary that the kernel blurs takes up to four more than by default.
MANY_RESTARTS = "--max-restarts=10"
DRAWS = {"v2": 10, "v1": 4}
CASES = [
    (flavour, number, how)
    for flavour, count in DRAWS.items()
    for number, how in zip(range(count), sorted(MARKS) * count, strict=False)
]


@pytest.fixture(autouse=True, scope="module")
def quick_restarts(cluster: Cluster, flavour: str) -> Iterator[None]:
    """Nobody here measures how long the kubelet lets a container wait: 310 s for six restarts."""
    at_most = {"maxContainerRestartPeriod": "1s"}
    cluster.node(flavour).configure_kubelet(crashLoopBackOff=at_most)
    yield
    cluster.node(flavour).configure_kubelet()


@pytest.mark.parametrize(("flavour", "number", "how"), CASES, indirect=["flavour"])
def test_a_breaking_point_is_found_within_the_resolution(
    pods: Pods, plugin: Plugin, flavour: str, number: int, how: str
) -> None:
    breaking = Breaking.drawn(random.Random(f"{SEED} {flavour} {number}"), how)

    searched = search(pods, plugin, breaking, flavour, MANY_RESTARTS)

    print(breaking, searched.found["answer"]["sentence"], len(searched.found["tries"]), "tries")
    searched.refuse_wrong_answer(RESOLUTION)


def test_an_app_that_fails_half_its_tries_is_called_flaky(
    pods: Pods, plugin: Plugin, flavour: str
) -> None:
    searched = search(pods, plugin, Breaking("unready", 20, odds=50), flavour)

    assert searched.done.exit_code == 4
    assert searched.found["answer"]["kind"] == "flaky"
    assert searched.found["recommended_limit_bytes"] is None


def test_a_search_that_is_killed_and_resumed_ends_as_one_that_was_not(
    pods: Pods, plugin: Plugin, flavour: str, tmp_path: Path
) -> None:
    draw, record = random.Random(f"{SEED} killed"), tmp_path / "search.jsonl"
    breaking = Breaking.drawn(draw, "unready")
    pods.create(breaking.manifest(flavour, "app"))
    before = Held.by(pods, "app")
    words = ("find-limit", "app", "--yes", *breaking.words, f"--record={record}")

    with plugin.running(*words) as running:
        running.wait_for(f"try {draw.randrange(2, 8)} of about")
        running.process.kill()
    made = [json.loads(line)["time_ms"] for line in record.read_text().splitlines()[1:]]
    most = before.anon_bytes + TOLERANCE
    wait_until("the load is gone", lambda: pods.memory("app").anon_bytes() <= most, seconds=120)
    resumed = search_again(pods, plugin, breaking, f"--resume={record}", before=before)
    whole = search_again(pods, plugin, breaking)

    assert made
    assert [one["time_ms"] for one in resumed.found["tries"]][: len(made)] == made
    resumed.refuse_wrong_answer(RESOLUTION)
    whole.refuse_wrong_answer(RESOLUTION)
    held = [one.anon_bytes for one in (before, resumed.after, whole.before, whole.after)]
    moved = max(held) - min(held)
    for key in ("survived_bytes", "failed_bytes"):
        apart = abs(resumed.found["answer"][key] - whole.found["answer"][key])
        assert apart <= RESOLUTION + moved, (resumed, whole)


def test_the_recommended_limit_is_one_that_the_app_can_live_with(
    pods: Pods, plugin: Plugin, flavour: str
) -> None:
    searched = search(pods, plugin, Breaking("oom", 90), flavour, MANY_RESTARTS)

    assert searched.found["patches"], searched.done.stderr
    patch = searched.found["patches"][0]["patch"]
    pods.kubectl("patch", "pod", "app", "--subresource=resize", "-p", json.dumps(patch))

    took_s = sum(one["took_ms"] for one in searched.found["tries"]) / 1000
    wanted = searched.found["recommended_limit_bytes"]
    wait_until("resized", lambda: pods.memory("app").number(_limit_file(flavour)) == wanted)
    run = plugin("top", "app", f"--duration={min(120, int(took_s))}s", "-o", "json")
    status = pods.status("app")
    assert run.exit_code == 0, run.stderr
    known = (True, searched.found["restarts"])
    assert (status["ready"], status["restartCount"]) == known, (status, searched.done.stderr)


# The load that throttling begins to hurt at is blurred by the bursts of both, and of the readings.
CPU_BLUR = 60


def test_what_an_app_uses_beside_the_highest_load_it_survives_is_its_cpu_limit(
    pods: Pods, plugin: Plugin, flavour: str
) -> None:
    """An app that works evenly: the load begins to throttle it where both fill the quota.

    Its bursts are shorter than the quota of a period, 50 ms, or it is throttled without any load.
    """
    rounds = random.Random(f"{SEED} {flavour} cpu").randrange(200, 700)
    work = f"while :; do i=0; while [ $i -lt {rounds} ]; do i=$((i+1)); done; sleep 0.05; done"
    pods.create(pod(flavour, cpu="500m", command=["sh", "-c", work]))
    used = _used_millicores(pods, seconds=20)

    words = ("--cpu", "--max-throttled=50%", "--resolution=5%", "--level-hold=10s")
    call = ("find-limit", "app", "--yes", "-o", "json", *words, MANY_RESTARTS, MOST_TIME)
    done = plugin(*call, seconds=MOST_SECONDS)

    found, answer = done.report, done.report["answer"]
    print(rounds, used, answer["sentence"], found["arithmetic"])
    assert (answer["kind"], answer["cause"]) == ("found", "throttled"), done.stderr
    assert abs(answer["survived_millicores"] - (500 - used)) <= 25 + CPU_BLUR
    assert abs(found["minimal_limit_millicores"] - used) <= 20 + used / 5
    assert found["recommended_limit_millicores"] % 10 == 0
    assert found["patches"][0]["dry_run"] == "passed"
    assert found["restarts"] == 0


def _used_millicores(pods: Pods, *, seconds: int) -> float:
    """By the kernel's own count of the app's first process and of its children that have ended."""
    counts = []
    for wait in (0, seconds):
        time.sleep(wait)
        words = pods.kubectl("exec", "app", "--", "cat", "/proc/1/stat").split(")")[1].split()
        counts.append((time.monotonic(), sum(map(int, words[11:15]))))
    (began, before), (ended, after) = counts
    return 1_000 * (after - before) / 100 / (ended - began)


def _limit_file(flavour: str) -> str:
    return "memory.max" if flavour == "v2" else "memory.limit_in_bytes"
