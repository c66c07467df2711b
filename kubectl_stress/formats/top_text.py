"""What `top` shows, as text: tables, JSON, YAML, CSV, names. Computes nothing and reads nothing."""

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace

from kubectl_stress.formats.report_text import json_line, to_csv, to_yaml
from kubectl_stress.formats.tables import Row, process_table, target_table
from kubectl_stress.plan.oom_domain import container_swap_bytes
from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.top_state import Standing, available_bytes, standing_dict, top_dict

_MOST_ALONE, _MOST_OF_EACH = 8, 3


def render_top(standings: Sequence[Standing], output: str, *, width: int | None = None) -> str:
    """The last state in one of the formats; jsonl is its last line, after samples and changes."""
    if output == "json":
        return json.dumps(top_dict(standings), indent=2)
    if output == "jsonl":
        return json_line({"type": "top", **top_dict(standings)})
    if output == "yaml":
        return to_yaml(top_dict(standings))
    if output == "csv":
        return to_csv([standing_dict(standing) for standing in standings])
    if output == "name":
        return "\n".join(f"pod/{standing.target.pod}" for standing in standings)
    return tables(standings, wide=output == "wide", width=width)


def tables(standings: Sequence[Standing], *, wide: bool, width: int | None) -> str:
    """One row a target, the processes of each, and whose memory is whose."""
    parts = [target_table([_row(standing) for standing in standings], wide=wide, width=width)]
    most = _MOST_ALONE if len(standings) == 1 else _MOST_OF_EACH
    for standing in standings:
        if standing.processes:
            head = f"{standing.target.pod}:\n" if len(standings) > 1 else ""
            parts.append(head + _processes(standing, most))
    parts.append("\n".join(_folded(note, width) for note in _notes(standings)))
    return "\n\n".join(part for part in parts if part)


def _folded(note: str, width: int | None) -> str:
    return note if width is None else textwrap.fill(note, width, subsequent_indent="  ")


def _row(standing: Standing) -> Row:
    sample = standing.sample
    if sample is not None:
        sample = replace(sample, held_bytes=standing.stress_bytes or 0)
    return Row(
        target=standing.target,
        status=standing.status,
        sample=sample,
        peak_usage_bytes=standing.peak_usage_bytes,
        oom_kills=sample.memory.oom_kill if sample else None,
        node_available_bytes=available_bytes(standing),
    )


def _processes(standing: Standing, most: int) -> str:
    victim = standing.first_victim
    return process_table(standing.processes, victim_pid=victim.pid if victim else None, most=most)


def _notes(standings: Sequence[Standing]) -> Iterator[str]:
    told: set[str] = set()
    for standing in standings:
        if standing.target.node not in told and (note := _host_note(standing)):
            told.add(standing.target.node)
            yield note
    for standing in standings:
        if note := _swap_note(standing):
            yield note if len(standings) == 1 else f"{standing.target.pod}: {note}"
    for standing in standings:
        if standing.error is not None:
            yield f"{standing.target.pod}: {standing.error}"


def _host_note(standing: Standing) -> str | None:
    """`free` and `top` in a container read the host's /proc/meminfo: that figure, by its name."""
    hello, available = standing.hello, available_bytes(standing)
    if hello is None or hello.node_total_bytes is None or available is None:
        return None
    used, total = format_bytes(hello.node_total_bytes - available), hello.node_total_bytes
    return (
        f"node {standing.target.node}: {used} of {format_bytes(total)} used (free and top in the "
        "container show this: the host's memory)"
    )


def _swap_note(standing: Standing) -> str | None:
    hello, sample = standing.hello, standing.sample
    if hello is None or sample is None:
        return None
    node, may_use = hello.node_swap_total_bytes or 0, container_swap_bytes(hello, sample.memory)
    if not node:
        return None
    has = f"the node has {format_bytes(node)} of it"
    if not may_use:
        return f"swap: none for this container ({has})"
    used = format_bytes(sample.memory.swap_bytes)
    return f"swap: {used} of {format_bytes(may_use)} used ({has}): an OOM comes later than without"
