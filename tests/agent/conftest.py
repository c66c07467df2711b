"""Fixtures: the built agent, on this machine and in bare machines of either cgroup generation."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.container import Container
from tests.agent.guest import Guest, booted

IMAGE = Path(__file__).parents[2] / "image"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def agent() -> Path:
    """The binary under test."""
    path = os.environ.get("KUBECTL_STRESS_AGENT") or IMAGE / "build" / "linux-amd64" / "agent"
    if not Path(path).is_file():
        pytest.fail(f"{path} is not there: run `make -C image agent`")
    return Path(path)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test of what one generation alone has is none of the other's, rather than a skipped one."""
    others = [item for item in items if not _is_of_its_generation(item)]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in set(others)]


def _is_of_its_generation(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("only_cgroup")
    if marker is None or not isinstance(item, pytest.Function):
        return True
    return bool(item.callspec.params["guest"] == marker.args[0])


@pytest.fixture(scope="package", params=[1, 2], ids=["v1", "v2"])
def guest(
    request: pytest.FixtureRequest, agent: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guest]:
    """A bare machine, booted once for all tests of its cgroup generation."""
    with booted(tmp_path_factory.mktemp("guest"), agent, request.param) as machine:
        yield machine


@pytest.fixture
def container(guest: Guest) -> Iterator[Callable[..., Container]]:
    """Make containers; they are removed afterwards."""
    made: list[Container] = []

    def make(limit_bytes: int | None = None) -> Container:
        made.append(Container(guest, f"test{next(_numbers)}"))
        made[-1].create(limit_bytes)
        return made[-1]

    yield make
    for one in made:
        one.remove()
