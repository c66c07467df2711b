"""The binaries and the image archive: small, static, and the same bytes each time."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.agent.conftest import IMAGE

# A test of the release, not of a sanitized build.
pytestmark = pytest.mark.skipif(
    "KUBECTL_STRESS_AGENT" in os.environ, reason="another binary is under test"
)
ZIG = os.environ.get("ZIG", f"{sys.executable} -m ziglang")
ARCHITECTURES = ("amd64", "arm64")


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two builds from copies of the sources in folders of different names."""
    found = []
    for name in ("one", "another-folder/with a blank"):
        folder = tmp_path_factory.mktemp("build") / name
        shutil.copytree(IMAGE, folder, ignore=shutil.ignore_patterns("build"))
        subprocess.run(
            ["make", "--quiet", "image", f"ZIG={ZIG}", f"PYTHON={sys.executable}"],
            cwd=folder,
            check=True,
        )
        found.append(folder / "build")
    return found


def test_a_second_build_in_another_folder_is_identical(builds: list[Path]) -> None:
    for name in ("linux-amd64/agent", "linux-arm64/agent", "agent.tar"):
        one, another = ((folder / name).read_bytes() for folder in builds)
        assert one == another, name


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_binary_is_small_and_static(builds: list[Path], architecture: str) -> None:
    binary = builds[0] / f"linux-{architecture}" / "agent"
    headers = subprocess.run(
        ["readelf", "--program-headers", "--wide", str(binary)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert binary.stat().st_size <= 100 * 1024
    assert "INTERP" not in headers
    assert "DYNAMIC" not in headers


def test_what_is_mapped_of_the_program_is_fourteen_pages(builds: list[Path]) -> None:
    headers = subprocess.run(
        ["readelf", "--program-headers", "--wide", str(builds[0] / "linux-amd64" / "agent")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    first = next(line.split() for line in headers.splitlines() if line.split()[:1] == ["LOAD"])

    # The kernel maps all of it around the first fault: the target's cgroup pays for each page.
    assert int(first[4], 16) <= 14 * 4096


def test_the_arm64_binary_runs(builds: list[Path]) -> None:
    emulator = shutil.which("qemu-aarch64-static")
    assert emulator is not None, "install qemu-user-static"
    binary = builds[0] / "linux-arm64" / "agent"
    arguments = ("--size-bytes", "16777216", "--duration-ms", "200")

    ended = _run_with_open_stdin([emulator, str(binary), "run", "mem", *arguments])
    bye = json.loads(ended.splitlines()[-1])

    assert (bye["reason"], bye["held_max_bytes"]) == ("duration", 16777216)


def _run_with_open_stdin(argv: list[str]) -> bytes:
    with subprocess.Popen(
        [*argv, "--target-pid", str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        return process.stdout.read()


def test_the_archive_holds_one_image_for_each_architecture(builds: list[Path]) -> None:
    with tarfile.open(builds[0] / "agent.tar") as archive:
        (entry,) = _json(archive, "index.json")["manifests"]
        index = _blob(archive, entry)

        assert entry["annotations"]["io.containerd.image.name"] == "kubectl-stress.local/agent:dev"
        assert [m["platform"]["architecture"] for m in index["manifests"]] == list(ARCHITECTURES)
        for manifest in index["manifests"]:
            image = _blob(archive, manifest)
            config = _blob(archive, image["config"])
            (layer,) = image["layers"]
            assert config["config"]["Entrypoint"] == ["/agent"]
            assert config["config"]["User"] == "65532:65532"
            assert config["rootfs"]["diff_ids"] == [layer["digest"]]
            assert _modes(archive, layer) == {"agent": 0o755, "tmp": 0o1777}


def _modes(archive: tarfile.TarFile, layer: dict[str, Any]) -> dict[str, int]:
    with tarfile.open(fileobj=io.BytesIO(_bytes(archive, _path(layer)))) as files:
        assert {(member.uid, member.gid, member.mtime) for member in files} == {(0, 0, 0)}
        return {member.name: member.mode for member in files}


def _path(descriptor: dict[str, Any]) -> str:
    digest: str = descriptor["digest"]
    return "blobs/" + digest.replace(":", "/")


def _blob(archive: tarfile.TarFile, descriptor: dict[str, Any]) -> Any:
    return _json(archive, _path(descriptor))


def _json(archive: tarfile.TarFile, name: str) -> Any:
    return json.loads(_bytes(archive, name))


def _bytes(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
