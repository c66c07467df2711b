"""`--stop-on`: the signs that release a load, one of which has a value."""

import re
from typing import Any

import click
from click.shell_completion import CompletionItem

from kubectl_stress.plan.stop_on import StopOn

_PRESSURE = StopOn.MEMORY_PRESSURE.value
_PRESSURE_FORM = re.compile(rf"{_PRESSURE}=(\d+(?:\.\d+)?)%?", re.ASCII)
_PLAIN = [sign.value for sign in StopOn if sign is not StopOn.MEMORY_PRESSURE]


class StopOnType(click.ParamType[str]):
    """One of the signs; memory-pressure with the percentage at which it is one."""

    name = "stop-on"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """The signs as a choice shows them."""
        return f"[{'|'.join([*_PLAIN, f'{_PRESSURE}=N%'])}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as given; fails where it is none of them."""
        form = _PRESSURE_FORM.fullmatch(value)
        if value not in _PLAIN and not (form and 0 < float(form[1]) <= 100):
            known = ", ".join(f"'{word}'" for word in _PLAIN)
            words = f"{value!r} is not one of {known}, '{_PRESSURE}=20%' (above 0 to 100)"
            self.fail(words, param, ctx)
        return str(value)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The signs, and a usual percentage."""
        words = [*_PLAIN, f"{_PRESSURE}=20%"]
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


stop_on_option = click.option(
    "--stop-on",
    type=StopOnType(),
    multiple=True,
    help=(
        "Release the load as soon as this happens; may be repeated. memory-pressure is the share "
        "of time in which a task of the container waited for memory (PSI some, average of 10 s); "
        "refused on a node without PSI, such as one with cgroup v1"
    ),
)


def stop_on(given: tuple[str, ...]) -> tuple[StopOn, ...]:
    """The signs that `--stop-on` named, each once."""
    named = {word.partition("=")[0] for word in given}
    return tuple(sign for sign in StopOn if sign.value in named)


def pressure_percent(given: tuple[str, ...]) -> float | None:
    """The lowest percentage that was named for memory-pressure."""
    found = [float(form[1]) for word in given if (form := _PRESSURE_FORM.fullmatch(word))]
    return min(found, default=None)
