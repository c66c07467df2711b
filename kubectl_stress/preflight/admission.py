"""Asks the API server what is allowed, before anything is done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from kubectl_stress.errors import Forbidden, NotFound, Rejected, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.holder import ephemeral_container
from kubectl_stress.plan.holder_spec import HolderSpec, Join
from kubectl_stress.preflight.at_once import at_once
from kubectl_stress.preflight.granted_rules import is_granted
from kubectl_stress.preflight.permissions import (
    ANNOUNCE,
    Answer,
    Permission,
    refusal,
    required_permissions,
)
from kubectl_stress.targets.ref import TargetRef
from kubectl_stress.targets.target import Target


def ask_permissions(cluster: Cluster, ref: TargetRef, namespace: str | None) -> list[Answer]:
    """What the API server says of each permission that a load takes there; None: everywhere."""
    return _ask_all(cluster, (*required_permissions(ref.kind), ANNOUNCE), namespace or "")


def may(cluster: Cluster, permission: Permission, namespace: str) -> bool:
    """Whether the user has it there."""
    return _ask(cluster, permission, namespace).is_allowed


def require(cluster: Cluster, permissions: Sequence[Permission], namespace: str | None) -> None:
    """Raise Forbidden naming all that is missing in the namespace, or in all of them for None."""
    refuse_missing(_ask_all(cluster, permissions, namespace or ""), namespace)


def _ask_all(cluster: Cluster, permissions: Sequence[Permission], namespace: str) -> list[Answer]:
    """By one review of all rules, and single ones of what is refused: they give the reason."""
    rules = _rules(cluster, namespace)
    if rules is None:
        return at_once([partial(_ask, cluster, each, namespace) for each in permissions])
    answers = {each: Answer(each, is_granted(each, rules)) for each in permissions}
    refused = [one for one, found in answers.items() if one.needed and not found.is_allowed]
    asked = at_once([partial(_ask, cluster, each, namespace) for each in refused])
    return list((answers | {answer.permission: answer for answer in asked}).values())


def _rules(cluster: Cluster, namespace: str) -> list[Mapping[str, Any]] | None:
    """All rules of the user there; None where the server cannot list them all.

    A webhook that authorizes lists nothing, and the review is of one namespace.
    """
    if not namespace:
        return None
    try:
        review = cluster.rules(namespace)
    except (Forbidden, NotFound, Rejected):
        return None
    is_incomplete = review.get("incomplete") or review.get("evaluationError")
    return None if is_incomplete else list(review.get("resourceRules") or [])


def check_permissions(
    cluster: Cluster, kinds: Iterable[str], namespace: str | None
) -> list[Permission]:
    """Raise Forbidden naming all that is missing for targets that are given by these kinds.

    Returns what is missing but not needed.
    """
    needed = dict.fromkeys(one for kind in kinds for one in required_permissions(kind))
    answers = _ask_all(cluster, tuple(needed), namespace or "")
    refuse_missing(answers, namespace)
    return [answer.permission for answer in answers if not answer.is_allowed]


def refuse_missing(answers: Sequence[Answer], namespace: str | None) -> None:
    """Raise Forbidden where a permission is missing without which nothing works."""
    missing = [answer for answer in answers if not answer.is_allowed]
    needed = [answer.permission for answer in missing if answer.permission.needed]
    if needed:
        reasons = {str(answer.permission): answer.reason for answer in missing}
        first = needed[0]
        raise Forbidden(
            refusal(needed, namespace, reasons), verb=first.verb, resource=first.resource
        )


def _ask(cluster: Cluster, permission: Permission, namespace: str) -> Answer:
    resource, _, subresource = permission.resource.partition("/")
    allowed, reason = cluster.can_i(
        permission.verb,
        resource,
        namespace=namespace,
        subresource=subresource,
        group=permission.group,
    )
    return Answer(permission, allowed, reason)


def check_admission(cluster: Cluster, target: Target, holder: HolderSpec) -> None:
    """Have the API server judge the very patch without keeping it; raises Rejected or Forbidden.

    Runs validation, Pod Security and webhooks (`dryRun=All`); image pulls and the node's own
    policies are not seen by it.
    """
    container = ephemeral_container(target, holder, "dry-run")
    try:
        cluster.add_ephemeral_container(target.namespace, target.pod, container, dry_run=True)
    except Rejected as error:
        if holder.join is not Join.EXEC:
            raise
        raise Rejected(f"{error}. {beyond_exec(cluster, target, holder)}") from error


def admission_refusals(
    cluster: Cluster, targets: Sequence[Target], holder: HolderSpec
) -> list[StressError | None]:
    """What `check_admission` says against each, asked once for all the pods of one template."""
    by_template = {_template(target): target for target in targets}
    each = [partial(_admission_refusal, cluster, one, holder) for one in by_template.values()]
    found = dict(zip(by_template, at_once(each), strict=True))
    return [found[_template(target)] for target in targets]


def _admission_refusal(
    cluster: Cluster, target: Target, holder: HolderSpec
) -> Rejected | Forbidden | None:
    try:
        check_admission(cluster, target, holder)
    except (Rejected, Forbidden) as error:
        return error
    return None


def _template(target: Target) -> tuple[object, ...]:
    owner = target.owner or target.pod
    return target.namespace, str(owner), target.container, target.user, target.has_own_pid_namespace


def beyond_exec(cluster: Cluster, target: Target, holder: HolderSpec) -> str:
    """What is left where the join by exec is refused: a sentence, and nothing is done."""
    try:
        check_admission(cluster, target, replace(holder, join=Join.CGROUP))
    except StressError as error:
        return f"--join cgroup, with a privileged ephemeral container, is refused as well: {error}"
    return (
        "--join cgroup may work instead: a server-side dry run shows that this namespace admits "
        "its privileged ephemeral container"
    )
