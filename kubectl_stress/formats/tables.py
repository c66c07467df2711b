"""The table of targets, from values."""

from collections.abc import Iterator, Sequence

from kubectl_stress.formats.plain_table import plain_table
from kubectl_stress.plan.gauge import Column, Row
from kubectl_stress.plan.gauges import GAUGES, gauges


def _restarts(row: Row) -> str:
    """As `kubectl get pods` has them, with why the last container ended."""
    end, count = row.status.last_termination, row.status.restart_count
    return f"{count} ({end.reason})" if count and end and end.reason else str(count)


def _ready(row: Row) -> str:
    if row.is_gone:
        return "gone"
    return "yes" if row.status.ready else "no"


_CONTAINER = Column("CONTAINER", lambda row: row.target.container)
_NAMES = (Column("POD", lambda row: row.target.pod), _CONTAINER)
_STATUS = (
    Column("RESTARTS", _restarts),
    Column("READY", _ready, stays=False),
    Column("LAST STATE", lambda row: str(row.status.last_end or "-"), wide_only=True),
    Column("QOS", lambda row: row.target.qos_class, wide_only=True),
)


def columns_of(rows: Sequence[Row], *, wide: bool = False) -> list[Column]:
    """Those of what is loaded; with `wide` all, what is loaded first."""
    loaded = [gauge for row in rows for gauge in gauges(row.spec)]
    shown = [gauge for gauge in GAUGES if gauge in loaded]
    others = [gauge for gauge in GAUGES if wide and gauge not in loaded]
    found = [column for gauge in shown for column in gauge.COLUMNS] + list(_STATUS)
    found += [column for gauge in shown for column in gauge.WIDE_COLUMNS]
    of_others = [column for gauge in others for column in (*gauge.COLUMNS, *gauge.WIDE_COLUMNS)]
    found += [column for column in of_others if not column.of_load]
    specs = [row.spec for row in rows if row.spec]
    found = [one for one in found if one.is_shown is None or any(map(one.is_shown, specs))]
    has_containers = wide or any(row.target.siblings for row in rows)
    names = _NAMES if has_containers else _NAMES[:1]
    return [*names, *(column for column in found if wide or not column.wide_only)]


_GO_BEFORE_THE_NAME = ("USAGE%", "OOM KILLS", "LOAD", "CPU%", "CPU LOAD")


def target_table(rows: Sequence[Row], *, wide: bool = False, width: int | None = None) -> str:
    """One row a target, in kubectl's manner.

    Where it does not fit `width`, the last columns of one target, or with `wide`, are in further
    tables below; of several targets they go, so that each keeps its row.
    """
    columns = columns_of(rows, wide=wide)
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
