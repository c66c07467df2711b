"""The containers that a mode and container names leave of the selected pods. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_stress.errors import TargetError
from kubectl_stress.targets.choose import Below, Choice
from kubectl_stress.targets.owned_pods import phase
from kubectl_stress.targets.pod import Pod


@dataclass(frozen=True)
class ChosenContainers:
    """Each container with its pod, and out of how many pods the mode chose theirs."""

    containers: tuple[tuple[Pod, str], ...]
    candidates: int

    @property
    def pods(self) -> list[str]:
        """Names of the chosen pods, each once."""
        return list(dict.fromkeys(str(pod["metadata"]["name"]) for pod, _ in self.containers))

    @property
    def is_by_chance(self) -> bool:
        """Whether another seed may choose others."""
        return self.candidates > len(self.pods)


def chosen_containers(
    pods: Sequence[Pod], choice: Choice, names: Sequence[str], below: Below
) -> ChosenContainers:
    """Without container names the first of `spec.containers`, as Chaos Mesh takes it.

    Pods that have ended are no candidates. Raises TargetError where no pod is left.
    """
    candidates = [pod for pod in pods if phase(pod) not in ("Succeeded", "Failed")]
    chosen = choice.choose(candidates, below)
    if not chosen:
        raise TargetError(f"mode {choice} chose none of the {len(candidates)} selected pods")
    containers = tuple(
        (pod, name)
        for pod in chosen
        for name in names or [str(pod["spec"]["containers"][0]["name"])]
    )
    return ChosenContainers(containers, len(candidates))
