"""Loads as they are asked for, in few words."""

from dataclasses import fields
from typing import Any

from kubectl_stress.plan.amount import Amount
from kubectl_stress.plan.spec import LoadSpec, MemoryLoad, Schedule

_OF_SCHEDULE = {entry.name for entry in fields(Schedule)}
_OF_EVERY_LOAD = {"stop_on", "pressure_percent"}


def memory_load(amount: Amount, **given: Any) -> LoadSpec:
    """A load of memory alone: fields of the load, of its schedule, and those of every load."""
    schedule = {name: given.pop(name) for name in _OF_SCHEDULE & set(given)}
    of_all = {name: given.pop(name) for name in _OF_EVERY_LOAD & set(given)}
    return LoadSpec(memory=MemoryLoad(amount, **given), schedule=Schedule(**schedule), **of_all)
