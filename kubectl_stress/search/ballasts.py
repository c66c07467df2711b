"""The ballast of each resource. Pure."""

from kubectl_stress.search import cpu_ballast, memory_ballast
from kubectl_stress.search.ballast import Ballast
from kubectl_stress.search.units import Searched

_BALLASTS: dict[Searched, Ballast] = {
    Searched.MEMORY: memory_ballast,
    Searched.CPU: cpu_ballast,
}


def ballast_of(resource: Searched) -> Ballast:
    """What is particular to a search of it."""
    return _BALLASTS[resource]
