"""What `top` shows, in each of the formats. Computes nothing and reads nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from kubectl_stress.formats.names import DATA_FORMATS
from kubectl_stress.formats.plain_table import folded
from kubectl_stress.formats.process_table import outside_processes, process_table
from kubectl_stress.formats.serialize import Document, serialize
from kubectl_stress.formats.tables import target_table
from kubectl_stress.plan.gauge import Row
from kubectl_stress.plan.gauges import has_victims
from kubectl_stress.plan.oom_domain import container_swap_bytes
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.results.top_state import available_bytes, target_state_dict, top_dict

_MOST_ALONE, _MOST_OF_EACH = 8, 3
# Read once a second, and drawn more often than that.
_process_table = lru_cache(maxsize=64)(process_table)


def render_top(states: Sequence[TargetState], output: str, *, width: int | None = None) -> str:
    """The last state in one of FORMATS; jsonl is its last line, after samples and changes."""
    if output in DATA_FORMATS:
        return serialize(_document(states), output)
    return tables(states, wide=output == "wide", width=width)


def _document(states: Sequence[TargetState]) -> Document:
    whole = top_dict(states)
    rows = [target_state_dict(state) for state in states]
    names = [f"pod/{state.target.pod}" for state in states]
    return Document(whole, [{"type": "top", **whole}], rows, names)


def tables(states: Sequence[TargetState], *, wide: bool, width: int | None) -> str:
    """One row a target, the processes of each, and whose memory is whose."""
    parts = [target_table([state_row(state) for state in states], wide=wide, width=width)]
    most = _MOST_ALONE if len(states) == 1 else _MOST_OF_EACH
    for state in states:
        has_table = state.spec is None or has_victims(state.spec)
        if has_table and state.processes and state.is_still_running:
            head = f"{state.target.pod}:\n" if len(states) > 1 else ""
            parts.append(head + _processes(state, most, width))
    parts.append("\n".join(folded(note, width) for note in _notes(_without_load(states))))
    return "\n\n".join(part for part in parts if part)


def state_row(state: TargetState) -> Row:
    """The target's row as it is now."""
    sample = state.sample
    if sample is not None:
        sample = replace(sample, held_bytes=state.stress_bytes or 0)
    return Row(
        target=state.target,
        status=state.status,
        sample=sample,
        peak_usage_bytes=state.peak_usage_bytes,
        oom_kills=state.oom_kills,
        cpu=state.cpu,
        spec=state.spec,
        load_state=_load_state(state),
        node_available_bytes=available_bytes(state),
    )


def _load_state(state: TargetState) -> str:
    """What is to be said of a load whose last sample is of before its end."""
    sample, cpu = state.sample, state.cpu
    is_held = bool((sample and sample.held_bytes) or (cpu and cpu.load_millicores))
    if state.plan is None or not is_held:
        return ""
    if state.is_over:
        return "ended"
    return "unknown" if state.is_lost else ""


def _processes(state: TargetState, most: int, width: int | None) -> str:
    victim = state.first_victim
    victim_pid = victim.pid if victim else None
    text = _process_table(state.processes, victim_pid=victim_pid, most=most, width=width)
    note = _outside(state)
    return f"{text}\n{folded(note, width)}" if note else text


def _outside(state: TargetState) -> str | None:
    """Not while a load grows: the processes are read once a second, the usage ten times."""
    if state.sample is None or (state.plan is not None and state.sample.phase != "hold"):
        return None
    return outside_processes(state.processes, state.sample.memory)


def _without_load(states: Sequence[TargetState]) -> list[TargetState]:
    """Whose lines tell what goes on: the notes would only push them away."""
    return [state for state in states if state.plan is None]


def _notes(states: Sequence[TargetState]) -> Iterator[str]:
    noted: set[str] = set()
    for state in states:
        if state.target.node not in noted and (note := _host_note(state)):
            noted.add(state.target.node)
            yield note
    for state in states:
        if note := _swap_note(state):
            yield note if len(states) == 1 else f"{state.target.pod}: {note}"
    for state in states:
        if state.error is not None:
            yield f"{state.target.pod}: {state.error}"


def _host_note(state: TargetState) -> str | None:
    """`free` and `top` in a container read the host's /proc/meminfo: that figure, by its name."""
    hello, available = state.hello, available_bytes(state)
    if hello is None or hello.node_total_bytes is None or available is None:
        return None
    used, total = format_bytes(hello.node_total_bytes - available), hello.node_total_bytes
    return (
        f"node {state.target.node}: {used} of {format_bytes(total)} used (the host's memory, "
        f"which free and top show in the container)"
    )


def _swap_note(state: TargetState) -> str | None:
    hello, sample = state.hello, state.sample
    if hello is None or sample is None:
        return None
    node, may_use = hello.node_swap_total_bytes or 0, container_swap_bytes(hello, sample.memory)
    if not node:
        return None
    has = f"the node has {format_bytes(node)} of it"
    if not may_use:
        return f"swap: none for this container ({has})"
    used = format_bytes(sample.memory.swap_bytes)
    return (
        f"swap: {used} of {format_bytes(may_use)} used ({has}): an OOM kill comes later than "
        "without swap"
    )
    return None
