"""The documents name only what there is, and what is made from the code is up to date."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from kubectl_stress import __version__
from kubectl_stress.cli.main import cli
from kubectl_stress.errors import StressError
from kubectl_stress.manifest.schema import STRESS_CHAOS, field_names
from kubectl_stress.verdict.outcome import Outcome
from scripts.commands_page import commands_page
from tests.builders import confusion

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OF_THE_WIRE = ROOT / "image" / "PROTOCOL.md"


def _options(command: click.Command) -> set[str]:
    own = {word for one in command.params if isinstance(one, click.Option) for word in one.opts}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*map(_options, below))


OPTIONS = _options(cli) | {"--help"}
# Of kubectl, of the agent, and of other programs.
OPTIONS_OF_OTHERS = {
    "--role",
    "--patch",
    "--subresource",
    "--previous",
    "--detach",
    "--linger-ms",
    "--agent",
    "--only-overhead",
    "--time",
    "--cpu-method",
    "--cpu-load-slice",
    "--max-old-space-size",
    "--history_duration",
    "--history-length",
    "--storage",
    "--web.enable-admin-api",
    "--data-urlencode",
}


@pytest.mark.parametrize("page", [*PAGES, OF_THE_WIRE], ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_to_a_heading_in_it(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", page.read_text())

    assert [link for link in links if not _leads_somewhere(page, *link)] == []


def _leads_somewhere(page: Path, name: str, heading: str) -> bool:
    found = page.parent / name if name else page
    return found.exists() and (not heading or heading in _anchors(found.read_text()))


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_options_and_commands_that_exist(page: Path) -> None:
    text = page.read_text()
    options = set(re.findall(r"(?<![\w-])(--[a-z][\w.-]*[a-z])", text))
    commands = set(re.findall(r"`kubectl stress ([a-z][a-z-]*)", text))

    assert options - OPTIONS_OF_OTHERS - OPTIONS == set()
    assert commands - set(cli.commands) == set()


@pytest.mark.parametrize("page", [*PAGES, OF_THE_WIRE], ids=lambda page: page.name)
def test_a_page_names_files_that_exist(page: Path) -> None:
    named = set(
        re.findall(
            r"(?<![\w/-])((?:docs|tests|scripts|image|krew)/[\w./-]+\.\w+)", page.read_text()
        )
    )

    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_readme_names_every_command_and_none_else() -> None:
    named = set(re.findall(r"kubectl stress ([a-z-]+)", README))

    assert named == set(cli.commands)


def test_the_readme_names_every_outcome_and_exit_code() -> None:
    codes = {error.exit_code for error in _all_errors(StressError)} | {0, 3, 4}
    progress = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}

    assert [outcome.value for outcome in Outcome if f"`{outcome.value}`" not in README] == []
    assert progress == codes


@pytest.mark.parametrize(
    ("name", "text"), [("verdicts", confusion.page()), ("commands", commands_page())]
)
def test_a_page_made_from_the_code_is_up_to_date(name: str, text: str) -> None:
    assert (ROOT / "docs" / f"{name}.md").read_text() == text, "run scripts/write-docs"


def test_the_page_on_stresschaos_names_every_field_of_it() -> None:
    page = (ROOT / "docs" / "stresschaos.md").read_text()
    words = set(re.findall(r"[A-Za-z]+", " ".join(re.findall(r"`([^`]+)`", page))))

    assert field_names(STRESS_CHAOS) - words - {"apiVersion", "kind", "metadata", "spec"} == set()


def test_the_targets_of_make_that_are_named_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.MULTILINE))
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`make ([a-z0-9-]+)[` ]", text))

    assert named - targets == set()


def test_every_target_of_make_is_listed_by_its_help() -> None:
    phony = MAKEFILE.replace("\\\n", " ").partition(".PHONY:")[2].splitlines()[0].split()
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    listed = {line.split()[0] for line in shown.stdout.splitlines() if line.startswith("  ")}

    assert listed == set(phony)


def test_every_long_test_on_nodes_is_run_by_a_target_of_make() -> None:
    names = [path.name for path in (ROOT / "tests" / "e2e").glob("long_*.py")]

    assert [name for name in names if f"tests/e2e/{name}" not in MAKEFILE] == []


def test_the_changelog_leads_with_what_is_not_released() -> None:
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert heads[0] == "Unreleased"
    assert __version__ in heads or heads == ["Unreleased"]


def _all_errors(error: type[StressError]) -> list[type[StressError]]:
    below = [found for child in error.__subclasses__() for found in _all_errors(child)]
    return [error, *below]
