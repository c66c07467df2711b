"""The LoadSpec that the options of a CPU load make; apart from them, since Tab reads those."""

from collections.abc import Mapping
from typing import Any

from kubectl_stress.cli.load_options import schedule
from kubectl_stress.cli.stop_on_option import pressure_percent, stop_on
from kubectl_stress.errors import UsageError
from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import CpuLoad, LoadSpec


def cpu_spec(given: Mapping[str, Any]) -> LoadSpec:
    """The load that was asked for, by the words that the options took; raises UsageError."""
    if given["load"] is not None and given["to"] is not None:
        raise UsageError("--load is added, and --to is the level of the whole container: give one")
    last = given["load"] if given["to"] is None else given["to"]
    texts = [*(given["steps"].split(",") if given["steps"] is not None else ()), last]
    amounts = [Amount.parse_cpu(text) for text in texts if text is not None]
    if not amounts:
        raise UsageError("--load, --to or --steps is required")
    is_level = given["to"] is not None
    return LoadSpec(
        cpu=CpuLoad(amounts[-1], tuple(amounts[:-1]), given["workers"], is_level),
        schedule=schedule(given),
        stop_on=stop_on(given["stop_on"]),
        pressure_percent=pressure_percent(given["stop_on"]),
    )
