"""Has the API server judge patches that a person may apply later; none of them is kept."""

from collections.abc import Iterable
from dataclasses import replace

from kubectl_stress.errors import NotFound, Rejected, StressError
from kubectl_stress.kube.cluster import Cluster
from kubectl_stress.plan.limit_patch import LimitPatch, PatchState


def judged(cluster: Cluster, patches: Iterable[LimitPatch]) -> tuple[LimitPatch, ...]:
    """Each with what the server says of it.

    A server without in-place resize (Kubernetes before 1.33) has no such subresource: that patch is
    left out.
    """
    found = (_judged(cluster, patch) for patch in patches)
    return tuple(patch for patch in found if patch is not None)


def _judged(cluster: Cluster, patch: LimitPatch) -> LimitPatch | None:
    try:
        cluster.try_patch(
            patch.prefix,
            patch.plural,
            patch.namespace,
            patch.name,
            patch.body,
            subresource=patch.subresource,
        )
    except NotFound as error:
        if patch.subresource:
            return None
        return replace(patch, why=str(error))
    except Rejected as error:
        return replace(patch, state=PatchState.REFUSED, why=str(error))
    except StressError as error:
        return replace(patch, why=str(error))
    return replace(patch, state=PatchState.PASSED)
