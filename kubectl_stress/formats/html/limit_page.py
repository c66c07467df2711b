"""What a search found as one self-contained HTML page: answer, bars of the levels, table."""

from kubectl_stress.formats.html.document import document, section, table
from kubectl_stress.formats.html.markup import Markup, el, joined
from kubectl_stress.formats.limit_text import all_heads, cells, facts, patch_state
from kubectl_stress.results.limit_result import SCHEMA, LimitResult
from kubectl_stress.search.answer import AnswerKind
from kubectl_stress.search.ballasts import ballast_of
from kubectl_stress.search.curve import Point, curve
from kubectl_stress.search.settings import SearchSettings

_MOODS = {AnswerKind.FOUND: "good", AnswerKind.ALL_FIT: "good", AnswerKind.FLAKY: "fair"}
_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 960, 96, 200, 26, 30
_PLOT = _WIDTH - _LEFT - _RIGHT


def limit_page(result: LimitResult) -> str:
    """The whole document."""
    target, answer = result.target, result.answer
    heads = all_heads(result)
    points = list(curve(result.tries))
    rows = [[cells(point, result)[head] for head in heads] for point in points]
    return document(
        f"find-limit {answer.kind.value}: {target.namespace}/{target.pod}",
        el(
            "header",
            el(
                "p",
                f"container {target.container} of pod {target.namespace}/{target.pod}",
                class_="where",
            ),
            el(
                "h1",
                el("span", answer.kind.value, class_=f"badge {_MOODS.get(answer.kind, 'open')}"),
            ),
            el("p", answer.sentence, class_="sentence"),
        ),
        el("figure", _legend(result.settings), _picture(points, result.settings)),
        section("What follows", el("ul", *(el("li", fact) for fact in facts(result)))),
        _patches(result),
        section("Levels", table([head.lower() for head in heads], rows)),
        el("footer", f"kubectl stress · {SCHEMA}"),
    )


def _legend(settings: SearchSettings) -> Markup:
    words = {"usage": "used by the app", "load": settings.unit.load, "limit": "limit"}
    entries = (el("li", el("i", class_=kind), text) for kind, text in words.items())
    return el("ul", *entries, class_="legend")


def _picture(points: list[Point], settings: SearchSettings) -> Markup:
    height = _TOP + _ROW * len(points) + 8
    x = _LEFT + _PLOT
    line = el("line", class_="limit", x1=x, x2=x, y1=_TOP - 8, y2=height - 4)
    word = el(
        "text",
        f"limit {settings.unit.text(settings.limit)}",
        class_="limit-word end",
        x=x,
        y=_TOP - 14,
    )
    bars = (_bar(point, settings, _TOP + _ROW * number) for number, point in enumerate(points))
    label = f"Each {settings.unit.load} that was tried, beside what the app used, below the limit"
    box = f"0 0 {_WIDTH} {height}"
    return el("svg", line, word, *bars, viewBox=box, role="img", aria_label=label)


def _bar(point: Point, settings: SearchSettings, y: int) -> Markup:
    used, added = ballast_of(settings.resource).bar(point)
    held = _PLOT * min(1.0, added / settings.limit)
    app = min(_PLOT - held, _PLOT * used / settings.limit)
    size = {"y": y, "height": _ROW - 8}
    mood = "good" if point.is_fit else "bad"
    return el(
        "g",
        el("text", settings.unit.text(point.level), class_="end", x=_LEFT - 8, y=y + 14),
        el("rect", class_="bar-app", x=_LEFT, width=max(0.0, app), **size),
        el("rect", class_="bar-ballast", x=_LEFT + app, width=held, **size),
        el("text", point.words, class_=f"bar-{mood}", x=_LEFT + _PLOT + 10, y=y + 14),
    )


def _patches(result: LimitResult) -> Markup:
    parts = [
        joined(
            el("p", f"patch of {patch.kind}/{patch.name} ({patch_state(patch)})"),
            el("pre", patch.command),
        )
        for patch in result.patches
    ]
    return section("Patch", *parts) if parts else Markup()
