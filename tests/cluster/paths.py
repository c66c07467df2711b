"""Where things live on the host."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent
APPS = HERE.parent / "apps"


def cache_folder() -> Path:
    """What can be built again."""
    return _home("XDG_CACHE_HOME", ".cache") / "kubectl-stress"


def clusters_folder() -> Path:
    """What belongs to the clusters that are up."""
    return _home("XDG_STATE_HOME", ".local/state") / "kubectl-stress" / "clusters"


def _home(variable: str, default: str) -> Path:
    given = os.environ.get(variable, "")
    # The XDG specification has relative paths ignored.
    return Path(given) if given.startswith("/") else Path.home() / default
