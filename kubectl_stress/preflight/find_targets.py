"""Finds all targets that a command line means: pods by name, of owners, or by selectors."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from kubectl_stress.errors import NotRunning, StressError, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.find_target import owner_and_pods, with_replicas
from kubectl_stress.targets.eligibility import refuse_impossible_pods
from kubectl_stress.targets.owned_pods import is_running
from kubectl_stress.targets.owners import Owner, replicas
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target
from kubectl_stress.targets.target_selection import TargetSelection


@dataclass(frozen=True)
class Chosen:
    """The targets of a run; `candidates` is out of how many pods they were chosen.

    `left_out` says of selected pods why they are none.
    """

    targets: tuple[Target, ...]
    candidates: int
    left_out: tuple[str, ...] = ()


Candidate = tuple[Pod, Owner | None]


def find_targets(
    cluster: Cluster, selection: TargetSelection, below: Callable[[int], int]
) -> Chosen:
    """The targets, once they run; raises NotFound, NotRunning or TargetError.

    `below` is the chance by which a mode chooses.
    """
    left_out: list[str] = []
    found = {
        pod["metadata"]["uid"]: (pod, owner)
        for pod, owner in _candidates(cluster, selection, left_out)
    }
    candidates = list(found.values())
    if not candidates:
        where = "in any namespace" if selection.all_namespaces else f'in "{cluster.namespace}"'
        raise NotRunning(
            f"no running pod {where} matches {selection}", wait="use --wait 1m to wait for one"
        )
    choice = selection.choice
    taken = choice.choose(candidates, below) if choice else candidates
    if not taken:
        raise TargetError(f"mode {choice} chose none of {len(candidates)} pods")
    read_owner = _Owners(cluster)
    targets = [read_owner(_target(pod, owner, selection)) for pod, owner in taken]
    return Chosen(tuple(targets), len(candidates), tuple(left_out))


def _candidates(
    cluster: Cluster, selection: TargetSelection, left_out: list[str]
) -> Iterator[Candidate]:
    for ref in selection.refs:
        yield from _of_ref(cluster, ref)
    if selection.has_selector:
        namespace = None if selection.all_namespaces else cluster.namespace
        pods = cluster.list_pods(namespace, selection.label_selector, selection.field_selector)
        for pod in _by_name(pods["items"]):
            problem = _why_not(pod)
            if problem is None:
                yield pod, None
            else:
                left_out.append(problem)


def _of_ref(cluster: Cluster, ref: TargetRef) -> Iterator[Candidate]:
    if ref.kind == "pod":
        yield cluster.get_pod(cluster.namespace, ref.name), None
        return
    workload, pods = owner_and_pods(cluster, ref, cluster.namespace)
    owner = Owner(ref.kind, ref.name, replicas(workload))
    yield from ((pod, owner) for pod in pods)


def _by_name(pods: Iterable[Pod]) -> list[Pod]:
    return sorted(pods, key=lambda pod: (pod["metadata"]["namespace"], pod["metadata"]["name"]))


def _why_not(pod: Pod) -> str | None:
    """Why a selected pod cannot be a target, as of now."""
    if not is_running(pod):
        return f'pod "{pod["metadata"]["name"]}" is not running'
    try:
        refuse_impossible_pods(pod)
    except StressError as error:
        return str(error)
    return None


def _target(pod: Pod, owner: Owner | None, selection: TargetSelection) -> Target:
    target = Target.from_pod(pod, selection.container)
    return replace(target, owner=owner) if owner else target


def refs_of_pods(cluster: Cluster, selection: TargetSelection) -> list[TargetRef]:
    """The selection with each pod by its name, where an owner or a selector means several.

    What cannot be read stays as it was named: whoever asks further hears why.
    """
    found = [ref for named in selection.refs for ref in _pods_of_owner(cluster, named)]
    if selection.has_selector:
        found += [
            TargetRef("pod", pod["metadata"]["name"])
            for pod, _ in _candidates(cluster, selection, [])
        ]
    if not found:
        raise NotRunning(f'no running pod in "{cluster.namespace}" matches {selection}')
    return list(dict.fromkeys(found))


def _pods_of_owner(cluster: Cluster, ref: TargetRef) -> list[TargetRef]:
    if ref.kind == "pod":
        return [ref]
    try:
        _, pods = owner_and_pods(cluster, ref, cluster.namespace)
    except StressError:
        return [ref]
    names = [str(pod["metadata"]["name"]) for pod in pods]
    return [ref] if len(names) == 1 else [TargetRef("pod", name) for name in names]


def target_of_each(cluster: Cluster, containers: Iterable[tuple[Pod, str]]) -> list[Target]:
    """The targets that these containers are; raises NotRunning or TargetError."""
    read_owner = _Owners(cluster)
    return [read_owner(Target.from_pod(pod, name)) for pod, name in containers]


class _Owners:
    """Reads each owner once, however many of its pods are targets."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._known: dict[tuple[str, Owner], Owner | None] = {}

    def __call__(self, target: Target) -> Target:
        if target.owner is None or target.owner.replicas is not None:
            return target
        key = (target.namespace, target.owner)
        if key not in self._known:
            self._known[key] = with_replicas(self._cluster, target)
        return replace(target, owner=self._known[key])
