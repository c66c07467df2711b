"""Fixtures of the unit tests."""

import pytest

from tests.builders.scene import Scene


@pytest.fixture
def scene() -> Scene:
    return Scene()
