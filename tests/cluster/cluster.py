"""A whole cluster: up, down, and what tests and people ask of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.cluster import builds, cache, certificates, controlplane, packages, parts, processes
from tests.cluster import state as states
from tests.cluster.api import Api
from tests.cluster.archives import names_in
from tests.cluster.errors import ClusterError
from tests.cluster.guestshell import NodeSilent
from tests.cluster.kubeconfig import kubeconfig
from tests.cluster.log import say, step
from tests.cluster.machine import HOST_SEEN_BY_GUEST, lay_out
from tests.cluster.node import Node
from tests.cluster.parallel import together
from tests.cluster.paths import clusters_folder
from tests.cluster.state import ADMIN, DEVELOPER, NodeState, State

DEFAULT_NAME = "demo"
DEFAULT_MEMORY_MIB = 2048
# How long a cluster whose processes all run may take to be well again, on a busy machine.
RECOVERY_SECONDS = 20.0


@dataclass(frozen=True)
class Cluster:
    """A cluster that is up."""

    state: State

    @classmethod
    def up(
        cls,
        name: str = DEFAULT_NAME,
        *,
        nodes: Sequence[str] = ("v2",),
        memory_mib: int = DEFAULT_MEMORY_MIB,
        images: Sequence[Path] = (),
    ) -> Cluster:
        """Have a cluster with these nodes and images: the one that is there, or a new one."""
        packages.ensure()
        folder = folder_of(name)
        for archive in images:
            names_in(archive)  # one that is none is found before anything is started
        with _locked(name):
            found = cls._found(folder)
            try:
                cluster = found or cls._begun(folder, nodes)
                cluster._add_nodes(nodes, memory_mib)
                cluster._add_images(images)
            except BaseException:
                if found is None:
                    remove(folder)
                raise
        return cluster

    @classmethod
    def get(cls, name: str = DEFAULT_NAME) -> Cluster:
        """Give a cluster that was brought up before."""
        state = states.load(folder_of(name))
        if state is None:
            raise ClusterError(f'there is no cluster "{name}": bring it up first')
        return cls(state)

    @property
    def api(self) -> Api:
        """The cluster's API server, with all rights."""
        authority = certificates.certificate(self.state.keys, certificates.AUTHORITY)
        return Api(self.state.api_port, authority, self.state.tokens[ADMIN])

    @property
    def kubeconfig_path(self) -> Path:
        """The kubeconfig, with the contexts admin (current) and developer (without rights)."""
        return self.state.kubeconfig

    @property
    def nodes(self) -> list[Node]:
        """All nodes."""
        return [Node(self.state, own, self.api) for own in self.state.nodes.values()]

    def node(self, name: str) -> Node:
        """Give a node by its name or its flavour."""
        for node in self.nodes:
            if name in (node.name, node.own.flavour):
                return node
        raise ClusterError(f'the cluster "{self.state.name}" has no node "{name}"')

    def kubectl(
        self, *arguments: str, stdin: str | None = None, timeout_seconds: float = 330.0
    ) -> subprocess.CompletedProcess[str]:
        """Call kubectl as admin."""
        return subprocess.run(
            [str(builds.kubernetes() / "kubectl"), *arguments],
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig_path)},
            input=stdin if stdin is not None else "",
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
        )

    def whole(self) -> bool:
        """Tell whether all processes of the cluster run."""
        running = processes.find(self.state.folder)
        wanted = [*controlplane.COMPONENTS, *(node.name for node in self.nodes)]
        return all(component in running for component in wanted)

    def healthy(self) -> bool:
        """Tell whether everything of the cluster works, by asking each part."""
        if not self.whole() or not self.api.ready():
            return False
        return all(node.ready() and node.answers() for node in self.nodes)

    def down(self) -> None:
        """Remove the cluster."""
        down(self.state.name)

    @classmethod
    def _found(cls, folder: Path) -> Cluster | None:
        try:
            state = states.load(folder)
        except ClusterError as error:
            say(f"{error}; starting anew")
            return None
        if state is None:
            return None
        cluster = cls(state)
        deadline = time.monotonic() + RECOVERY_SECONDS
        while not cluster.healthy():
            if not cluster.whole() or time.monotonic() > deadline:
                say(f'the cluster "{state.name}" is not healthy: starting it anew')
                return None
            time.sleep(0.5)
        return cluster

    @classmethod
    def _begun(cls, folder: Path, flavours: Sequence[str]) -> Cluster:
        """Start the control plane; whether it is ready is found out while the nodes start."""
        remove(folder)
        parts.prepare(flavours)
        folder.mkdir(mode=0o700, parents=True)
        state = states.new(folder)
        state.save()
        certificates.write(state.keys, HOST_SEEN_BY_GUEST)
        _write_users(state)
        controlplane.start(state, builds.kubernetes())
        return cls(state)

    def _add_nodes(self, flavours: Sequence[str], memory_mib: int) -> None:
        missing = [one for one in dict.fromkeys(flavours) if one not in self.state.nodes]
        if not missing:
            return
        parts.prepare(missing)
        for flavour, port in zip(missing, states.free_ports(len(missing)), strict=True):
            self.state.nodes[flavour] = NodeState(flavour, port, memory_mib)
        self.state.save()
        nodes = [self.node(flavour) for flavour in missing]
        try:
            self._start(nodes)
        except BaseException:
            for node in nodes:
                self._drop(node)
            raise

    def _start(self, nodes: Sequence[Node]) -> None:
        for node in nodes:
            node.folder.mkdir()
            disk = parts.disk(node.own.flavour)
            lay_out(node.folder, disk=disk, kernel=parts.kernel(), initrd=parts.initrd())
            node.start(parts.accelerator())
        with step("waiting for the API server"):
            controlplane.finish(self.state, builds.kubernetes(), self.api)

        def end() -> None:
            for node in nodes:
                node.kill()

        together([partial(self._bring_in, node) for node in nodes], on_failure=end)

    def _drop(self, node: Node) -> None:
        node.kill()
        shutil.rmtree(node.folder, ignore_errors=True)
        del self.state.nodes[node.own.flavour]
        self.state.save()
        with suppress(ClusterError):
            self.api.delete(f"/api/v1/nodes/{node.name}")

    def _bring_in(self, node: Node) -> None:
        with step(f"waiting for node {node.name}"):
            try:
                node.wait_until_importing_works()
                node.load_image(parts.images())
                node.wait_until_ready()
            except NodeSilent as error:
                raise node.failure(f"fell silent: {error}") from error

    def _add_images(self, archives: Sequence[Path]) -> None:
        for archive in archives:
            for node in self.nodes:
                with step(f"loading {archive.name} into {node.name}"):
                    node.load_image(archive)


def down(name: str) -> None:
    """Remove a cluster, or what a crash left of it."""
    with _locked(name):
        remove(folder_of(name))
        _lock_file(name).unlink(missing_ok=True)


def names() -> list[str]:
    """Name the clusters that have a folder."""
    folder = clusters_folder()
    if not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def folder_of(name: str) -> Path:
    """Say where a cluster's folder is."""
    if not re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", name):
        raise ClusterError(
            f'"{name}" cannot name a cluster: use a-z, 0-9 and -, at most 32 letters'
        )
    return clusters_folder() / name


def remove(folder: Path) -> None:
    """End the processes of a cluster and remove its folder."""
    processes.kill_all(folder)
    if folder.exists():
        shutil.rmtree(folder)


@contextmanager
def _locked(name: str) -> Iterator[None]:
    with cache.exclusive(_lock_file(name)):
        yield


def _lock_file(name: str) -> Path:
    return clusters_folder() / f".{name}.lock"


def _write_users(state: State) -> None:
    states.write_private(state.folder / "tokens.csv", state.users_csv())
    authority = certificates.certificate(state.keys, certificates.AUTHORITY).read_bytes()
    server = f"https://127.0.0.1:{state.api_port}"
    people = {user: state.tokens[user] for user in (ADMIN, DEVELOPER)}
    states.write_private(state.kubeconfig, kubeconfig(server, authority, people))
    for component in ("kube-controller-manager", "kube-scheduler"):
        text = kubeconfig(server, authority, {component: state.tokens[component]})
        states.write_private(state.folder / f"{component}.kubeconfig", text)
