"""What the other containers of a pod use, as far as the metrics API tells it."""

from dataclasses import replace

import pytest

from kubectl_stress.errors import StressError
from kubectl_stress.preflight.sibling_usage import with_sibling_usage
from kubectl_stress.targets.resources import Sibling
from kubectl_stress.targets.target import Target
from tests.builders.pods import MIB, pod, target
from tests.fakes.cluster import FakeCluster, forbidden

SHARED = replace(
    target(),
    siblings=(Sibling("side", None, None), Sibling("new", None, None)),
    pod_cgroup_limit_bytes=160 * MIB,
)


def measured(error: StressError | None = None) -> FakeCluster:
    cluster = FakeCluster(pod("web").container("app").dict)
    usages = {"app": "10Mi", "side": "105Mi"}
    containers = [{"name": name, "usage": {"memory": usage}} for name, usage in usages.items()]
    cluster.owners["pods", "web"] = {"metadata": {"name": "web"}, "containers": containers}
    cluster.errors["get pods web"] = [error] if error else []
    return cluster


def test_the_siblings_usages_are_read_and_one_without_metrics_stays_unknown() -> None:
    side, new = with_sibling_usage(measured(), SHARED).siblings

    assert (side.usage_bytes, new.usage_bytes) == (105 * MIB, None)


def test_without_the_right_to_read_metrics_nothing_is_known() -> None:
    assert with_sibling_usage(measured(forbidden("get pods")), SHARED) == SHARED


@pytest.mark.parametrize(
    "alone", [target(), replace(SHARED, pod_cgroup_limit_bytes=None)], ids=["alone", "no limit"]
)
def test_where_no_limit_is_shared_nothing_is_asked(alone: Target) -> None:
    cluster = measured()

    assert with_sibling_usage(cluster, alone) == alone
    assert cluster.asked == []
