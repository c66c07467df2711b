"""etcd, API server, controller manager and scheduler, on the host's loopback."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.cluster import certificates, processes
from tests.cluster.api import Api
from tests.cluster.certificates import certificate, key
from tests.cluster.errors import ClusterError
from tests.cluster.machine import HOST_SEEN_BY_GUEST
from tests.cluster.state import State

API_SERVER = "kube-apiserver"
_FIRST = ("etcd", API_SERVER)
COMPONENTS = (*_FIRST, "kube-controller-manager", "kube-scheduler")
READY_SECONDS = 120.0
_SERVICE_RANGE = "10.96.0.0/16"


def start(state: State, programs: Path) -> None:
    """Start the API server with its store; `finish` starts those who wait for it."""
    _spawn(state, programs, _FIRST)


def finish(state: State, programs: Path, api: Api) -> None:
    """Wait for the API server, and have the controllers run.

    The controller manager gives up after 10 s, which the API server may need for itself on a
    machine that is busy.
    """
    deadline = time.monotonic() + READY_SECONDS
    while not api.ready():
        check(state, _FIRST)
        if time.monotonic() > deadline:
            raise failure(state, API_SERVER, "is not ready in time")
        time.sleep(0.1)
    running = processes.find(state.folder)
    _spawn(state, programs, [one for one in COMPONENTS if one not in running])


def _spawn(state: State, programs: Path, components: Sequence[str]) -> None:
    for component, arguments in _arguments(state):
        if component in components:
            argv = [str(programs / component), *arguments]
            processes.spawn(state.folder, component, argv, cwd=state.folder)


def check(state: State, components: Sequence[str] = COMPONENTS) -> None:
    """Raise if a component does not run any more."""
    running = processes.find(state.folder)
    for component in components:
        if component not in running:
            raise failure(state, component, "ended")


def failure(state: State, component: str, what: str) -> ClusterError:
    """Tell what is wrong with a component, with the end of its log."""
    log = processes.log_path(state.folder, component)
    return ClusterError(f"{component} {what}; the end of its log:\n{processes.log_tail(log)}")


def _arguments(state: State) -> Iterator[tuple[str, list[str]]]:
    keys = state.keys
    server = f"--kubeconfig={state.folder}"
    yield "etcd", _etcd(state)
    yield API_SERVER, _api_server(state)
    yield (
        "kube-controller-manager",
        [
            f"{server}/kube-controller-manager.kubeconfig",
            "--use-service-account-credentials",
            f"--service-account-private-key-file={key(keys, certificates.SERVICE_ACCOUNTS)}",
            f"--root-ca-file={certificate(keys, certificates.AUTHORITY)}",
            "--leader-elect=false",
            "--secure-port=0",
        ],
    )
    scheduler = [f"{server}/kube-scheduler.kubeconfig", "--leader-elect=false", "--secure-port=0"]
    yield "kube-scheduler", scheduler


def _etcd(state: State) -> list[str]:
    # Sockets in the cluster's own folder: no port, and no stranger.
    clients, peers = "unix://etcd-client:0", "unix://etcd-peer:0"
    return [
        f"--data-dir={state.folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _api_server(state: State) -> list[str]:
    keys = state.keys
    authority = certificate(keys, certificates.AUTHORITY)
    client, accounts = certificates.KUBELET_CLIENT, certificates.SERVICE_ACCOUNTS
    return [
        "--etcd-servers=unix://etcd-client:0",
        "--bind-address=127.0.0.1",
        f"--secure-port={state.api_port}",
        f"--advertise-address={HOST_SEEN_BY_GUEST}",
        f"--tls-cert-file={certificate(keys, certificates.API_SERVER)}",
        f"--tls-private-key-file={key(keys, certificates.API_SERVER)}",
        f"--client-ca-file={authority}",
        f"--kubelet-certificate-authority={authority}",
        f"--kubelet-client-certificate={certificate(keys, client)}",
        f"--kubelet-client-key={key(keys, client)}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={certificate(keys, accounts)}",
        f"--service-account-signing-key-file={key(keys, accounts)}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={state.folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={_SERVICE_RANGE}",
        "--allow-privileged=true",
        # Alpha: the field is kept, and means nothing but to a kubelet that has the gate too.
        "--feature-gates=ContainerStopSignals=true",
    ]
