"""kubectl and we, given the same files, flags and environment: what each asks of the server."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from kubectl_stress.errors import StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.kube.connection import ConnectionFlags
from kubectl_stress.kube.kubeconfig.load import load_connection
from tests.connection import kubeconfigs
from tests.connection.certificates import Authority
from tests.connection.fake_api_server import FakeApiServer
from tests.connection.kubeconfigs import data


@dataclass(frozen=True)
class Asked:
    """What of a request tells where it went and who asked."""

    port: int
    path: str
    authorization: str
    certificate_name: str
    impersonate: tuple[tuple[str, str], ...]
    sni: str | None


class Oracle:
    """Two API servers, and what kubectl and we ask of them."""

    def __init__(self, folder: Path, authority: Authority, first: FakeApiServer) -> None:
        self.folder, self.ca = folder, data(authority.certificate)
        self.first, self.second = first, first
        self.kubectl = "kubectl"
        self.environ = {"HOME": str(folder), "PATH": os.environ["PATH"]}

    def write(self, user: Mapping[str, object], name: str = "config") -> Path:
        """One context for the first server, with this user, in KUBECONFIG."""
        path = kubeconfigs.write_one(
            self.folder / name, self.first.url, user=user, certificate_authority_data=self.ca
        )
        self.environ["KUBECONFIG"] = str(path)
        return path

    def by_kubectl(self, *flags: str) -> Asked:
        argv = [self.kubectl, "get", "--raw", "/version", *flags]
        done = subprocess.run(argv, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return self._asked()

    def by_us(self, flags: ConnectionFlags) -> Asked:
        with Cluster(load_connection(flags, self.environ), self.environ) as cluster:
            cluster.server_version()
        return self._asked()

    def agree(self, *words: str, **flags: object) -> Asked:
        """What both ask, given the same flags."""
        theirs = self.by_kubectl(*words)
        ours = self.by_us(replace(ConnectionFlags(), **flags))  # type: ignore[arg-type]
        assert ours == theirs
        return ours

    def _asked(self) -> Asked:
        server = self.first if self.first.requests else self.second
        seen, sni = server.requests[-1], server.sni[-1]
        for each in (self.first, self.second):
            each.requests.clear()
        impersonate = sorted(
            (name, value) for name, value in seen.headers if name.startswith("impersonate")
        )
        authorization = seen.header("authorization")
        return Asked(server.port, seen.path, authorization, seen.peer_name, tuple(impersonate), sni)

    def both_refuse(self, *words: str, **flags: object) -> tuple[str, str]:
        """What kubectl says and what we say, neither of us having asked the server."""
        argv = [self.kubectl, "get", "--raw", "/version", *words]
        done = subprocess.run(argv, env=self.environ, capture_output=True, text=True, check=False)
        assert done.returncode != 0, done.stdout
        with pytest.raises(StressError) as refused:
            self.by_us(replace(ConnectionFlags(), **flags))  # type: ignore[arg-type]
        assert "\n" not in str(refused.value)
        assert self.first.requests == []
        return done.stderr, str(refused.value)
