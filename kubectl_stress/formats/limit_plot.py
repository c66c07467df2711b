"""The levels of a search as bars below the limit, for a terminal. Pure."""

from kubectl_stress.quantity import format_bytes
from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.curve import Point, curve

_LABEL_WIDTH, _LEAST, _MOST = 11, 20, 60
_APP, _BALLAST, _LIMIT = "░", "▓", "│"


def limit_plot(result: LimitResult, *, width: int = 80) -> str:
    """A bar a level: what the app used, the ballast beside it, and the limit; then the marks."""
    points = list(curve(result.tries))
    columns = max(_LEAST, min(_MOST, width - _LABEL_WIDTH - 30))
    limit = result.settings.limit_bytes
    head = (
        f"{'ballast':>{_LABEL_WIDTH}}  {_APP} used by the app  {_BALLAST} ballast  "
        f"{_LIMIT} limit {format_bytes(limit)}"
    )
    return "\n".join([head, *(_bar(point, limit, columns) for point in points)])


def _bar(point: Point, limit: int, columns: int) -> str:
    usage = max(point.peak_usage_bytes or 0, point.held_bytes)
    held = _cells(min(point.held_bytes, limit), limit, columns)
    app = min(_cells(usage - point.held_bytes, limit, columns), columns - held)
    bar = f"{_APP * app}{_BALLAST * held}".ljust(columns)
    sign = "✓" if point.is_fit else "×"
    label = format_bytes(point.level_bytes)
    return f"{label:>{_LABEL_WIDTH}}  {bar}{_LIMIT} {sign} {point.words}"


def _cells(size: int, limit: int, columns: int) -> int:
    return max(0, round(columns * size / limit))
