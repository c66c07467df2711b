"""Many targets while they are loaded: a row each, what needs a look on top, and a total. Pure."""

from collections.abc import Sequence

from kubectl_stress.formats.plain_table import plain_table
from kubectl_stress.formats.tables import columns_of
from kubectl_stress.formats.top_text import state_row
from kubectl_stress.quantity import format_bytes, format_duration, format_millicores
from kubectl_stress.results.target_state import TargetState
from kubectl_stress.verdict.outcome import Outcome

_SHOWN = (
    *("USAGE%", "LOAD", "OOM KILLS", "CPU%", "CPU LOAD", "THROTTLED"),
    *("RESTARTS", "READY"),
)
_UNHARMED = ("", Outcome.SURVIVED.value)


def fleet_state_table(
    states: Sequence[TargetState], *, width: int | None = None, height: int | None = None
) -> str:
    """As many rows as there is room for, the others counted; then the total."""
    ordered = sorted(states, key=_calm)
    room = len(ordered) if height is None else max(1, height)
    shown = ordered if len(ordered) <= room else ordered[: room - 1]
    table = plain_table(_rows(shown)).splitlines()
    if len(shown) < len(ordered):
        table.append(f"… and {_counted(ordered[len(shown) :])}")
    lines = [*table, total_line(states)]
    return "\n".join(line if width is None else line[:width] for line in lines)


def total_line(states: Sequence[TargetState]) -> str:
    """All of them in one line."""
    looked_at = sum(1 for state in states if needs_a_look(state))
    words = f"; {looked_at} need{'s' * (looked_at == 1)} a look" if looked_at else ""
    load = f"{_held(states)}{_so_far(states)}"
    count = f"{len(states)} target{'s' * (len(states) != 1)}"
    return f"TOTAL  {count}: {_counted(states)}; load {load}{words}"


def _held(states: Sequence[TargetState]) -> str:
    """By all of them together, of each resource that one of them loads."""
    specs = [state.plan.spec for state in states if state.plan is not None]
    held = _loaded(states)
    found = []
    if any(spec.memory for spec in specs):
        found.append(format_bytes(sum(state.stress_bytes or 0 for state in held)))
    if any(spec.cpu for spec in specs):
        used = (state.cpu.load_millicores or 0 for state in held if state.cpu)
        found.append(f"{format_millicores(sum(used))} CPU")
    return " and ".join(found)


def _so_far(states: Sequence[TargetState]) -> str:
    """How long the load lasts already, of the target that is the last to end."""
    times = [
        (state.load_elapsed_ms or 0, state.plan.spec.total_ms)
        for state in _loaded(states)
        if state.plan is not None
    ]
    if not times:
        return ""
    done_ms, total_ms = min(times, key=lambda time: time[0] - time[1])
    return f" for {format_duration(min(done_ms, total_ms))} of {format_duration(total_ms)}"


def _loaded(states: Sequence[TargetState]) -> list[TargetState]:
    return [state for state in states if not (state.is_lost or state.is_over)]


def needs_a_look(state: TargetState) -> bool:
    """Whether something has happened to it that a load alone does not bring about."""
    is_hit = bool(state.oom_kills) or state.restarts > 0 or not state.status.ready
    return state.error is not None or state.is_lost or state.outcome not in _UNHARMED or is_hit


def _counted(states: Sequence[TargetState]) -> str:
    counts: dict[str, int] = {}
    for state in states:
        counts[_word(state)] = counts.get(_word(state), 0) + 1
    return ", ".join(f"{count} {word}" for word, count in counts.items())


def _word(state: TargetState) -> str:
    if state.error is not None:
        return "failed"
    if state.outcome:
        return state.outcome
    if state.is_lost:
        return "no answer"
    if state.plan is None:
        return "preparing"
    return str(state.sample.phase) if state.sample and state.sample.phase else "starting"


def _share(state: TargetState) -> float | None:
    memory = state.sample.memory if state.sample else None
    if memory is None or memory.usage_bytes is None or not memory.limit_bytes:
        return None
    return 100 * memory.usage_bytes / memory.limit_bytes


def _calm(state: TargetState) -> tuple[bool, float]:
    return (not needs_a_look(state), -(_share(state) or 0))


def _rows(states: Sequence[TargetState]) -> list[list[str]]:
    """The headings, and the cells of each; with the columns of what is loaded."""
    rows = [state_row(state) for state in states]
    columns = [column for column in columns_of(rows) if column.heading in _SHOWN]
    cells = (
        [state.target.pod, _word(state), *(column.cell(row) for column in columns)]
        for state, row in zip(states, rows, strict=True)
    )
    return [["POD", "STATE", *(column.heading for column in columns)], *cells]
