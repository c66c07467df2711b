"""The table of targets, from values, and how every table is drawn. The only user of tabulate.

tabulate is imported inside the functions: it costs more than the rest of a `--help`.
"""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kubectl_stress.agent.samples import Sample
from kubectl_stress.quantity import format_bytes
from kubectl_stress.targets.status import ContainerStatus
from kubectl_stress.targets.target import Target


@dataclass(frozen=True)
class Row:
    """What one row shows: the target with its latest sample and status.

    `oom_kills` counts this run's, and those since the container's start where there is no run; None
    where the cgroup took the counter with it.
    """

    target: Target
    status: ContainerStatus
    sample: Sample | None = None
    peak_usage_bytes: int | None = None
    oom_kills: int | None = 0
    node_available_bytes: int | None = None


@dataclass(frozen=True)
class Column:
    """A heading, its cell, and whether it stays on a narrow terminal or needs `-o wide`."""

    heading: str
    cell: Callable[[Row], str]
    stays: bool = True
    wide_only: bool = False


def _size(field: str) -> Callable[[Row], str]:
    return lambda row: format_bytes(getattr(row.sample.memory, field) if row.sample else None)


def _share_of_limit(row: Row) -> str:
    memory = row.sample.memory if row.sample else None
    if memory is None or not memory.limit_bytes or memory.usage_bytes is None:
        return "-"
    return f"{100 * memory.usage_bytes / memory.limit_bytes:.1f}%"


def _pressure(row: Row) -> str:
    some = row.sample.memory.pressure_some_avg10_percent if row.sample else None
    full = row.sample.memory.pressure_full_avg10_percent if row.sample else None
    return "-" if some is None or full is None else f"{some:.1f}%/{full:.1f}%"


def _held(row: Row) -> str:
    return format_bytes(row.sample.held_bytes if row.sample else None)


def _oom_kills(row: Row) -> str:
    return "unknown" if row.oom_kills is None else str(row.oom_kills)


def _restarts(row: Row) -> str:
    """As `kubectl get pods` has them, with why the last container ended."""
    end, count = row.status.last_termination, row.status.restart_count
    return f"{count} ({end.reason})" if count and end and end.reason else str(count)


_CONTAINER = Column("CONTAINER", lambda row: row.target.container)
COLUMNS = (
    Column("POD", lambda row: row.target.pod),
    _CONTAINER,
    Column("USAGE", _size("usage_bytes")),
    Column("USAGE%", _share_of_limit),
    Column("LIMIT", _size("limit_bytes")),
    Column("WORKING SET", _size("working_set_bytes"), stays=False),
    Column("LOAD", _held),
    Column("PEAK", lambda row: format_bytes(row.peak_usage_bytes), stays=False),
    Column("OOM KILLS", _oom_kills),
    Column("RESTARTS", _restarts),
    Column("READY", lambda row: "yes" if row.status.ready else "no", stays=False),
    Column("LAST STATE", lambda row: str(row.status.last_end or "-"), wide_only=True),
    Column("QOS", lambda row: row.target.qos_class, wide_only=True),
    Column("ANON", _size("anon_bytes"), wide_only=True),
    Column("FILE", _size("file_bytes"), wide_only=True),
    Column("INACTIVE FILE", _size("inactive_file_bytes"), wide_only=True),
    Column("SHMEM", _size("shmem_bytes"), wide_only=True),
    Column("KERNEL", _size("kernel_bytes"), wide_only=True),
    Column("PAGE TABLES", _size("pagetables_bytes"), wide_only=True),
    Column("SLAB", _size("slab_bytes"), wide_only=True),
    Column("SWAP", _size("swap_bytes"), wide_only=True),
    Column("SWAP LIMIT", _size("swap_limit_bytes"), wide_only=True),
    Column("HIGH", _size("high_bytes"), wide_only=True),
    Column("POD LIMIT", lambda row: format_bytes(row.target.pod_limit_bytes), wide_only=True),
    Column("PSI SOME/FULL", _pressure, wide_only=True),
    Column("NODE AVAILABLE", lambda row: format_bytes(row.node_available_bytes), wide_only=True),
)

_GO_BEFORE_THE_NAME = ("USAGE%", "OOM KILLS", "LOAD")


def target_table(rows: Sequence[Row], *, wide: bool = False, width: int | None = None) -> str:
    """One row a target, in kubectl's manner.

    Where it does not fit `width`, the last columns of one target, or with `wide`, are in further
    tables below; of several targets they go, so that each keeps its row.
    """
    columns = [column for column in COLUMNS if wide or not column.wide_only]
    if not (wide or any(row.target.siblings for row in rows)):
        columns.remove(_CONTAINER)
    whole = _tabulated(rows, columns)
    if width is None or _widest_line(whole) <= width:
        return whole
    if wide or len(rows) == 1:
        groups = _parts(rows, columns, width, shown_again=1 if wide else 0)
        return "\n\n".join(_tabulated(rows, group) for group in groups)
    for leaving in (_optional(columns), _optional_among_several(columns)):
        while leaving and _widest_line(whole) > width:
            columns.remove(leaving.pop())
            whole = _tabulated(rows, columns)
    return whole


def _optional(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if not column.stays]


def _optional_among_several(columns: Sequence[Column]) -> list[Column]:
    """The names must stay, and so others go."""
    return [column for column in columns if column.heading in _GO_BEFORE_THE_NAME]


def _parts(
    rows: Sequence[Row], columns: Sequence[Column], width: int, *, shown_again: int
) -> Iterator[Sequence[Column]]:
    """The columns in groups that each fit, every group with the first `shown_again` of them."""
    part: list[Column] = []
    for column in columns:
        if len(part) > shown_again and _widest_line(_tabulated(rows, [*part, column])) > width:
            yield part
            part = list(columns[:shown_again])
        part.append(column)
    yield part


def _widest_line(text: str) -> int:
    return max(len(line) for line in text.splitlines())


def _tabulated(rows: Sequence[Row], columns: Sequence[Column]) -> str:
    headings = [column.heading for column in columns]
    return plain_table([headings, *([column.cell(row) for column in columns] for row in rows)])


def plain_table(cells: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart; headings are a row like others, since tabulate pads its own."""
    from tabulate import tabulate

    text = tabulate(cells, tablefmt="plain", disable_numparse=True, stralign="left")
    return "\n".join(line.rstrip() for line in text.splitlines())


def folded(line: str, width: int | None, *, indent: int = 2) -> str:
    """A line under a table, in as many as the terminal needs, the further ones indented."""
    if width is None or len(line) <= width:
        return line
    start = " " * (len(line) - len(line.lstrip()))
    return textwrap.fill(
        line.lstrip(),
        max(width, 2 * indent),
        initial_indent=start,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
