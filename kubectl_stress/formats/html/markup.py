"""HTML and SVG elements as text, safe whatever the words in them are. Pure."""

from html import escape


class Markup(str):
    """Text that is markup already; every other text is escaped before it gets into an element."""

    __slots__ = ()


def el(name: str, *content: str, **attributes: object) -> Markup:
    """An element: `el("text", "hello", x=3, class_="label")`; None leaves an attribute out."""
    given = {key: value for key, value in attributes.items() if value is not None}
    words = "".join(f' {_name(key)}="{words_of(_number(value))}"' for key, value in given.items())
    inner = "".join(entry if isinstance(entry, Markup) else words_of(entry) for entry in content)
    return Markup(f"<{name}{words}>{inner}</{name}>")


def joined(*parts: Markup) -> Markup:
    """Several elements, one after the other."""
    return Markup("".join(parts))


def words_of(text: str) -> Markup:
    """Words, with nothing in them that a browser takes for markup."""
    return Markup(escape(text))


def clipped(text: str, most: int) -> str:
    """The first `most` characters, with a sign where some are missing."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _name(key: str) -> str:
    return key.rstrip("_").replace("_", "-")


def _number(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
