"""Puts what a search found on stdout in the format asked for."""

from typing import TYPE_CHECKING

from kubectl_stress.cli.streams import terminal_width

if TYPE_CHECKING:
    from kubectl_stress.results.limit_result import LimitResult


def answer(result: "LimitResult", output: str) -> None:
    """Print it."""
    width = terminal_width()
    print(formatted(result, output, width=width))


def formatted(result: "LimitResult", output: str, *, width: int | None = None) -> str:
    """The result in one of FORMATS or REPORT_FORMATS."""
    from kubectl_stress.formats.limit_text import render_limit

    if output == "markdown":
        from kubectl_stress.formats.limit_markdown import limit_markdown

        return limit_markdown(result)
    if output == "junit":
        from kubectl_stress.formats.limit_junit import limit_junit

        return limit_junit(result, text=render_limit(result, "wide"))
    if output == "html":
        from kubectl_stress.formats.html.limit_page import limit_page

        return limit_page(result)
    return render_limit(result, output, width=width)
