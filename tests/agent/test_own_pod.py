"""Which cgroups are of one pod: in a table, since no machine shows every layout."""

from __future__ import annotations

import ctypes
import subprocess

import pytest

from tests.agent.conftest import IMAGE

_POD = "/kubepods/burstable/pod0b6c"
_SLICE = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0b6c.slice"
_OTHER = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod77aa.slice"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    path = tmp_path_factory.mktemp("library") / "membership.so"
    names = ("observe/membership", "kernel/files", "words/text")
    sources = [str(IMAGE / "src" / f"{name}.c") for name in names]
    options = ["-shared", "-fPIC", "-std=c11", "-D_GNU_SOURCE", f"-I{IMAGE / 'src'}"]
    subprocess.run(["gcc", *options, *sources, "-o", str(path)], check=True)
    found = ctypes.CDLL(str(path))
    found.cgroup_is_of_pod.restype = ctypes.c_bool
    return found


@pytest.mark.parametrize(
    ("own", "other", "is_of_pod"),
    [
        pytest.param(f"{_POD}/aa", f"{_POD}/bb", True, id="v1, cgroupfs"),
        pytest.param(f"{_POD}/aa", "/kubepods/burstable/pod77aa/bb", False, id="v1, other pod"),
        pytest.param(f"{_POD}/aa", "/kubepods/pod77aa/bb", False, id="v1, other class"),
        pytest.param(f"{_POD}/aa", "/system.slice/agent.service", False, id="v1, the machine's"),
        pytest.param(f"{_SLICE}/crio-a.scope", f"{_SLICE}/crio-b.scope", True, id="v1, systemd"),
        pytest.param(f"{_SLICE}/crio-a.scope", f"{_OTHER}/crio-b.scope", False, id="v1, systemd 2"),
        pytest.param("/", "/", True, id="v2, the holder's own"),
        pytest.param("/", "/load", True, id="v2, below the holder's own"),
        pytest.param("/", "/../bb", True, id="v2"),
        pytest.param("/", "/../bb/init.scope", True, id="v2, systemd in the target"),
        pytest.param("/", "/../../crio-b.scope/container", True, id="v2, crun"),
        pytest.param("/", "/../../pod77aa/bb", False, id="v2, other pod"),
        pytest.param("/", f"/../..{_OTHER[len('/kubepods.slice') :]}/b", False, id="v2, systemd"),
        pytest.param("/", "/../../../../system.slice/b", False, id="v2, the machine's"),
        pytest.param("/moved", "/../bb", True, id="v2, the holder has been moved below"),
    ],
)
def test_a_cgroup_is_of_the_holder_s_pod(
    library: ctypes.CDLL, own: str, other: str, is_of_pod: bool
) -> None:
    assert library.cgroup_is_of_pod(own.encode(), other.encode()) == is_of_pod
