"""Pods of a test's own namespace, and what the node itself says of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.cluster import Cluster
from tests.cluster.images import BUSYBOX, HELLO

FLAVOUR = "kubectl-stress.dev/flavour"
SHELL_FOREVER = 'trap "exit 0" TERM INT; while true; do sleep 3600 & wait; done'


@dataclass(frozen=True)
class Pods:
    """Makes pods in `namespace` and looks at them, by the API and on their node."""

    cluster: Cluster
    namespace: str

    def __post_init__(self) -> None:
        self.kubectl("create", "namespace", self.namespace, namespaced=False)

    def remove(self) -> None:
        """Remove the namespace, without waiting for its end."""
        arguments = ("delete", "namespace", self.namespace, "--wait=false")
        self.kubectl(*arguments, namespaced=False)

    def kubectl(self, *arguments: str, stdin: str | None = None, namespaced: bool = True) -> str:
        """Call kubectl as administrator; it must work."""
        where = ("-n", self.namespace) if namespaced else ()
        done = self.cluster.kubectl(*where, *arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def enforce(self, level: str) -> None:
        """Have Pod Security enforced in the namespace."""
        label = f"pod-security.kubernetes.io/enforce={level}"
        self.kubectl("label", "namespace", self.namespace, label, namespaced=False)

    def create(self, manifest: Mapping[str, Any]) -> None:
        """Apply a manifest and wait until its pod is Ready."""
        self.apply(manifest)
        name = manifest["metadata"]["name"]
        if manifest["kind"] == "Pod":
            self.wait_until_ready(name)
        else:
            kind = manifest["kind"].lower()
            self.kubectl("rollout", "status", f"{kind}/{name}", "--timeout=300s")

    def apply(self, manifest: Mapping[str, Any]) -> None:
        """Apply a manifest."""
        self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def wait_until_ready(self, name: str) -> None:
        """Wait for a pod."""
        self.kubectl("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=300s")

    def is_ready(self, name: str) -> bool:
        """Whether the pod is Ready now."""
        conditions = self.get(name)["status"].get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def await_start(self, name: str, container: str) -> None:
        """Wait until a container has started at least once."""

        def has_started() -> bool:
            status = self.get(name)["status"]
            kinds = ("containerStatuses", "initContainerStatuses")
            entries = [entry for kind in kinds for entry in status.get(kind, [])]
            return any(entry["name"] == container and entry.get("containerID") for entry in entries)

        wait_until(f"{name} has started", has_started, seconds=400)

    def get(self, name: str) -> dict[str, Any]:
        """The pod as the API server shows it."""
        found: dict[str, Any] = json.loads(self.kubectl("get", "pod", name, "-o", "json"))
        return found

    def name_of(self, app: str) -> str:
        """The name of the one pod with the label `app`."""
        words = self.kubectl("get", "pod", "-l", f"app={app}", "-o", "name").split()
        assert len(words) == 1, words
        return words[0].removeprefix("pod/")

    def status(self, name: str, container: str = "app") -> dict[str, Any]:
        """The status of one container."""
        found = self.get(name)["status"]["containerStatuses"]
        return next(dict(entry) for entry in found if entry["name"] == container)

    def kubelet_events(self, name: str, kind: str) -> int:
        """How many events of a type the kubelet has sent of a pod."""
        selector = f"--field-selector=involvedObject.name={name}"
        found = json.loads(self.kubectl("get", "events", selector, "-o", "json"))["items"]
        return sum(
            one.get("count") or 1
            for one in found
            if one["source"].get("component") == "kubelet" and one["type"] == kind
        )

    def holders(self, name: str) -> list[str]:
        """The names of the pod's ephemeral containers."""
        entries = self.get(name)["spec"].get("ephemeralContainers", [])
        return [entry["name"] for entry in entries]

    def summary(self, name: str) -> dict[str, Any]:
        """The memory of the container `app` as the kubelet's summary API has it; empty before."""
        node = self.cluster.node(self.get(name)["spec"]["nodeName"])
        mine = {"name": name, "namespace": self.namespace}.items()
        for entry in node.summary()["pods"]:
            if mine <= entry["podRef"].items():
                containers = {one["name"]: one for one in entry.get("containers", [])}
                return dict(containers.get("app", {}).get("memory") or {})
        return {}

    def memory(self, name: str, container: str = "app") -> NodeMemory:
        """The container's cgroup, read on the node."""
        pod = self.get(name)
        container_id = self.status(name, container)["containerID"].partition("://")[2]
        return NodeMemory(self.cluster, pod["spec"]["nodeName"], pod_folder(pod), container_id)


@dataclass(frozen=True)
class NodeProcess:
    """What the node's /proc says of a process."""

    oom_score_adj: int
    rss_bytes: int


@dataclass(frozen=True)
class NodeMemory:
    """The memory files of a container's cgroup and of its pod's, as root on the node."""

    cluster: Cluster
    node: str
    pod_folder: str
    container_id: str

    @property
    def is_v2(self) -> bool:
        """Whether the node has cgroup v2."""
        return self.cluster.node(self.node).own.cgroup == "v2"

    def _folder(self) -> str:
        root = "/sys/fs/cgroup" if self.is_v2 else "/sys/fs/cgroup/memory"
        return f"{root}/{self.pod_folder}"

    def write(self, file: str, text: str) -> None:
        """Write one of the container's memory files."""
        path = f"{self._folder()}/{self.container_id}/{file}"
        self.cluster.node(self.node).check_run(["tee", path], stdin=text.encode())

    def number(self, file: str) -> int:
        """One of the container's memory files with a number in it; -1 where it says max."""
        path = f"{self._folder()}/{self.container_id}/{file}"
        text = self.cluster.node(self.node).read_file(path).strip()
        return -1 if text == "max" else int(text)

    def first_process(self) -> NodeProcess:
        """The container's first process, read on the node."""
        procs = f"{self._folder()}/{self.container_id}/cgroup.procs"
        script = f'cd "/proc/$(head -n 1 {procs})" && cat oom_score_adj && grep VmRSS: status'
        adjustment, rss = self.cluster.node(self.node).check_run(["sh", "-c", script]).splitlines()
        return NodeProcess(int(adjustment), int(rss.split()[1]) * 1024)

    def stat(self) -> dict[str, int]:
        """memory.stat of the container."""
        return self._table(f"{self._folder()}/{self.container_id}/memory.stat")

    def anon_bytes(self) -> int:
        """Anonymous memory of the container: the load's, too."""
        return self.stat()["anon" if self.is_v2 else "total_rss"]

    def app_anon_bytes(self) -> int:
        """Anonymous memory of the container's first process, exact and as of now."""
        first = f"$(head -n 1 {self._folder()}/{self.container_id}/cgroup.procs)"
        rollup = self.cluster.node(self.node).check_run(
            ["sh", "-c", f"cat /proc/{first}/smaps_rollup"]
        )
        line = next(line for line in rollup.splitlines() if line.startswith("Anonymous:"))
        return int(line.split()[1]) * 1024

    def kernel_bytes(self) -> int:
        """Kernel memory charged to the container."""
        if self.is_v2:
            return self.stat()["kernel"]
        path = f"{self._folder()}/{self.container_id}/memory.kmem.usage_in_bytes"
        return int(self.cluster.node(self.node).read_file(path))

    def usage_bytes(self) -> int:
        """The container's usage."""
        file = "memory.current" if self.is_v2 else "memory.usage_in_bytes"
        path = f"{self._folder()}/{self.container_id}/{file}"
        return int(self.cluster.node(self.node).read_file(path))

    def working_set_bytes(self) -> int:
        """The container's usage without inactive page cache, as the kubelet counts it."""
        key = "inactive_file" if self.is_v2 else "total_inactive_file"
        return max(0, self.usage_bytes() - self.stat()[key])

    def pod_events(self) -> dict[str, int]:
        """The pod's OOM counters: a killed container's own cgroup is gone, the pod's stays."""
        file = "memory.events" if self.is_v2 else "memory.oom_control"
        return self._table(f"{self._folder()}/{file}")

    def container_events(self) -> dict[str, int]:
        """The container's own OOM counters, while its cgroup is there."""
        file = "memory.events" if self.is_v2 else "memory.oom_control"
        return self._table(f"{self._folder()}/{self.container_id}/{file}")

    def oom_kills(self) -> int:
        """OOM kills in the container's own cgroup, while it is there."""
        return self.container_events()["oom_kill"]

    def signal_app(self, name: str) -> None:
        """Send a signal to the container's first process, as root on the node."""
        first = f"$(head -n 1 {self._folder()}/{self.container_id}/cgroup.procs)"
        self.cluster.node(self.node).check_run(["sh", "-c", f"kill -{name} {first}"])

    def set_high(self, high_bytes: int) -> None:
        """Set memory.high, as a kubelet with MemoryQoS would."""
        path = f"{self._folder()}/{self.container_id}/memory.high"
        self.cluster.node(self.node).check_run(["sh", "-c", f"echo {high_bytes} > {path}"])

    def dmesg(self) -> str:
        """The node's kernel messages."""
        return self.cluster.node(self.node).dmesg()

    def commands(self) -> list[str]:
        """The command lines in the container's cgroup."""
        return [line.partition(" ")[2] for line in self.processes().splitlines()]

    def processes(self) -> str:
        """The PIDs in the container's cgroup, as the node counts them, with their command lines."""
        procs = f"{self._folder()}/{self.container_id}/cgroup.procs"
        each = 'printf "%s " $p; tr "\\0" " " </proc/$p/cmdline; echo'
        script = f"for p in $(cat {procs}); do {each}; done"
        return self.cluster.node(self.node).check_run(["sh", "-c", script])

    def _table(self, path: str) -> dict[str, int]:
        lines = self.cluster.node(self.node).read_file(path).splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}


def pod_folder(pod: Mapping[str, Any]) -> str:
    """The pod's cgroup below the controller's root (cgroupfs driver)."""
    qos = pod["status"]["qosClass"]
    middle = "" if qos == "Guaranteed" else f"{qos.lower()}/"
    return f"kubepods/{middle}pod{pod['metadata']['uid']}"


def wait_until(what: str, condition: Any, *, seconds: float = 60) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.2)


def pod(
    flavour: str,
    *,
    name: str = "app",
    image: str = BUSYBOX,
    limit: str | None = "64Mi",
    request: str | None = "16Mi",
    command: list[str] | None = None,
    cpu: str | None = None,
    **container: Any,
) -> dict[str, Any]:
    """A pod with one container `app` on the node of a cgroup generation; fits "restricted"."""
    resources: dict[str, dict[str, str]] = {}
    if limit:
        resources["limits"] = {"memory": limit}
    if request:
        resources["requests"] = {"memory": request}
    if cpu:
        resources.setdefault("limits", {})["cpu"] = cpu
        resources.setdefault("requests", {})["cpu"] = "50m"
    app = {
        "name": "app",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "resources": resources,
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        **({"command": command or ["sh", "-c", SHELL_FOREVER]} if image == BUSYBOX else {}),
        **container,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "nodeSelector": {FLAVOUR: flavour},
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "runAsGroup": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [app],
        },
    }


def holding(flavour: str, held_mib: int, *, limit: str) -> dict[str, Any]:
    """The demo app as a pod that holds so much memory for good."""
    environment = [{"name": "HELD_MIB", "value": str(held_mib)}]
    return pod(flavour, image=HELLO, limit=limit, env=environment)


def looking_up(flavour: str, *, index_mib: int = 32, **probes: Any) -> dict[str, Any]:
    """The demo app as a pod with an index on disk, whose /lookup needs the page cache."""
    environment = [{"name": "INDEX_MIB", "value": str(index_mib)}]
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]
    # It listens when its index is written.
    healthy = {"httpGet": {"path": "/healthz", "port": 8080}}
    started = {**healthy, "periodSeconds": 1, "failureThreshold": 120}
    container = {"env": environment, "volumeMounts": mounts, "startupProbe": started, **probes}
    made = pod(flavour, image=HELLO, limit="128Mi", **container)
    made["spec"]["volumes"] = [{"name": "tmp", "emptyDir": {}}]
    return made


def lookup_probe(**values: int) -> dict[str, Any]:
    """A probe that needs the page cache."""
    return {"httpGet": {"path": "/lookup", "port": 8080}, **values}


def hello(
    flavour: str, *, name: str = "hello", limit: str = "128Mi", request: str = "64Mi"
) -> dict[str, Any]:
    """The demo app as a Deployment of one replica, with its probes."""
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2, "timeoutSeconds": 2}
    template = pod(
        flavour,
        name=name,
        image=HELLO,
        limit=limit,
        request=request,
        livenessProbe={**probe, "periodSeconds": 5},
        readinessProbe=probe,
    )
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": template["spec"]},
        },
    }
