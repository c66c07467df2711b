"""The pods of a selector are asked for with as few and as narrow requests as it allows."""

from kubectl_stress.preflight.select_pods import select_pods
from kubectl_stress.targets.selector import LabelRule, PodSelector
from tests.builders.pods import pod
from tests.fakes.cluster import FakeCluster

WEB = pod("web").with_metadata(labels={"app": "web"}).container("app").dict
DB = pod("db").with_metadata(labels={"app": "db"}).container("app").dict


def test_labels_are_asked_of_the_server_and_the_rest_is_done_here() -> None:
    cluster = FakeCluster(WEB, DB)
    selector = PodSelector(("default",), (LabelRule.equal("app", "web"),))

    assert select_pods(cluster, selector) == [WEB]
    assert cluster.asked == ["list pods app=web"]


def test_a_named_pod_that_is_not_there_is_left_out() -> None:
    cluster = FakeCluster(WEB)
    selector = PodSelector(pods=(("default", "web"), ("default", "gone")))

    assert select_pods(cluster, selector) == [WEB]
    assert cluster.asked == ["get pods web", "get pods gone"]


def test_nodes_are_read_only_where_their_labels_are_asked_for() -> None:
    cluster = FakeCluster(WEB)
    cluster.objects["nodes"] = [{"metadata": {"name": "node-1", "labels": {"disk": "ssd"}}}]

    assert select_pods(cluster, PodSelector(node_labels=(("disk", "ssd"),))) == [WEB]
    assert select_pods(cluster, PodSelector(node_labels=(("disk", "hdd"),))) == []
    assert cluster.asked.count("list nodes") == 2
