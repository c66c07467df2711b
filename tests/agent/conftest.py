"""Fixtures: the built agent, on this machine and in bare machines of either cgroup generation."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.agent.container import Container
from tests.agent.guest import Guest, booted
from tests.selection import sample

IMAGE = Path(__file__).parents[2] / "image"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def agent() -> Path:
    """The binary under test."""
    path = os.environ.get("KUBECTL_STRESS_AGENT") or IMAGE / "build" / "linux-amd64" / "agent"
    if not Path(path).is_file():
        pytest.fail(f"{path} is not there: run `make -C image agent`")
    return Path(path).resolve()  # a test may start it in another folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """In a sample, a test that is for the machines of both cgroup generations runs on one."""
    if "guest" not in metafunc.fixturenames:
        return
    only = metafunc.definition.get_closest_marker("only_cgroup")
    both = [only.args[0]] if only else [1, 2]
    chosen = both if sample.FULL else [sample.one_of(both, of=metafunc.definition.nodeid)]
    ids = [f"v{version}" for version in chosen]
    metafunc.parametrize("guest", chosen, ids=ids, indirect=True, scope="package")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring together what runs on the same machine, in the places that those tests have."""
    places = [place for place, item in enumerate(items) if _version(item)]
    tests = sorted((items[place] for place in places), key=_version)
    for place, item in zip(places, tests, strict=True):
        items[place] = item


def _version(item: pytest.Item) -> int:
    parameters = getattr(item, "callspec", None)
    return int(parameters.params.get("guest", 0)) if parameters else 0


@pytest.fixture(scope="package")
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
