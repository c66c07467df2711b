"""Finds all targets that a command line means: pods by name, of owners, or by selectors."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from kubectl_stress.errors import NotFound, NotRunning, StressError, TargetError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.preflight.find_target import owner_and_pods, with_replicas
from kubectl_stress.preflight.list_selected import list_selected
from kubectl_stress.targets.eligibility import refuse_impossible_pods
from kubectl_stress.targets.owned_pods import is_running
from kubectl_stress.targets.owners import Owner, replicas
from kubectl_stress.targets.place import Place
from kubectl_stress.targets.pod import Pod
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.selection import within
from kubectl_stress.targets.target import Target
from kubectl_stress.targets.target_selection import TargetSelection


@dataclass(frozen=True)
class Missing:
    """What was meant and cannot be loaded, and why; the place of an owner where it has no pod."""

    place: Place
    problem: StressError


@dataclass(frozen=True)
class Chosen:
    """The targets of a run; `candidates` is out of how many pods they were chosen.

    `left_out` says of selected pods why they are none, `missing` of what was named or chosen.
    """

    targets: tuple[Target, ...]
    candidates: int
    left_out: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()


Candidate = tuple[Pod, Owner | None]


def find_targets(
    cluster: Cluster, selection: TargetSelection, below: Callable[[int], int]
) -> Chosen:
    """The targets that run, and what is missing; raises NotRunning where nothing is meant at all.

    `below` is the chance by which a mode chooses; TargetError where it chooses none.
    """
    missing, left_out = list[Missing](), list[str]()
    named = [found for ref in selection.refs for found in _of_ref(cluster, ref, missing)]
    candidates = _each_once([*named, *_selected(cluster, selection, left_out)])
    if not candidates and not missing:
        where = within(None if selection.all_namespaces else cluster.namespace)
        raise NotRunning(
            f"no running pod {where} matches {selection}", wait="use --wait 1m to wait for one"
        )
    choice = selection.choice
    taken = choice.choose(candidates, below) if choice else candidates
    if candidates and not taken:
        raise TargetError(f"mode {choice} chose none of {len(candidates)} pods")
    asked = [(pod, owner, selection.container) for pod, owner in taken]
    targets = _targets(cluster, asked, missing)
    return Chosen(targets, len(candidates), tuple(left_out), tuple(missing))


def _each_once(candidates: Iterable[Candidate]) -> list[Candidate]:
    """In the order of their first mention; the owner counts by which a pod was also named."""
    found = dict[str, Candidate]()
    for pod, owner in candidates:
        uid = pod["metadata"]["uid"]
        if owner is not None or uid not in found:
            found[uid] = (pod, owner)
    return list(found.values())


def _of_ref(cluster: Cluster, ref: TargetRef, missing: list[Missing]) -> list[Candidate]:
    try:
        if ref.kind == "pod":
            return [(cluster.get_pod(cluster.namespace, ref.name), None)]
        workload, pods = owner_and_pods(cluster, ref, cluster.namespace)
    except (NotFound, TargetError) as error:
        name = ref.name if ref.kind == "pod" else str(ref)
        missing.append(Missing(Place(cluster.namespace, name, "", ""), error))
        return []
    owner = Owner(ref.kind, ref.name, replicas(workload))
    return [(pod, owner) for pod in pods]


def _selected(
    cluster: Cluster, selection: TargetSelection, left_out: list[str]
) -> Iterator[Candidate]:
    if not selection.has_selector:
        return
    namespace = None if selection.all_namespaces else cluster.namespace
    pods = list_selected(cluster, namespace, selection.label_selector, selection.field_selector)
    for pod in _by_name(pods):
        problem = _why_not(pod)
        if problem is None:
            yield pod, None
        else:
            left_out.append(problem)


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


def _targets(
    cluster: Cluster,
    asked: Iterable[tuple[Pod, Owner | None, str | None]],
    missing: list[Missing],
) -> tuple[Target, ...]:
    """Of each pod the container of that name, or its own default; what is none becomes missing."""
    read_owner, found = _Owners(cluster), list[Target]()
    for pod, owner, container in asked:
        try:
            target = Target.from_pod(pod, container)
        except TargetError as error:
            missing.append(Missing(_place(pod, container or ""), error))
        else:
            found.append(read_owner(replace(target, owner=owner) if owner else target))
    return tuple(found)


def refs_of_pods(cluster: Cluster, selection: TargetSelection) -> list[TargetRef]:
    """The selection with each pod by its name, where an owner or a selector means several.

    What cannot be read stays as it was named: whoever asks further hears why.
    """
    found = [ref for named in selection.refs for ref in _pods_of_owner(cluster, named)]
    if selection.has_selector:
        found += [
            TargetRef("pod", pod["metadata"]["name"])
            for pod, _ in _selected(cluster, selection, [])
        ]
    if not found:
        raise NotRunning(f"no running pod {within(cluster.namespace)} matches {selection}")
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


def target_of_each(
    cluster: Cluster, containers: Sequence[tuple[Pod, str]], *, read_again: bool = False
) -> Chosen:
    """The targets that these containers are, and which are none or, read again, are gone."""
    missing, asked = list[Missing](), list[tuple[Pod, Owner | None, str | None]]()
    for pod, container in containers:
        try:
            asked.append((_again(cluster, pod) if read_again else pod, None, container))
        except NotFound as error:
            missing.append(Missing(_place(pod, container), error))
    targets = _targets(cluster, asked, missing)
    return Chosen(targets, len(containers), missing=tuple(missing))


def _again(cluster: Cluster, pod: Pod) -> Pod:
    return cluster.get_pod(pod["metadata"]["namespace"], pod["metadata"]["name"])


def _place(pod: Pod, container: str) -> Place:
    metadata, node = pod["metadata"], pod["spec"].get("nodeName", "")
    return Place(metadata["namespace"], metadata["name"], container, node)


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
