"""How every table is drawn, and folded. The only user of tabulate.

It is imported where it draws: it costs more than the rest of a `--help`.
"""

import textwrap
from collections.abc import Sequence


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
