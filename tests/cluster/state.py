"""What a cluster is, as written in its folder before any of it is started."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.cluster.errors import ClusterError

# The version of the cgroup file system. The others have v2, "old" a kubelet 1.34, containerd 1.6
# and crun, and "userns" a runc that knows user namespaces.
FLAVOURS = ("v2", "v1", "old", "userns")
ADMIN = "admin"
DEVELOPER = "developer"
_FILE = "cluster.json"
# The user's name in kubeconfig files -> its name and groups for the API server.
_USERS = {
    ADMIN: ("admin", "system:masters"),
    DEVELOPER: ("developer", ""),
    "kube-controller-manager": ("system:kube-controller-manager", ""),
    "kube-scheduler": ("system:kube-scheduler", ""),
}


@dataclass
class NodeState:
    """One node of a flavour."""

    flavour: str
    port: int
    memory_mib: int

    @property
    def cgroup(self) -> str:
        """The version of its cgroup file system: v1 or v2."""
        return "v1" if self.flavour == "v1" else "v2"


@dataclass
class State:
    """One cluster. Its tokens open it, so its folder is for its owner alone."""

    folder: Path
    api_port: int
    tokens: dict[str, str]
    nodes: dict[str, NodeState] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.folder.name

    @property
    def keys(self) -> Path:
        """The folder of keys and certificates."""
        return self.folder / "keys"

    @property
    def kubeconfig(self) -> Path:
        """The kubeconfig for people and tests."""
        return self.folder / "kubeconfig"

    def node_name(self, flavour: str) -> str:
        """Name a node as Kubernetes knows it."""
        return f"{self.name}-{flavour}"

    def node_folder(self, flavour: str) -> Path:
        """The folder of a node's machine."""
        return self.folder / flavour

    def users_csv(self) -> str:
        """Write the API server's list of tokens. It is read once, so it names every node."""
        users = dict(_USERS)
        for flavour in FLAVOURS:
            users[flavour] = (f"system:node:{self.node_name(flavour)}", "system:nodes")
        return "".join(
            f'{self.tokens[user]},{name},{user},"{group}"\n'
            for user, (name, group) in users.items()
        )

    def save(self) -> None:
        """Write the state, whole or not at all."""
        values = asdict(self) | {"folder": str(self.folder)}
        write_private(self.folder / _FILE, json.dumps(values, indent=1))


def new(folder: Path) -> State:
    """Make up a cluster: a free port, and tokens nobody knows."""
    users = (*_USERS, *FLAVOURS)
    return State(folder, free_ports(1)[0], {user: secrets.token_urlsafe(24) for user in users})


def load(folder: Path) -> State | None:
    """Read the state of a cluster, if there is one."""
    try:
        values = json.loads((folder / _FILE).read_text())
        nodes = {name: NodeState(**node) for name, node in values["nodes"].items()}
        return State(folder, values["api_port"], values["tokens"], nodes)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ClusterError(f"{folder / _FILE} is not of this version: {error}") from error


def free_ports(count: int, taken: Iterable[int] = ()) -> list[int]:
    """Find ports that nobody listens on now."""
    avoided = set(taken)
    with ExitStack() as stack:
        ports: list[int] = []
        while len(ports) < count:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            if (port := listener.getsockname()[1]) not in avoided:
                ports.append(port)
        return ports


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    beside.rename(path)
