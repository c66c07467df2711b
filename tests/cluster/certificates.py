"""The keys of a cluster: one authority, and what it vouches for."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.cluster.errors import ClusterError
from tests.cluster.packages import command_path

AUTHORITY = "ca"
API_SERVER = "kube-apiserver"
KUBELET_CLIENT = "kube-apiserver-kubelet-client"
KUBELET = "kubelet"
SERVICE_ACCOUNTS = "service-accounts"
API_SERVICE_IP = "10.96.0.1"

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
_API_NAMES = "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"


def write(folder: Path, host_seen_by_nodes: str) -> None:
    """Write all keys and certificates into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    _request(folder, AUTHORITY, "/CN=kubectl-stress", ["keyUsage=critical,keyCertSign"], ca=None)
    addresses = f"IP:127.0.0.1,IP:{host_seen_by_nodes},IP:{API_SERVICE_IP}"
    _server(folder, API_SERVER, f"{addresses},{_API_NAMES}")
    # All nodes are reached through ports on the host's loopback, so one certificate serves them.
    _server(folder, KUBELET, "IP:127.0.0.1")
    subject = f"/O=system:masters/CN={KUBELET_CLIENT}"
    _request(folder, KUBELET_CLIENT, subject, ["extendedKeyUsage=clientAuth"], ca=AUTHORITY)
    _request(folder, SERVICE_ACCOUNTS, "/CN=service-accounts", [], ca=AUTHORITY)


def certificate(folder: Path, name: str) -> Path:
    """Say where a certificate is."""
    return folder / f"{name}.crt"


def key(folder: Path, name: str) -> Path:
    """Say where a private key is."""
    return folder / f"{name}.key"


def _server(folder: Path, name: str, names: str) -> None:
    extensions = [f"subjectAltName={names}", "extendedKeyUsage=serverAuth"]
    _request(folder, name, f"/CN={name}", extensions, ca=AUTHORITY)


def _request(
    folder: Path, name: str, subject: str, extensions: list[str], *, ca: str | None
) -> None:
    argv = [command_path("openssl"), "req", "-x509", *_NEW_KEY, "-subj", subject]
    argv += ["-keyout", str(key(folder, name)), "-out", str(certificate(folder, name))]
    if ca:
        argv += ["-CA", str(certificate(folder, ca)), "-CAkey", str(key(folder, ca))]
        argv += ["-addext", "basicConstraints=critical,CA:FALSE"]
    for extension in extensions:
        argv += ["-addext", extension]
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise ClusterError(f"openssl cannot make the key of {name}:\n{done.stderr.strip()}")
