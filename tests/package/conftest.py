"""The archive that is handed out, built once."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RELEASE_URL = "https://127.0.0.1/releases/download/v0"


@pytest.fixture(scope="session")
def dist() -> Path:
    """The folder that `make package RELEASE_URL=…` fills."""
    subprocess.run(["make", "package", f"RELEASE_URL={RELEASE_URL}"], cwd=ROOT, check=True)
    return ROOT / "dist"


@pytest.fixture(scope="session")
def archive(dist: Path) -> Path:
    """The one archive, of this platform."""
    (found,) = dist.glob("kubectl-stress-*-*.tar.gz")
    return found


@pytest.fixture(scope="session")
def unpacked(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What krew makes of the archive: a folder of its store."""
    folder = tmp_path_factory.mktemp("store")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    return folder
