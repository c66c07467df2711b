"""The one container that a mode and container names leave of the selected pods. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.choose import Below, Choice
from kubectl_stress.targets.pod import Pod

_SHOWN = 5


@dataclass(frozen=True)
class Single:
    """A container, and out of how many pods the mode chose its pod."""

    namespace: str
    pod: str
    container: str
    candidates: int

    @property
    def is_by_chance(self) -> bool:
        """Whether another seed may choose another."""
        return self.candidates > 1


def single(pods: Sequence[Pod], choice: Choice, containers: Sequence[str], below: Below) -> Single:
    """Without container names the first of `spec.containers`, as Chaos Mesh takes it.

    Raises TargetError where no pod is left, or more than one container.
    """
    chosen = choice.choose(pods, below)
    if not chosen:
        raise TargetError(f"mode {choice} chose none of the {len(pods)} selected pods")
    if len(chosen) > 1:
        raise TargetError(
            f"mode {choice} means {len(chosen)} pods ({_names(chosen)}), and only one can be "
            "loaded: use mode: one, or name the pod in spec.selector.pods"
        )
    if len(containers) > 1:
        raise TargetError(
            f"spec.containerNames means {len(containers)} containers ({', '.join(containers)}), "
            "and only one can be loaded: name one"
        )
    (pod,) = chosen
    container = containers[0] if containers else pod["spec"]["containers"][0]["name"]
    metadata = pod["metadata"]
    return Single(metadata["namespace"], metadata["name"], container, len(pods))


def _names(pods: Sequence[Pod]) -> str:
    names = [pod["metadata"]["name"] for pod in pods[:_SHOWN]]
    return ", ".join([*names, "…"] if len(pods) > _SHOWN else names)
