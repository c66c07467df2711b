"""A kubectl that is new enough to know what a test compares."""

import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.cluster.paths import cache_folder


@cache
def kubectl_since(minor: int) -> str:
    """A kubectl 1.MINOR or newer: one that is installed, or that of the tests' cluster."""
    built = sorted(cache_folder().glob("kubernetes-*/kubectl"))
    named = [os.environ.get("KUBECTL"), shutil.which("kubectl"), *map(str, built)]
    for path in filter(None, named):
        if _minor(path) >= minor:
            return path
    pytest.skip(f"needs a kubectl 1.{minor} or newer: `make cluster-up` builds one")


def _minor(path: str) -> int:
    argv = [str(Path(path)), "version", "--client", "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    return int(json.loads(done.stdout)["clientVersion"]["minor"].rstrip("+"))
