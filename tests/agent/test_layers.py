"""The agent's sources lie in layers: a file includes only what lies in its own folder or below."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.agent.conftest import IMAGE

LAYERS = ("words", "kernel", "observe", "load", "steer", "tell", "profile", "do")
SOURCES = sorted((IMAGE / "src").rglob("*.[ch]"))


def test_every_folder_is_a_layer() -> None:
    assert {path.parent.name for path in SOURCES} == set(LAYERS)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_file_includes_nothing_from_above(path: Path) -> None:
    included = re.findall(r'^#include "(\w+)/', path.read_text(), re.MULTILINE)
    above = LAYERS[LAYERS.index(path.parent.name) + 1 :]

    assert set(included) & set(above) == set()
