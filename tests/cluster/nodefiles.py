"""What is a node's own: names, keys, the kubelet's configuration and the pods' network."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

from tests.cluster import certificates
from tests.cluster.certificates import certificate, key
from tests.cluster.kubeconfig import kubeconfig
from tests.cluster.machine import HOST_SEEN_BY_GUEST
from tests.cluster.state import FLAVOURS, NodeState, State

OWN = "/node/own"


def write(state: State, node: NodeState, path: Path) -> None:
    """Write them as a tar, which the node has as a disk and unpacks when it starts."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in contents(state, node).items():
            member = tarfile.TarInfo(f"{OWN}/{name}".lstrip("/"))
            member.size, member.mode = len(content), 0o600
            tar.addfile(member, io.BytesIO(content))


def contents(state: State, node: NodeState) -> dict[str, bytes]:
    """Map the names of the node's own files to what is in them."""
    authority = certificate(state.keys, certificates.AUTHORITY).read_bytes()
    server = f"https://{HOST_SEEN_BY_GUEST}:{state.api_port}"
    settings = f"NODE={state.node_name(node.flavour)}\n"
    settings += f"CGROUP={node.cgroup}\nFLAVOUR={node.flavour}\n"
    return {
        "settings": settings.encode(),
        "kubeconfig": kubeconfig(server, authority, {"node": state.tokens[node.flavour]}).encode(),
        "ca.crt": authority,
        "kubelet.crt": certificate(state.keys, certificates.KUBELET).read_bytes(),
        "kubelet.key": key(state.keys, certificates.KUBELET).read_bytes(),
        "kubelet.json": json.dumps(kubelet(node)).encode(),
        "cni/bridge.conflist": json.dumps(_network(node)).encode(),
    }


def kubelet(node: NodeState) -> dict[str, object]:
    """Give the kubelet's configuration."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "port": node.port,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": False},
            "x509": {"clientCAFile": f"{OWN}/ca.crt"},
        },
        "authorization": {"mode": "AlwaysAllow"},
        "tlsCertFile": f"{OWN}/kubelet.crt",
        "tlsPrivateKeyFile": f"{OWN}/kubelet.key",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "runtimeRequestTimeout": "10m",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        # Low, so that a node of 2 GiB is of use, and high enough to see an eviction: the kubelet
        # leaves the kernel's own memory out of its account, some 130 MiB here, and came too late
        # with 100 MiB.
        "evictionHard": {"memory.available": "200Mi", "nodefs.available": "2%"},
        "evictionPressureTransitionPeriod": "30s",
        "serializeImagePulls": False,
        # Nobody answers there, but without it each pod gets a warning.
        "clusterDNS": ["10.96.0.10"],
        "clusterDomain": "cluster.local",
    }


def _network(node: NodeState) -> dict[str, object]:
    subnet = f"10.244.{FLAVOURS.index(node.flavour)}.0/24"
    ipam = {"type": "host-local", "ranges": [[{"subnet": subnet}]]}
    bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": ipam}
    return {"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]}
