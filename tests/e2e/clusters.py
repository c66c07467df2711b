"""Which cluster the tests and benchmarks run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.cluster import Cluster
from tests.cluster.errors import ClusterError

ARCHIVE = Path(__file__).parents[2] / "image" / "build" / "agent.tar"
LENT = "KUBECTL_STRESS_E2E_CLUSTER"


@contextmanager
def cluster_with(flavour: str) -> Iterator[Cluster]:
    """A cluster with a node of this kind, and that node alone: two emulated ones starve a machine.

    KUBECTL_STRESS_E2E_CLUSTER names one that is there already, and is left as it is.
    """
    if not ARCHIVE.is_file():
        raise ClusterError(f"{ARCHIVE} is not there: run `make image`")
    if LENT in os.environ:
        # Others may use it too: not even one that is slow to answer is started anew.
        lent = Cluster.get(os.environ[LENT])
        lent.node(flavour).load_image(ARCHIVE)
        yield lent
        return
    own = Cluster.up("e2e", nodes=[flavour], images=[ARCHIVE])
    try:
        yield own
    finally:
        own.down()
