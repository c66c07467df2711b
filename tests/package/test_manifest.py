"""What krew demands of a manifest and of the archive that it names.

By krew's own sources: pkg/index/validation, cmd/validate-krew-manifest, pkg/download/downloader.go.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from kubectl_stress import __version__
from tests.package.conftest import RELEASE_URL, ROOT


@pytest.fixture(scope="module")
def manifest(dist: Path) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load((dist / "stress.yaml").read_text())
    return written


@pytest.fixture(scope="module")
def members(archive: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(archive) as tar:
        return tar.getmembers()


def test_the_head_is_what_krew_reads(manifest: dict[str, Any]) -> None:
    assert manifest["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert manifest["kind"] == "Plugin"
    assert manifest["metadata"]["name"] == (ROOT / "krew" / "stress.yaml").stem
    assert manifest["spec"]["version"] == f"v{__version__}"
    assert re.fullmatch(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", manifest["spec"]["version"])


def test_the_words_fit_its_listing(manifest: dict[str, Any]) -> None:
    short = manifest["spec"]["shortDescription"]

    assert len(short) <= 50
    assert "\n" not in short
    assert not short.endswith(".")
    assert all(len(line) <= 80 for line in manifest["spec"]["description"].splitlines())
    assert manifest["spec"]["caveats"]


def test_each_platform_names_its_archive(manifest: dict[str, Any], archive: Path) -> None:
    (platform,) = manifest["spec"]["platforms"]
    labels = platform["selector"]["matchLabels"]

    assert platform["uri"] == f"{RELEASE_URL}/{archive.name}"
    assert platform["sha256"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert archive.name == f"kubectl-stress-{labels['os']}-{labels['arch']}.tar.gz"


def test_the_program_is_an_executable_file_in_the_archive(
    manifest: dict[str, Any], members: list[tarfile.TarInfo]
) -> None:
    (platform,) = manifest["spec"]["platforms"]
    program = next(member for member in members if member.name == platform["bin"])

    assert program.isfile()
    assert program.mode & 0o111 == 0o111


def test_the_archive_holds_files_and_folders_alone(members: list[tarfile.TarInfo]) -> None:
    assert [member.name for member in members if not (member.isfile() or member.isdir())] == []
    assert [member.name for member in members if ".." in PurePosixPath(member.name).parts] == []
    assert [member.name for member in members if member.name.startswith("/")] == []
    assert "LICENSE" in {member.name for member in members}


def test_the_archive_is_small(archive: Path) -> None:
    assert archive.stat().st_size <= 16 << 20  # 15.1 MB was seen
