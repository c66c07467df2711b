"""The error tree: whole in one module, and drawn in its docstring as it is."""

import importlib
import pkgutil
import re
from collections.abc import Iterator

import kubectl_stress
from kubectl_stress import errors
from kubectl_stress.errors import NotRunning, StressError


def below(error: type[StressError], depth: int = 0) -> Iterator[tuple[int, type[StressError]]]:
    yield depth, error
    for child in error.__subclasses__():
        yield from below(child, depth + 1)


def test_every_error_stands_in_the_one_module_and_in_its_picture() -> None:
    for module in pkgutil.walk_packages(kubectl_stress.__path__, "kubectl_stress."):
        importlib.import_module(module.name)
    drawn = re.findall(r"^([│ ├└─]*)(\w+) +(\d+)\b", errors.__doc__ or "", re.MULTILINE)

    assert sorted((len(lines) // 4, name, int(code)) for lines, name, code in drawn) == sorted(
        (depth, error.__name__, error.exit_code) for depth, error in below(StressError)
    )
    assert {error.__module__ for _, error in below(StressError)} == {errors.__name__}


def test_who_has_waited_is_not_advised_to_wait() -> None:
    error = NotRunning("it does not run", remedy="fix it", wait="use --wait 1m")

    assert str(error) == "it does not run: fix it, or use --wait 1m"
    assert str(error.after("1m")) == "it does not run, after a wait of 1m: fix it"
