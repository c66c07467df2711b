"""Writes krew's manifest for the archives in dist/: `manifest.py RELEASE_URL > dist/stress.yaml`.

RELEASE_URL is the folder that the archives can be downloaded from. Only platforms whose archive was
built are named, each with the archive's own checksum.
"""

import hashlib
import re
import sys
from pathlib import Path
from typing import Any

import yaml

from kubectl_stress import __version__

ROOT = Path(__file__).parents[1]
_ARCHIVE = re.compile(r"kubectl-stress-([a-z]+)-([a-z0-9]+)\.tar\.gz")


def manifest(release_url: str, archives: list[Path]) -> dict[str, Any]:
    """The manifest of `archives` (kubectl-stress-OS-ARCH.tar.gz) by krew's schema v1alpha2."""
    written: dict[str, Any] = yaml.safe_load((ROOT / "krew" / "stress.yaml").read_text())
    written["spec"]["version"] = f"v{__version__}"
    written["spec"]["platforms"] = [_platform(release_url, path) for path in archives]
    return written


def _platform(release_url: str, archive: Path) -> dict[str, Any]:
    match = _ARCHIVE.fullmatch(archive.name)
    if match is None:
        raise SystemExit(f"{archive.name} is not named kubectl-stress-OS-ARCH.tar.gz")
    os, arch = match.groups()
    return {
        "selector": {"matchLabels": {"os": os, "arch": arch}},
        "uri": f"{release_url.rstrip('/')}/{archive.name}",
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(),
        "bin": "kubectl-stress/kubectl-stress",
    }


def main() -> None:
    """Write the manifest on stdout."""
    if len(sys.argv) != 2 or not sys.argv[1].startswith(("https://", "http://")):
        raise SystemExit("usage: manifest.py https://RELEASE_URL")
    archives = sorted((ROOT / "dist").glob("kubectl-stress-*-*.tar.gz"))
    if not archives:
        raise SystemExit("no archive in dist/: run `make package`")
    yaml.safe_dump(manifest(sys.argv[1], archives), sys.stdout, sort_keys=False)


if __name__ == "__main__":
    main()
