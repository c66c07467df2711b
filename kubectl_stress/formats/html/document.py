"""What all pages share: one self-contained HTML file with its style sheet.

Nothing is loaded and nothing runs: no script, no font, no network, and a policy that forbids them.
"""

from collections.abc import Iterable, Sequence
from importlib.resources import files

from kubectl_stress.formats.html.markup import Markup, el

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, *content: Markup) -> str:
    """The whole document."""
    head = el(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark">'),
        el("title", f"{title} · kubectl stress"),
        el("style", Markup(_style())),
    )
    return f"<!doctype html>\n{el('html', head, el('body', *content), lang='en')}"


def _style() -> str:
    """The style sheet, light and dark, which is data of the package."""
    return files(__package__).joinpath("style.css").read_text(encoding="utf-8")


def section(title: str, *content: Markup) -> Markup:
    """A part with a heading."""
    return el("section", el("h2", title), *content)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """A table that scrolls by itself where it is too wide."""
    head = el("tr", *(el("th", text) for text in heads))
    body = (el("tr", *(el("td", text) for text in row)) for row in rows)
    return el("div", el("table", el("thead", head), el("tbody", *body)), class_="scroll")
