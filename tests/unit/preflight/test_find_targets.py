"""All pods that a command line means are found, each once, and it is said which are left out."""

from random import Random

import pytest

from kubectl_stress.errors import NotFound, NotRunning
from kubectl_stress.preflight.find_targets import Chosen, find_targets, target_of_each
from kubectl_stress.targets.choose import Choice
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target_selection import TargetSelection
from tests.builders.pods import PodBuilder, pod
from tests.fakes.cluster import FakeCluster


def owned(name: str, kind: str = "ReplicaSet", owner: str = "web-1") -> PodBuilder:
    reference = {"kind": kind, "name": owner, "controller": True}
    labels = {"app": "web", "pod-template-hash": "1"}
    return pod(name).container("app").with_metadata(ownerReferences=[reference], labels=labels)


def cluster(*pods: PodBuilder) -> FakeCluster:
    made = FakeCluster(*(one.dict for one in pods))
    spec = {"replicas": 3, "selector": {"matchLabels": {"app": "web"}}}
    made.owners["deployments", "web"] = {"metadata": {"name": "web"}, "spec": spec}
    made.owners["replicasets", "web-1"] = {"metadata": {"name": "web-1"}, "spec": spec}
    return made


def find(found_in: FakeCluster, *refs: str, **values: object) -> Chosen:
    asked = TargetSelection(tuple(map(TargetRef.parse, refs)), **values)  # type: ignore[arg-type]
    return find_targets(found_in, asked, Random(1).randrange)


def names(chosen: Chosen) -> list[str]:
    return [target.pod for target in chosen.targets]


def test_an_owner_means_all_its_pods_that_run() -> None:
    pending = owned("web-c").with_status(phase="Pending")

    chosen = find(cluster(owned("web-b"), owned("web-a"), pending), "deploy/web")

    assert names(chosen) == ["web-a", "web-b"]
    assert {str(target.owner) for target in chosen.targets} == {"deployment/web"}


def test_a_pod_that_is_named_twice_is_one_target() -> None:
    assert names(find(cluster(owned("web-a")), "pod/web-a", "deploy/web")) == ["web-a"]


@pytest.mark.parametrize("refs", [("pod/web-a", "deploy/web"), ("deploy/web", "pod/web-a")])
def test_a_pod_that_is_also_named_by_itself_stays_one_of_its_owner(refs: tuple[str, ...]) -> None:
    chosen = find(cluster(owned("web-a"), owned("web-b")), *refs)

    assert {str(target.owner) for target in chosen.targets} == {"deployment/web"}


def test_a_selector_leaves_out_what_cannot_be_a_target_and_says_so() -> None:
    static = pod("static").container("app")
    static.with_metadata(annotations={"kubernetes.io/config.mirror": "1"})
    waiting = pod("waiting").container("app").with_status(phase="Pending")

    chosen = find(cluster(owned("web-a"), static, waiting), label_selector="app")

    assert names(chosen) == ["web-a"]
    assert len(chosen.left_out) == 2
    assert 'pod "waiting" is not running' in chosen.left_out


def test_an_owner_is_read_once_for_all_its_pods() -> None:
    found_in = cluster(*(owned(f"web-{n}") for n in range(5)))

    chosen = find(found_in, label_selector="app")

    assert found_in.asked.count("get replicasets web-1") == 1
    assert {target.owner.replicas for target in chosen.targets if target.owner} == {3}


def test_a_mode_chooses_among_all_that_are_meant() -> None:
    found_in = cluster(*(owned(f"web-{n}") for n in range(5)))

    chosen = find(found_in, "deploy/web", choice=Choice.parse("fixed", "2"))

    assert (len(chosen.targets), chosen.candidates) == (2, 5)


def test_a_selector_that_matches_nothing_is_worth_waiting_for() -> None:
    with pytest.raises(NotRunning) as none:
        find(cluster(), label_selector="app=db", field_selector="spec.nodeName=n1")

    assert str(none.value) == (
        'no running pod in namespace "default" matches -l app=db '
        "--field-selector spec.nodeName=n1: use --wait 1m to wait for one"
    )


def test_a_container_that_one_of_the_pods_does_not_have_is_missing_and_named() -> None:
    two = owned("web-b").container("db").with_spec(nodeName="n1")

    chosen = find(cluster(owned("web-a"), two), label_selector="app", container="db")

    assert names(chosen) == ["web-b"]
    (missing,) = chosen.missing
    assert (missing.place.pod, missing.place.container) == ("web-a", "db")
    assert 'no container "db" in pod "web-a"' in str(missing.problem)


def test_what_is_named_and_not_there_is_missing_and_the_others_are_found() -> None:
    chosen = find(cluster(owned("web-a")), "pod/gone", "pod/web-a", "sts/db")

    assert names(chosen) == ["web-a"]
    assert [one.place.pod for one in chosen.missing] == ["gone", "statefulset/db"]
    assert all(isinstance(one.problem, NotFound) for one in chosen.missing)


def test_without_any_target_all_that_is_missing_is_told() -> None:
    chosen = find(cluster(), "pod/gone", "deploy/web")

    assert chosen.targets == ()
    assert [type(one.problem) for one in chosen.missing] == [NotFound, NotRunning]


def test_chosen_containers_whose_pods_are_gone_when_read_again_are_missing() -> None:
    still, gone = owned("web-a"), owned("web-b")

    chosen = target_of_each(
        cluster(still), [(still.dict, "app"), (gone.dict, "app")], read_again=True
    )

    assert names(chosen) == ["web-a"]
    (missing,) = chosen.missing
    assert (missing.place.pod, missing.place.container) == ("web-b", "app")
    assert isinstance(missing.problem, NotFound)


def test_chosen_containers_are_taken_as_they_were_read_unless_read_again() -> None:
    gone = owned("web-b")

    assert names(target_of_each(cluster(), [(gone.dict, "app")])) == ["web-b"]
