import socket
from pathlib import Path

import pytest

from tests.cluster import cluster, state
from tests.cluster.errors import ClusterError
from tests.cluster.state import NodeState


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = state.new(tmp_path)
    written.nodes["v1"] = NodeState("v1", 1234, 2048)
    written.save()

    assert state.load(tmp_path) == written
    assert (tmp_path / "cluster.json").stat().st_mode & 0o777 == 0o600


def test_no_state_is_none(tmp_path: Path) -> None:
    assert state.load(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "{}", "[]", '{"nodes": {"v2": {"new": 1}}}'])
def test_a_state_of_another_version_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "cluster.json").write_text(text)

    with pytest.raises(ClusterError, match="is not of this version"):
        state.load(tmp_path)


def test_every_node_that_may_come_has_a_token(tmp_path: Path) -> None:
    new = state.new(tmp_path / "name")

    users = [line.split(",")[1] for line in new.users_csv().splitlines()]

    assert "system:node:name-v1" in users
    assert "system:node:name-v2" in users
    assert len(set(new.tokens.values())) == len(users)


def test_free_ports_differ_and_are_free() -> None:
    ports = state.free_ports(5)

    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a/b", "..", "a" * 33])
def test_a_name_that_is_no_folder_or_node_name_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match="cannot name a cluster"):
        cluster.folder_of(name)
