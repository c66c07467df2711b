"""A cluster of a few pods in memory, with the methods of the real one.

It derives from the real class, so that mypy holds every signature to it; a method that is not
played here fails at once, since the real constructor never ran.
"""
# ruff: noqa: ARG002 - the arguments are those of the real methods

import copy
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubectl_stress.errors import Forbidden, NotFound, StressError
from kubectl_stress.kube.cluster import WATCH_SECONDS, Cluster
from kubectl_stress.kube.exec.stream import ExecStream
from kubectl_stress.kube.watch import Object, Watch
from kubectl_stress.preflight.permissions import role
from tests.builders.agent_lines import reading
from tests.fakes.stream import FakeStream, wait_until_done

Seen = tuple[str, Object]
# The ClusterRole system:basic-user, which every user has.
_BASIC_USER = [
    {"verbs": ["create"], "apiGroups": [group], "resources": reviews}
    for group, reviews in (
        ("authorization.k8s.io", ["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
        ("authentication.k8s.io", ["selfsubjectreviews"]),
    )
]


class FakeWatch(Watch):
    """One of the watches that read, one after another, what the test puts into `seen`."""

    def __init__(self, seen: "queue.Queue[Seen | StressError | FakeWatch]") -> None:
        self._seen = seen
        self._has_given = self._is_closed = False

    def __next__(self) -> Seen:
        if self._has_given:
            self._has_given = False
            self._seen.task_done()
        while not self._is_closed:
            seen = self._seen.get()
            if isinstance(seen, tuple):
                self._has_given = True
                return seen
            self._seen.task_done()
            if isinstance(seen, StressError):
                raise seen
        raise StopIteration

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        self._is_closed = True
        self._seen.put(self)  # wakes whoever reads; another watch passes it over


class HolderWatch(Watch):
    """Shows a pod in the next state of its holders each 250 ms, until its time is over."""

    def __init__(self, show: Callable[[], Object], idle: Callable[[float], None], s: int) -> None:
        self._show, self._idle, self._left_s = show, idle, float(s)

    def __next__(self) -> Seen:
        if self._left_s <= 0:
            raise StopIteration
        self._idle(0.25)
        self._left_s -= 0.25
        return "MODIFIED", self._show()

    def close(self) -> None:
        pass


class FakeCluster(Cluster):
    """`asked` tells each call in order; the other attributes say how the cluster behaves."""

    def __init__(self, *pods: Object, namespace: str = "default") -> None:
        self.pods = {pod["metadata"]["name"]: pod for pod in pods}
        self.owners: dict[tuple[str, str], Object] = {}
        self.objects: dict[str, list[Object]] = {}
        self.events: Callable[[], list[Object]] = list
        self.denied: dict[str, str] = {}
        self.lists_all_rules = True
        self.reviews: list[str] = []  # what was asked of the user's own rights
        self.user: str | StressError = "ann"
        self.user_of_file = "ann-of-the-file"
        self.errors: dict[str, list[StressError]] = {}
        self.holder_states: list[Object] = [{"running": {}}]
        self.idle: Callable[[float], None] = lambda _seconds: None  # while a holder starts
        self.readings: list[FakeStream | StressError] = []
        self.logs: dict[str, bytes] = {}  # of holders by their pods; no other may be read
        self.answers: list[Callable[[], FakeStream]] = []  # to who attaches; nobody may without
        self.load = FakeStream()
        self.asked: list[str] = []
        self.created_pods: list[Object] = []
        self.deleted_pods: list[tuple[str, str, int]] = []
        self.starts: Callable[[Object], Object] = _started
        self.created_events: list[Mapping[str, Any]] = []
        self.added: list[Mapping[str, Any]] = []
        self.tried: list[tuple[str, str, Mapping[str, Any]]] = []
        self.execs: list[tuple[str, list[str]]] = []
        self.attached: list[str] = []
        self.before_exec: Callable[[str], None] = lambda _container: None
        self._namespace = namespace
        self._seen: dict[str, queue.Queue[Seen | StressError | FakeWatch]] = {
            "pods": queue.Queue(),
            "events": queue.Queue(),
        }
        self._first_watched: dict[str, str] = {}
        # Of a pod that joins a run later; what is shown of it is for both.
        self._others: list[tuple[FakeWatch, queue.Queue[Seen | StressError | FakeWatch], str]] = []
        self._watched = {kind: threading.Event() for kind in self._seen}

    # What the test does

    def change_pod(self, pod: Object) -> None:
        """The pod is another one now, and the watcher has seen it."""
        self.pods[pod["metadata"]["name"]] = pod
        self._show("pods", ("MODIFIED", pod))

    def lose_pod(self, name: str) -> None:
        self._show("pods", ("DELETED", self.pods.pop(name)))

    def show_event(self, reason: str, message: str) -> None:
        self._show("events", ("ADDED", {"reason": reason, "message": message}))

    def show_bookmark(self) -> None:
        """As the API server sends it each minute: a version to watch on from, and no pod."""
        bookmark = {"kind": "Pod", "metadata": {"resourceVersion": "9", "creationTimestamp": None}}
        self._show("pods", ("BOOKMARK", bookmark))

    def break_watch(self, error: StressError, kind: str = "pods") -> None:
        """The watch on pods, or on events, breaks off; the next one goes on."""
        self._show(kind, error)

    def _show(self, kind: str, seen: Seen | StressError) -> None:
        """Return once the watchers are done with it."""
        others = [
            queue
            for watch, queue, name in self._others
            if kind == "pods" and not watch.is_closed and name == _name_of(seen)
        ]
        for waiting in (self._seen[kind], *others):
            waiting.put(seen)
            wait_until_done(waiting)

    def wait_until_watched(self, timeout_seconds: float = 10) -> None:
        for kind, watched in self._watched.items():
            assert watched.wait(timeout_seconds), f"nobody watches {kind}"

    # What the product asks

    @property
    def namespace(self) -> str:
        return self._namespace

    @property
    def configured_user(self) -> str:
        return self.user_of_file

    def user_name(self) -> str:
        if isinstance(self.user, StressError):
            raise self.user
        return self.user

    def get_pod(self, namespace: str, name: str) -> Object:
        self._ask(f"get pods {name}")
        if name not in self.pods or self.pods[name]["metadata"]["namespace"] != namespace:
            raise NotFound(f'pod "{name}" not found in namespace "{namespace}"')
        return self._pod(name)

    def _pod(self, name: str) -> Object:
        pod = copy.deepcopy(self.pods[name])
        for entry in self._added_statuses():
            pod["spec"].setdefault("ephemeralContainers", []).append(entry["spec"])
            statuses = pod["status"].setdefault("ephemeralContainerStatuses", [])
            statuses.append(entry["status"])
        return pod

    def _added_statuses(self) -> list[Object]:
        """The holders that were added, each in the next of its states."""
        if not self.added:
            return []
        state = self.holder_states[0]
        if len(self.holder_states) > 1:
            del self.holder_states[0]
        return [
            {"spec": dict(spec), "status": {"name": spec["name"], "state": state}}
            for spec in self.added
        ]

    def list_pods(
        self, namespace: str | None, label_selector: str = "", field_selector: str = ""
    ) -> Object:
        self._ask(f"list pods {label_selector or field_selector}")
        name = field_selector.removeprefix("metadata.name=")
        found = [pod for key, pod in self.pods.items() if not field_selector or key == name]
        return {"metadata": {"resourceVersion": "7"}, "items": copy.deepcopy(found)}

    def list_events(self, namespace: str | None, field_selector: str = "") -> Object:
        self._ask(f"list events {field_selector}")
        return {"metadata": {"resourceVersion": "7"}, "items": self.events()}

    def get_object(self, prefix: str, plural: str, namespace: str, name: str) -> Object:
        self._ask(f"get {plural} {name}")
        if (plural, name) not in self.owners:
            raise NotFound(f'{plural} "{name}" not found in namespace "{namespace}"')
        return copy.deepcopy(self.owners[plural, name])

    def list_objects(self, prefix: str, plural: str, namespace: str) -> Object:
        self._ask(f"list {plural}")
        if plural not in self.objects:
            raise NotFound(f"the API server knows no {prefix}/{plural}")
        return {"items": copy.deepcopy(self.objects[plural])}

    def add_ephemeral_container(
        self, namespace: str, pod_name: str, container: Mapping[str, Any], *, dry_run: bool = False
    ) -> Object:
        self._ask("try ephemeral container" if dry_run else "add ephemeral container")
        if not dry_run:
            self.added.append(container)
        return copy.deepcopy(self.pods[pod_name])

    def create_event(self, event: Mapping[str, Any]) -> Object:
        self._ask("create event")
        self.created_events.append(event)
        return dict(event)

    def create_pod(self, pod: Mapping[str, Any], *, dry_run: bool = False) -> Object:
        self._ask("try pod" if dry_run else "create pod")
        if not dry_run:
            self.created_pods.append(dict(pod))
            self.pods[pod["metadata"]["name"]] = self.starts(copy.deepcopy(dict(pod)))
        return dict(pod)

    def delete_pod(self, namespace: str, name: str, *, uid: str, grace_s: int) -> None:
        self._ask(f"delete pods {name}")
        assert self.pods.pop(name)["metadata"]["uid"] == uid
        self.deleted_pods.append((namespace, name, grace_s))

    def try_patch(
        self,
        prefix: str,
        plural: str,
        namespace: str,
        name: str,
        body: Mapping[str, Any],
        *,
        subresource: str = "",
    ) -> Object:
        self._ask(f"try patch {plural}")
        self.tried.append((plural, subresource, body))
        return {}

    def can_i(
        self,
        verb: str,
        resource: str,
        *,
        namespace: str,
        subresource: str = "",
        group: str = "",
        name: str = "",
    ) -> tuple[bool, str]:
        full = f"{resource}/{subresource}" if subresource else resource
        words = f"{verb} {full}" + (f".{group}" if group else "")
        self.reviews.append(words)
        return words not in self.denied, self.denied.get(words, "")

    def rules(self, namespace: str) -> Object:
        """As the API server lists them of a user who has the printed Role and nothing else."""
        self.reviews.append(f"rules {namespace}")
        for error in self.errors.get("rules", []):
            raise error
        rules = copy.deepcopy(role(namespace, with_port_forward=True)["rules"])
        for rule in rules:
            (group,), (resource,) = rule["apiGroups"], rule["resources"]
            of_kind = resource + (f".{group}" if group else "")
            rule["verbs"] = [v for v in rule["verbs"] if f"{v} {of_kind}" not in self.denied]
        return {
            "resourceRules": [*_BASIC_USER, *(rule for rule in rules if rule["verbs"])],
            "nonResourceRules": [],
            "incomplete": not self.lists_all_rules,
        }

    def watch(
        self,
        kind: str,
        namespace: str,
        *,
        field_selector: str = "",
        label_selector: str = "",
        resource_version: str = "",
        timeout_seconds: int = WATCH_SECONDS,
    ) -> Watch:
        if timeout_seconds < WATCH_SECONDS:
            name = field_selector.removeprefix("metadata.name=")
            return HolderWatch(lambda: self._pod(name), self.idle, timeout_seconds)
        self._watched[kind].set()
        self._ask(f"watch {kind} {field_selector}")
        first = self._first_watched.setdefault(kind, field_selector)
        if field_selector == first:
            return FakeWatch(self._seen[kind])
        own: queue.Queue[Seen | StressError | FakeWatch] = queue.Queue()
        watch = FakeWatch(own)
        self._others.append((watch, own, field_selector.removeprefix("metadata.name=")))
        return watch

    def exec(
        self,
        namespace: str,
        pod: str,
        container: str,
        command: Sequence[str],
        *,
        stdin: bool = True,
    ) -> ExecStream:
        self.before_exec(container)
        self._ask(f"exec {container}")
        self.execs.append((container, list(command)))
        if "run" in command:
            return self.load_of(pod)
        found = self.readings.pop(0) if self.readings else FakeStream().says(reading()).ends(0)
        if isinstance(found, StressError):
            raise found
        return found

    def attach(self, namespace: str, pod: str, container: str) -> ExecStream:
        if not self.answers:
            raise forbidden("create pods/attach")
        self.attached.append(container)
        return self.answers.pop(0)()

    def get_log(self, namespace: str, pod: str, container: str, *, most_bytes: int) -> bytes:
        self._ask(f"log {pod}")
        if pod not in self.logs:
            raise forbidden("get pods/log")
        return self.logs[pod][:most_bytes]

    def load_of(self, pod_name: str) -> FakeStream:
        """The load in this pod: one after another for all of them."""
        self.load = FakeStream() if self.load.ended else self.load
        return self.load

    def _ask(self, words: str) -> None:
        """Keep what was asked; raise what the test wants this call to fail with."""
        self.asked.append(words)
        verb_and_kind = " ".join(words.split()[:2])
        errors = self.errors.get(words) or self.errors.get(verb_and_kind) or []
        if errors:
            self._watched.get(words.split()[1], threading.Event()).set()  # it will not be watched
            raise errors.pop(0)


def _name_of(seen: Seen | StressError) -> str:
    return "" if isinstance(seen, StressError) else str(seen[1]["metadata"].get("name", ""))


def _started(pod: Object) -> Object:
    """As its kubelet shows it once it runs and is ready."""
    pod["metadata"]["uid"] = f"uid-of-{pod['metadata']['name']}"
    pod["spec"]["nodeName"] = "node-2"
    pod["status"] = {
        "phase": "Running",
        "qosClass": "Burstable",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {
                "name": container["name"],
                "containerID": f"containerd://copy-{container['name']}-1",
                "restartCount": 0,
                "ready": True,
                "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
                "user": {"linux": {"uid": 1000, "gid": 1000}},
            }
            for container in pod["spec"]["containers"]
        ],
    }
    return pod


def forbidden(words: str) -> Forbidden:
    verb, resource = words.split()
    return Forbidden(f'user "me" may not {words}', verb=verb, resource=resource)
