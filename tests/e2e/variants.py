"""The pods that the plugin meets, as data: what each is, and what each join does with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from tests.cluster.images import BUSYBOX, HELLO
from tests.e2e.images import NAMED, ROOT
from tests.e2e.pods import SHELL_FOREVER, pod

NODES = ("v2", "v1")
ALL_NODES = (*NODES, "old", "userns")
# With every runtime and kubelet that the plugin meets; what differs between them is tried there.
RUNTIMES = (*NODES, "old")
JOINS = ("exec", "cgroup", "pod")
EXEC_ONLY = ("exec",)
WORKS = "works"
_ASLEEP = ["sh", "-c", SHELL_FOREVER]
_DROPPING = ["su", "user", "-s", "/bin/sh", "-c", SHELL_FOREVER]


class Until(Enum):
    """How far a pod comes before it is tried."""

    READY = "ready"
    STARTED = "started"
    MADE = "made"


Pod = dict[str, Any]
Change = Callable[[Pod], None]


@dataclass(frozen=True, eq=False)
class Variant:
    """One kind of target. `ends` maps a join to words of its refusal; all others must work.

    `level` is the Pod Security level of its namespace, `is_must` marks what may never be refused
    by exec, and `until` is what is waited for first.
    """

    name: str
    change: Change
    container: str = "app"
    image: str = BUSYBOX
    level: str = "privileged"
    joins: tuple[str, ...] = EXEC_ONLY
    nodes: tuple[str, ...] = NODES
    ends: Mapping[str, str] = field(default_factory=dict)
    is_must: bool = True
    until: Until = Until.READY

    def manifest(self, flavour: str) -> Pod:
        """The pod, on the node of a cgroup generation."""
        made = pod(flavour, name=f"{self.name}-{flavour}", image=self.image)
        if self.image == HELLO:
            # It answers when it has taken all that it will hold.
            app(made)["readinessProbe"] = {"httpGet": {"path": "/healthz", "port": 8080}}
        else:
            app(made)["command"] = _ASLEEP
        self.change(made)
        return made


def app(made: Pod) -> dict[str, Any]:
    """The container `app` of a manifest."""
    found: dict[str, Any] = made["spec"]["containers"][0]
    return found


def as_it_is(_made: Pod) -> None:
    """As tests/e2e/pods.py makes it: it fits Pod Security "restricted"."""


def user(uid: int | None, gid: int | None = None, *, drop: bool = True) -> Change:
    """Another user, with the runtime's capabilities where they are not dropped."""

    def change(made: Pod) -> None:
        given = {"runAsUser": uid, "runAsGroup": gid}
        made["spec"]["securityContext"] = {k: v for k, v in given.items() if v is not None}
        app(made)["securityContext"] = {"capabilities": {"drop": ["ALL"]}} if drop else {}

    return change


def of_pod(**values: Any) -> Change:
    """Fields of the pod's spec."""

    def change(made: Pod) -> None:
        made["spec"].update(values)

    return change


def of_container(**values: Any) -> Change:
    """Fields of the container."""

    def change(made: Pod) -> None:
        app(made).update(values)

    return change


def dropping(made: Pod) -> None:
    """An entrypoint that starts as root and becomes somebody else, as redis and postgres do."""
    user(None, drop=False)(made)
    app(made)["command"] = _DROPPING


def beside(**values: Any) -> Change:
    """One more container, or one more init container with `restartPolicy`."""

    def change(made: Pod) -> None:
        entry = {**app(made), "name": "side", **values}
        kind = "initContainers" if "restartPolicy" in values else "containers"
        made["spec"].setdefault(kind, []).append(entry)

    return change


def initial(made: Pod) -> None:
    """An init container that runs, and keeps the others waiting."""
    made["spec"]["initContainers"] = [{**app(made), "name": "init"}]


def all_of(*changes: Change) -> Change:
    """Several changes."""

    def change(made: Pod) -> None:
        for one in changes:
            one(made)

    return change


CRUN = {
    "apiVersion": "node.k8s.io/v1",
    "kind": "RuntimeClass",
    "metadata": {"name": "crun"},
    "handler": "crun",
}
_PRIVILEGED_REFUSED = {"cgroup": 'violates PodSecurity "restricted'}
_ONCE: Mapping[str, Any] = {"nodes": ("v2",), "is_must": False}
_OLD: Mapping[str, Any] = {"nodes": ("old",), "is_must": False}
_NAMESPACED = of_pod(hostUsers=False)

VARIANTS = (
    Variant("distroless", as_it_is, image=HELLO, nodes=RUNTIMES),
    Variant("read-only-root", as_it_is, joins=JOINS),
    Variant("restricted", as_it_is, level="restricted", joins=JOINS, ends=_PRIVILEGED_REFUSED),
    Variant("root-with-capabilities", user(0, 0, drop=False), joins=JOINS),
    Variant("root-without-capabilities", user(0, 0)),
    Variant("privileged", all_of(user(0, 0), of_container(securityContext={"privileged": True}))),
    Variant("numeric-user", user(4321)),
    Variant("arbitrary-uid", user(1000680000, 0)),
    Variant("named-user", user(None), image=NAMED, nodes=RUNTIMES),
    Variant("unsaid-user", user(None, drop=False), image=ROOT),
    Variant("dropping-entrypoint", dropping, image=ROOT, joins=JOINS, nodes=RUNTIMES),
    Variant("sidecar", beside(restartPolicy="Always"), container="side"),
    Variant("running-init", initial, container="init", until=Until.STARTED),
    Variant("share-process-namespace", of_pod(shareProcessNamespace=True), joins=JOINS),
    Variant("host-pid", of_pod(hostPID=True), joins=JOINS),
    Variant("host-network", of_pod(hostNetwork=True)),
    Variant("several-containers", beside(), container="side", joins=JOINS),
    Variant("never-restarted", of_pod(restartPolicy="Never")),
    # On the other nodes runc 1.1 knows no user namespaces, and the kubelet never starts such a pod.
    Variant("user-namespace", all_of(user(4321), _NAMESPACED), nodes=("userns",)),
    Variant("user-namespace-root", all_of(user(0, 0), _NAMESPACED), nodes=("userns",)),
    Variant("crun", of_pod(runtimeClassName="crun"), **_OLD),
    Variant("crun-root", all_of(user(0, 0, drop=False), of_pod(runtimeClassName="crun")), **_OLD),
    Variant(
        "crash-loop",
        of_container(command=["sh", "-c", "exit 3"]),
        ends={"exec": "is not running"},
        until=Until.STARTED,
        **_ONCE,
    ),
    Variant(
        "finished",
        all_of(of_pod(restartPolicy="Never"), of_container(command=["true"])),
        ends={"exec": "will not start again"},
        until=Until.STARTED,
        **_ONCE,
    ),
    Variant(
        "pending",
        of_pod(nodeSelector={"kubernetes.io/hostname": "nowhere"}),
        ends={"exec": "pod phase Pending): see kubectl describe pod"},
        until=Until.MADE,
        **_ONCE,
    ),
    Variant(
        "windows",
        of_pod(nodeSelector={"kubernetes.io/os": "windows"}),
        ends={"exec": "runs on windows: only Linux is supported"},
        until=Until.MADE,
        **_ONCE,
    ),
)
