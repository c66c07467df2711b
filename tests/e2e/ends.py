"""Ends of a container that look alike from afar: who ended it is in the kubelet's words alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.cluster.images import HELLO, PAUSE
from tests.e2e.cases import Case, shell
from tests.e2e.cases import signalled as signal
from tests.e2e.pods import Pods, holding, pod, wait_until

_CLOSED = {"tcpSocket": {"port": 9}}
_SHORT = ("--size=20Mi", "--duration=60s")
# Where the kubelet has to replace a container first, which a slow node took a minute for.
_PATIENT = ("--size=20Mi", "--duration=4m")
# After so many events of a type, Normal or Warning, the kubelet sends one each 5 minutes of a pod
# (client-go, EventSourceObjectSpamFilter). Killing is Normal, as are the three of a start.
_MOST_EVENTS, _EVENTS_A_START = 25, 3


def ends(flavour: str) -> list[Case]:
    """What can be brought about on every node."""
    return [
        *_by_the_kubelet(flavour),
        *_by_itself(flavour),
        *_for_good(flavour),
        *_resized(flavour),
        *_in_the_pod(flavour),
    ]


def _by_the_kubelet(flavour: str) -> list[Case]:
    told = "exit 143; TERM"
    startup = {**_CLOSED, "periodSeconds": 5, "failureThreshold": 12}
    policy = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    return [
        Case(
            "startup",
            "kubelet-restarted",
            shell(flavour, told, startupProbe=startup),
            ("--size=20Mi", "--duration=120s"),
            words="its startup probe failed",
            is_ready=False,
        ),
        Case(
            "image",
            "kubelet-restarted",
            pod(flavour, image=HELLO),
            _SHORT,
            lambda pods: _kubectl(pods, "set", "image", "pod/app", f"app={PAUSE}"),
            words="its definition was changed",
        ),
        Case(
            "resize-restart",
            "kubelet-restarted",
            shell(flavour, told, resizePolicy=policy),
            _SHORT,
            resized(80),
            words="a resize of it requires a restart",
        ),
        Case(
            "rule",
            "kubelet-restarted",
            _with_rule(flavour),
            _SHORT,
            signal("USR1", "side"),
            words="a restart rule restarts all containers",
        ),
        *_with_many_events(flavour),
    ]


def _with_many_events(flavour: str) -> list[Case]:
    """Liveness kills whose events the kubelet keeps to itself: some, others, and all of them."""
    return [
        Case(
            "flooded",
            "liveness-restarted",
            _sick(flavour, is_unready=True),
            _SHORT,
            signal("USR1"),
            prepare=_until_no_more("Warning"),
            is_ready=False,
        ),
        Case(
            "unsaid",
            "liveness-restarted",
            _crowded(_sick(flavour, is_unready=False)),
            _PATIENT,
            _after_one_more_event(signal("USR1")),
            words="its Killing event did not come",
            prepare=_until_no_more("Normal"),
        ),
        Case(
            "dropped",
            "inconclusive",
            _crowded(_sick(flavour, is_unready=True)),
            _SHORT,
            signal("USR1"),
            words="exit code 143 is a SIGTERM, and nothing says who sent it",
            prepare=_until_no_more("Normal", "Warning"),
            is_ready=False,
        ),
    ]


def _kubectl(pods: Pods, *arguments: str) -> None:
    pods.kubectl(*arguments)


def resized(limit_mib: int) -> Callable[[Pods], None]:
    """Changes the memory limit of the running container."""
    resources = f'{{"limits": {{"memory": "{limit_mib}Mi"}}}}'
    patch = f'{{"spec": {{"containers": [{{"name": "app", "resources": {resources}}}]}}}}'
    return lambda pods: _kubectl(pods, "patch", "pod", "app", "--subresource=resize", "-p", patch)


def _with_rule(flavour: str) -> dict[str, Any]:
    """A target beside a container whose exit with 42 restarts them all."""
    made = shell(flavour, "exit 143; TERM")
    (beside,) = shell(flavour, "exit 42; USR1")["spec"]["containers"]
    codes = {"operator": "In", "values": [42]}
    rule = {"action": "RestartAllContainers", "exitCodes": codes}
    rules = {"restartPolicy": "Never", "restartPolicyRules": [rule]}
    made["spec"]["containers"].append({**beside, "name": "side", **rules})
    return made


def _sick(flavour: str, *, is_unready: bool) -> dict[str, Any]:
    """A pod whose liveness probe fails from SIGUSR1 on, and its readiness probe from the start."""
    is_well = {"exec": {"command": ["test", "!", "-e", "/tmp/sick"]}}
    made = shell(
        flavour,
        "exit 143; TERM",
        "touch /tmp/sick; USR1",
        livenessProbe={**is_well, "periodSeconds": 4, "timeoutSeconds": 10, "failureThreshold": 2},
        volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}],
        **({"readinessProbe": {**_CLOSED, "periodSeconds": 1}} if is_unready else {}),
    )
    made["spec"]["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    return made


def _crowded(made: dict[str, Any]) -> dict[str, Any]:
    """The pod with so many idle containers that their starts use up its Normal events."""
    (idle,) = pod("", command=["sleep", "100000"], limit="8Mi", request="1Mi")["spec"]["containers"]
    count = _MOST_EVENTS // _EVENTS_A_START
    made["spec"]["containers"] += [{**idle, "name": f"idle-{number}"} for number in range(count)]
    return made


def _until_no_more(*types: str) -> Callable[[Pods], None]:
    def prepare(pods: Pods) -> None:
        for kind in types:
            has_all = lambda kind=kind: pods.kubelet_events("app", kind) >= _MOST_EVENTS  # noqa: E731
            wait_until(f"no more events of type {kind}", has_all, seconds=240)

    return prepare


def _after_one_more_event(act: Callable[[Pods], None]) -> Callable[[Pods], None]:
    """The same, once the event that the kubelet has been allowed meanwhile is another one."""

    def disturb(pods: Pods) -> None:
        _kubectl(pods, "set", "image", "pod/app", f"idle-0={PAUSE}")
        wait_until(
            "the idle container is another one",
            lambda: pods.status("app", "idle-0")["restartCount"] > 0,
            seconds=120,
        )
        act(pods)

    return disturb


def _by_itself(flavour: str) -> list[Case]:
    found = []
    for code, words in ((137, "no status, counter or event shows a kill"), (143, "is a SIGTERM")):
        made = shell(flavour, f"exit {code}; USR1")
        case = Case(f"exit-{code}", "inconclusive", made, _SHORT, signal("USR1"), words)
        found.append(case)
    return found


def _for_good(flavour: str) -> list[Case]:
    """Containers that are not started again: app and load share 96 MiB, and the app has more."""
    oom = "group-oom-killed" if flavour == "v2" else "app-oom-killed"
    never = holding(flavour, 56, limit="96Mi")
    never["spec"]["restartPolicy"] = "Never"
    log = "restartPolicy Never: it is not restarted"
    found = [Case("never", oom, never, ("--size=60Mi",), log=log)]
    if flavour == "v2":
        found.append(Case("job", oom, _job(never), ("--size=60Mi",), log=log))
    return found


def _job(made: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "app"},
        "spec": {
            "backoffLimit": 0,
            "template": {"metadata": {"labels": {"app": "app"}}, "spec": made["spec"]},
        },
    }


def _resized(flavour: str) -> list[Case]:
    oom = "group-oom-killed" if flavour == "v2" else "load-oom-killed"
    up = Case(
        "resize-up",
        "survived",
        pod(flavour, limit="96Mi"),
        ("--size=40Mi", "--duration=20s"),
        resized(128),
        log="memory limit resized: 96.0 MiB → 128.0 MiB",
        limit_mib=128,
    )
    down = Case(
        "resize-down",
        "survived",
        pod(flavour, limit="96Mi"),
        ("--size=20Mi", "--duration=20s"),
        resized(64),
        log="memory limit resized: 96.0 MiB → 64.0 MiB",
        limit_mib=64,
    )
    killing = Case(
        "resize-oom",
        oom,
        pod(flavour, limit="96Mi"),
        ("--steps=20Mi", "--step-hold=20s", "--size=70Mi", "--duration=10s"),
        resized(48),
        words="after a resize had lowered it from 96.0 MiB to 48.0 MiB",
    )
    return [up, down, killing]


def _in_the_pod(flavour: str) -> list[Case]:
    is_v2 = flavour == "v2"
    return [
        Case(
            "sibling",
            "group-oom-killed" if is_v2 else "app-oom-killed",
            with_neighbour(flavour),
            ("--size=60Mi", "--duration=40s"),
            words='"neighbour"',
            or_outcome="app-oom-killed",
        ),
        Case(
            "tmpfs",
            "group-oom-killed" if is_v2 else "load-oom-killed",
            _with_tmpfs(flavour),
            ("--size=80Mi", "--after-oom=repeat", "--max-restarts=1"),
            log="the load is not repeated: shmem" if is_v2 else "repeating the load, 1 of",
        ),
    ]


def with_neighbour(flavour: str) -> dict[str, Any]:
    """A target without a limit of its own beside a larger container, under one limit."""
    made = pod(flavour, limit=None, request=None)
    made["spec"]["resources"] = {"limits": {"memory": "96Mi"}, "requests": {"memory": "96Mi"}}
    target = made["spec"]["containers"][0]
    neighbour = holding(flavour, 56, limit="96Mi")["spec"]["containers"][0]
    made["spec"]["containers"] = [target, {**neighbour, "name": "neighbour", "resources": {}}]
    return made


def _with_tmpfs(flavour: str) -> dict[str, Any]:
    """An app that keeps 40 MiB in a volume of memory."""
    work = "[ -e /cache/file ] || dd if=/dev/zero of=/cache/file bs=1M count=40; exec sleep 3600"
    mounts = [{"name": "cache", "mountPath": "/cache"}]
    made = pod(flavour, limit="96Mi", command=["sh", "-c", work], volumeMounts=mounts)
    made["spec"]["volumes"] = [{"name": "cache", "emptyDir": {"medium": "Memory"}}]
    return made


def with_stop_signal(flavour: str) -> dict[str, Any]:
    """An app that ends by a signal which is a fault of its own in others (KEP-4960)."""
    made = shell(flavour, "exit 134; ABRT", lifecycle={"stopSignal": "SIGABRT"})
    made["spec"]["os"] = {"name": "linux"}
    return made


def child_ends(flavour: str) -> list[Case]:
    """A shell that waits for its child and ends with any code: where one process is killed."""
    found = []
    for code in (0, 1, 137):
        work = (
            "mkfifo /dev/shm/pipe; dd if=/dev/zero of=/dev/shm/pipe bs=56M count=1 & child=$!; "
            f"exec 3</dev/shm/pipe; wait $child; exit {code}"
        )
        made = pod(flavour, limit="96Mi", command=["sh", "-c", work])
        words = f"then the container ended with exit code {code}"
        found.append(Case(f"child-{code}", "app-oom-killed", made, ("--size=60Mi",), words=words))
    return found
