"""One node of a cluster: a QEMU machine with containerd and a kubelet."""

from __future__ import annotations

import hashlib
import json
import signal
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.cluster import certificates, controlplane, guestshell, machine, nodefiles, processes
from tests.cluster.api import Api, ApiConflict, ApiUnavailable
from tests.cluster.archives import names_in
from tests.cluster.certificates import certificate, key
from tests.cluster.errors import ClusterError
from tests.cluster.guestshell import NodeSilent
from tests.cluster.state import NodeState, State

READY_SECONDS = 240.0
CPUS = 2
_LOGS = ("console", "containerd", "kubelet")
_BOOT_ID = "/proc/sys/kernel/random/boot_id"
_UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


@dataclass(frozen=True)
class Node:
    """A node that may be started, spoken to, hurt and mended."""

    state: State
    own: NodeState
    api: Api

    @property
    def name(self) -> str:
        """The node's name in Kubernetes."""
        return self.state.node_name(self.own.flavour)

    @property
    def folder(self) -> Path:
        """Where its machine lives."""
        return self.state.node_folder(self.own.flavour)

    def run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_seconds: float = 60.0
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command as root in the node; a signal N makes its exit code 128 + N."""
        shell = self.folder / machine.SHELL
        return guestshell.run(shell, argv, stdin=stdin, timeout_seconds=timeout_seconds)

    def check_run(
        self, argv: Sequence[str], *, stdin: bytes = b"", timeout_seconds: float = 60.0
    ) -> str:
        """Run a command that must work, and give its output."""
        done = self.run(argv, stdin=stdin, timeout_seconds=timeout_seconds)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise ClusterError(f"{' '.join(argv)} in {self.name}: {done.returncode}: {said}")
        return done.stdout.decode(errors="replace")

    def answers(self) -> bool:
        """Ask whether the machine itself responds."""
        return self._quietly(["true"])

    def read_file(self, path: str) -> str:
        """Read a text file of the node."""
        return self.check_run(["cat", path])

    def dmesg(self) -> str:
        """Give the kernel's messages."""
        return self.check_run(["dmesg"])

    def summary(self) -> dict[str, Any]:
        """Ask the kubelet itself for its summary: the API server passes nothing on to loopback."""
        keys = self.state.keys
        context = ssl.create_default_context(cafile=certificate(keys, certificates.AUTHORITY))
        client = certificates.KUBELET_CLIENT
        context.load_cert_chain(certificate(keys, client), key(keys, client))
        url = f"https://127.0.0.1:{self.own.port}/stats/summary"
        with urllib.request.urlopen(url, context=context, timeout=60) as answer:
            return dict(json.load(answer))

    def start(self, accelerator: machine.Accelerator) -> None:
        """Switch the machine on; its disk is as it was left."""
        nodefiles.write(self.state, self.own, self.folder / machine.OWN)
        shape = machine.Shape(self.own.memory_mib, CPUS, self.own.port)
        logs = {log: f"../logs/{self.name}-{log}.log" for log in _LOGS}
        argv = machine.command(shape, accelerator, logs)
        processes.spawn(self.state.folder, self.name, argv, cwd=self.folder)

    def start_again(self, accelerator: machine.Accelerator) -> None:
        """Switch a killed machine on again and wait until the node is ready."""
        self.start(accelerator)
        self._wait("does not come back", self._is_of_this_boot)
        self.wait_until_ready()

    def kill(self) -> None:
        """Take the machine's power: SIGKILL to QEMU."""
        processes.kill(self.state.folder, self.name)

    def freeze(self) -> None:
        """Stop the machine where it is."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen machine go on."""
        self._signal(signal.SIGCONT)

    def cut(self) -> None:
        """Cut the machine off the network, without a word to anyone."""
        self._control("set_link", name="nic", up=False)

    def mend(self) -> None:
        """Connect the machine to the network again."""
        self._control("set_link", name="nic", up=True)

    def slow_disk(self, reads_per_s: int) -> None:
        """Let the disk do so many reads a second, as disks of clouds do; 0 ends that."""
        others = dict.fromkeys(("bps", "bps_rd", "bps_wr", "iops", "iops_wr"), 0)
        name = {"device": machine.DISK_ID, "iops_rd": reads_per_s}
        self._control("block_set_io_throttle", **name, **others)

    def reboot(self) -> None:
        """Restart the machine and wait until it is ready again."""
        before = self.read_file(_BOOT_ID)
        self.check_run(["sync"])
        self._control("system_reset")
        self._wait("does not restart", lambda: self._boot_id() not in ("", before))
        self._wait("does not come back", self._is_of_this_boot)
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        """Wait until the node is Ready, giving it what a cloud would: its address."""
        self._wait("is not ready in time", self._settled)

    def ready(self) -> bool:
        """Ask whether the node is Ready and can be reached, as of now."""
        node = self.api.find(f"/api/v1/nodes/{self.name}")
        if node is None or _wanting(node):
            return False
        return any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in node["status"].get("conditions", [])
        )

    def load_image(self, archive: Path) -> bool:
        """Import the images of an archive under their names; tell whether they were new."""
        content = archive.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        # Which archive each name came from last; the file is written when the import is done.
        marks = [self.folder / f"image-{quote(name, safe='')}" for name in names_in(archive)]
        if marks and all(mark.exists() and mark.read_text() == digest for mark in marks):
            return False
        self.check_run(
            ["ctr", "--namespace=k8s.io", "images", "import", "-"],
            stdin=content,
            timeout_seconds=300,
        )
        for mark in marks:
            mark.write_text(digest)
        return True

    def wait_until_importing_works(self) -> None:
        """Wait until containerd answers."""
        self._wait("has no containerd in time", lambda: self._quietly(["ctr", "version"]))

    def configure_kubelet(self, **settings: object) -> None:
        """Restart the kubelet with these settings laid over its own; with none as it was."""
        whole = nodefiles.kubelet(self.own) | settings
        path = f"{nodefiles.OWN}/kubelet.json"
        self.check_run(["tee", path], stdin=json.dumps(whole).encode())
        self.check_run(["killall", "-KILL", "kubelet"])
        self._wait("has no kubelet after its restart", self._has_kubelet)

    def trust_registry(self, port: int) -> None:
        """Have images of a plain-http registry on the host's loopback pulled as 10.0.2.2:PORT."""
        host = f"{machine.HOST_SEEN_BY_GUEST}:{port}"
        folder = f"/etc/containerd/certs.d/{host}"
        text = f'server = "http://{host}"\n'
        self.check_run(["mkdir", "-p", folder])
        self.check_run(["tee", f"{folder}/hosts.toml"], stdin=text.encode())

    def failure(self, what: str) -> ClusterError:
        """Tell what is wrong with the node, with the ends of its logs."""
        tails = [f"{self.name} {what}"]
        for log in _LOGS:
            path = processes.log_path(self.state.folder, f"{self.name}-{log}")
            tails.append(f"the end of its {log} log:\n{processes.log_tail(path)}")
        return ClusterError("\n".join(tails))

    def _signal(self, number: signal.Signals) -> None:
        if not processes.send(self.state.folder, self.name, number):
            raise ClusterError(f"the machine of {self.name} does not run")

    def _control(self, action: str, **arguments: object) -> None:
        machine.control(self.folder / machine.CONTROL, action, **arguments)

    def _wait(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not condition():
            if self.name not in processes.find(self.state.folder):
                raise self.failure("ended")
            controlplane.check(self.state)
            if time.monotonic() > deadline:
                raise self.failure(what)
            time.sleep(0.2)

    def _settled(self) -> bool:
        try:
            node = self.api.find(f"/api/v1/nodes/{self.name}")
            if node is not None and _wanting(node):
                self._initialize(node)
            return node is not None and self.ready()
        except (ApiConflict, ApiUnavailable):
            return False

    def _initialize(self, node: dict[str, Any]) -> None:
        path = f"/api/v1/nodes/{self.name}"
        kept = [taint for taint in node["spec"].get("taints", []) if taint["key"] != _UNINITIALIZED]
        # The whole list is replaced, so nobody may have changed it since it was read.
        version = {"resourceVersion": node["metadata"]["resourceVersion"]}
        self.api.patch(path, {"metadata": version, "spec": {"taints": kept}})
        addresses = [
            {"type": "InternalIP", "address": "127.0.0.1"},
            {"type": "Hostname", "address": self.name},
        ]
        self.api.patch(f"{path}/status", {"status": {"addresses": addresses}})

    def _has_kubelet(self) -> bool:
        try:
            return bool(self.summary())
        except OSError:
            return False

    def _boot_id(self) -> str:
        try:
            return self.run(["cat", _BOOT_ID], timeout_seconds=5).stdout.decode()
        except NodeSilent:
            return ""

    def _is_of_this_boot(self) -> bool:
        """Ask whether what the API server shows was said by the node since it last started."""
        node = self.api.get(f"/api/v1/nodes/{self.name}")
        return str(node["status"]["nodeInfo"]["bootID"]) == self._boot_id().strip()

    def _quietly(self, argv: Sequence[str]) -> bool:
        try:
            return self.run(argv, timeout_seconds=5).returncode == 0
        except NodeSilent:
            return False


def _wanting(node: dict[str, Any]) -> bool:
    """Tell whether a node waits for what a cloud would give it."""
    addresses = {entry["type"]: entry["address"] for entry in node["status"].get("addresses", [])}
    taints = {taint["key"] for taint in node["spec"].get("taints", [])}
    return addresses.get("InternalIP") != "127.0.0.1" or _UNINITIALIZED in taints
