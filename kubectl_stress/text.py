"""Text that others wrote, made safe to show, and moments of a run as text. Pure.

Foreign text (event messages, API errors, an exec's stderr, process names, recordings) is cleaned
once, where it enters. From there on no terminal, Markdown, JUnit or HTML has to mistrust it.
"""

import re
from collections.abc import Sequence

# ECMA-48: control sequences (CSI), and the strings (OSC, DCS, SOS, PM, APC) that have an end; each
# also as the single C1 character. What is left of a broken one is text, without its ESC.
_ESCAPE_SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]+[0-~]"
)


def clean(text: str) -> str:
    """One line of printable characters: no control, direction or escape sequence is left."""
    if text.isprintable():
        return text
    plain = _ESCAPE_SEQUENCES.sub("", text)
    return " ".join("".join(char if char.isprintable() else " " for char in plain).split())


def clean_bytes(data: bytes) -> str:
    """As `clean`, of bytes that should be UTF-8."""
    return clean(data.decode("utf-8", "replace").strip())


def clean_lines(text: str) -> str:
    """As `clean`, line by line, for text that is meant to have several."""
    return "\n".join(clean(line) for line in text.splitlines())


def why_unreadable(error: Exception) -> str:
    """Why a file could not be read, in words of the field and not of the language."""
    if isinstance(error, UnicodeDecodeError):
        return "not UTF-8 text"
    return clean(getattr(error, "strerror", None) or str(error))


def moment(at_ms: int) -> str:
    """Milliseconds since the start of a run: `12.3s`."""
    return f"{at_ms / 1000:.1f}s"


def log_line(at_ms: int, text: str) -> str:
    """A line of the progress log: the moment in a column of its own, then the text."""
    return f"{moment(at_ms):>8}  {text}"


def few_of(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence: `a, b, c`, or the first few `and 7 more`."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"


def whole_number(text: str) -> int | None:
    """A number of ASCII digits alone; None for anything else, and for more than 18 digits.

    int() also takes the digits of every script, blanks and underscores.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
