"""The resources whose limit can be searched for: how amounts of them are counted and said. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from kubectl_stress.quantity import PAGE_BYTES, format_bytes, format_millicores, format_quantity


class Searched(Enum):
    """What a search takes from the app; the values are stable words for scripts and recordings."""

    MEMORY = "memory"
    CPU = "cpu"


@dataclass(frozen=True)
class Unit:
    """How a resource is counted: all levels are whole numbers, and multiples of `grain`.

    `suffix` ends the names of amounts in JSON; `load` is what a search adds beside the app. `text`
    is an amount for a person, `quantity` one for Kubernetes. A recommended limit is rounded up to
    `limit_grain`, which is `limit_grain_text` in words.
    """

    suffix: str
    grain: int
    load: str
    text: Callable[[int | None], str]
    quantity: Callable[[int], str]
    limit_grain: int
    limit_grain_text: str

    def whole(self, amount: int) -> int:
        """Rounded down to the grain, at least one."""
        return max(self.grain, amount // self.grain * self.grain)


MEMORY_UNIT = Unit(
    "bytes", PAGE_BYTES, "ballast", format_bytes, format_quantity, 1 << 20, "whole MiB"
)

CPU_UNIT = Unit(
    "millicores",
    1,
    "CPU load",
    format_millicores,
    lambda millicores: f"{millicores}m",
    10,
    "whole 10m",
)

_UNITS = {Searched.MEMORY: MEMORY_UNIT, Searched.CPU: CPU_UNIT}


def unit_of(resource: Searched) -> Unit:
    """The unit of its levels."""
    return _UNITS[resource]
