"""The levels of a search as bars below the limit, for a terminal. Pure."""

from kubectl_stress.results.limit_result import LimitResult
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.curve import Point, curve
from kubectl_stress.search.settings import SearchSettings

_LABEL_WIDTH, _LEAST, _MOST = 11, 20, 60
_APP, _BALLAST, _LIMIT = "░", "▓", "│"


def limit_plot(result: LimitResult, *, width: int = 80) -> str:
    """A bar a level: what the app used, the ballast beside it, and the limit; then the marks."""
    points = list(curve(result.tries))
    columns = max(_LEAST, min(_MOST, width - _LABEL_WIDTH - 30))
    settings = result.settings
    unit = settings.unit
    head = (
        f"{unit.load:>{_LABEL_WIDTH}}  {_APP} used by the app  {_BALLAST} {unit.load}  "
        f"{_LIMIT} limit {unit.text(settings.limit)}"
    )
    return "\n".join([head, *(_bar(point, settings, columns) for point in points)])


def _bar(point: Point, settings: SearchSettings, columns: int) -> str:
    used, added = ballast_of(settings.resource).bar(point)
    held = _cells(min(added, settings.limit), settings.limit, columns)
    app = min(_cells(used, settings.limit, columns), columns - held)
    bar = f"{_APP * app}{_BALLAST * held}".ljust(columns)
    sign = "✓" if point.is_fit else "×"
    label = settings.unit.text(point.level)
    return f"{label:>{_LABEL_WIDTH}}  {bar}{_LIMIT} {sign} {point.words}"


def _cells(size: float, limit: int, columns: int) -> int:
    return max(0, round(columns * size / limit))
