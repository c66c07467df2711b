"""The documents name only what there is, and what is made from the code is up to date."""

from __future__ import annotations

import re
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
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPTIONS = {
    word
    for command in cli.commands.values()
    for option in command.params
    if isinstance(option, click.Option)
    for word in option.opts
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_readme_names_every_command_and_none_else() -> None:
    named = set(re.findall(r"kubectl stress ([a-z-]+)", README))

    assert named == set(cli.commands)


def test_the_readme_names_options_that_exist() -> None:
    of_others = {"--role", "--user", "--all"}
    named = set(re.findall(r"(?<![\w-])(--[a-z][a-z-]+)", README))

    assert named - of_others - OPTIONS == set()


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
    doors = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = "".join(page.read_text() for page in PAGES)
    named = set(re.findall(r"`make ([a-z-]+)[` ]", text))

    assert named - doors == set()


def test_the_changelog_leads_with_what_is_not_released() -> None:
    heads = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert heads[0] == "Unreleased"
    assert __version__ in heads or heads == ["Unreleased"]


def _all_errors(error: type[StressError]) -> list[type[StressError]]:
    below = [found for child in error.__subclasses__() for found in _all_errors(child)]
    return [error, *below]
