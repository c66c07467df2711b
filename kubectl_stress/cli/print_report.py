"""Puts a report on stdout in the format asked for."""

import shutil
import sys
from typing import TYPE_CHECKING

from kubectl_stress.cli.output_options import DOCUMENTS
from kubectl_stress.cli.streams import terminal_width
from kubectl_stress.formats.names import FORMATS

if TYPE_CHECKING:
    from kubectl_stress.results.fleet_report import FleetReport
    from kubectl_stress.results.report import Report

REPORT_FORMATS = (*(name for name in FORMATS if name != "jsonl"), *DOCUMENTS)
_FOR_A_PERSON = ("table", "wide")


def answer(report: "Report", output: str, *, with_plot: bool = False) -> None:
    """Print the report; a plot goes with the tables, and to stderr beside any other format."""
    width = terminal_width()
    if with_plot:
        from kubectl_stress.formats.terminal_plot import plot

        file = sys.stdout if output in _FOR_A_PERSON else sys.stderr
        print(plot(report, width=shutil.get_terminal_size().columns), end="\n\n", file=file)
    print(formatted(report, output, width=width))


def answer_fleet(fleet: "FleetReport", output: str) -> None:
    """Print the report of a run over several targets."""
    width = terminal_width()
    print(formatted_fleet(fleet, output, width=width))


def formatted_fleet(fleet: "FleetReport", output: str, *, width: int | None = None) -> str:
    """The report in one of FORMATS or REPORT_FORMATS."""
    from kubectl_stress.formats.fleet_text import render_fleet

    if output == "markdown":
        from kubectl_stress.formats.fleet_markdown import fleet_markdown

        return fleet_markdown(fleet)
    if output == "junit":
        from kubectl_stress.formats.fleet_junit import fleet_junit

        return fleet_junit(fleet)
    if output == "html":
        from kubectl_stress.formats.html.fleet_page import fleet_page

        return fleet_page(fleet)
    return render_fleet(fleet, output, width=width)


def formatted(report: "Report", output: str, *, width: int | None = None) -> str:
    """The report in one of FORMATS or REPORT_FORMATS."""
    from kubectl_stress.formats.report_text import render

    if output == "markdown":
        from kubectl_stress.formats.markdown import markdown

        return markdown(report)
    if output == "junit":
        from kubectl_stress.formats.junit import junit

        return junit(report, text=render(report, "wide"))
    if output == "html":
        from kubectl_stress.formats.html.page import page

        return page(report)
    return render(report, output, width=width)
