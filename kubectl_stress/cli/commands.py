"""Which commands there are; each is imported when it is called, so none pays for the others."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click
from click.shell_completion import CompletionItem


class Place(NamedTuple):
    """Where a command stands, and its line in the list of commands."""

    module: str
    attribute: str
    short_help: str


PLACES = {
    "check": Place("check", "check", "Check whether a run is possible and predict what it will do"),
    "completion": Place("completion", "completion_command", "Install shell completion"),
    "cpu": Place("cpu", "cpu", "Load a container's CPU and judge what happens"),
    "doctor": Place("doctor", "doctor", "Check what is missing, and how to get it"),
    "find-limit": Place(
        "find_limit", "find_limit", "Search for the memory or CPU limit of a container"
    ),
    "help": Place("help", "help_command", "Explain an outcome and what to do about it"),
    "image": Place("image", "image", "Print the agent's image, and how to copy or save it"),
    "mem": Place("mem", "mem", "Load a container's memory and judge what happens"),
    "report": Place("report", "report", "Show a recorded run as a table, web page or test result"),
    "role": Place("role", "role", "Print the Role that kubectl stress needs"),
    "run": Place("run", "run", "Run or check a StressChaos manifest without Chaos Mesh"),
    "stop": Place("stop", "stop", "Stop every running load, wherever it was started from"),
    "top": Place("top", "top", "Show container memory and who would be OOM-killed first"),
    "version": Place("version", "version", "Print the versions of client, agent and API server"),
}


class _Commands(Mapping[str, click.Command]):
    def __getitem__(self, name: str) -> click.Command:
        place = PLACES[name]
        module = import_module(f"kubectl_stress.cli.{place.module}")
        command: click.Command = getattr(module, place.attribute)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


class CommandGroup(click.Group):
    """The commands of PLACES; listing and completing their names imports none of them."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = _Commands()  # type: ignore[assignment]

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command; where click's parser fails, the error learns which command it was."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            name = ctx.invoked_subcommand
            if error.ctx is None and name is not None and name in self.commands:
                error.ctx = click.Context(self.commands[name], parent=ctx, info_name=name)
            raise

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of `kubectl stress --help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, PLACES[name].short_help) for name in sorted(PLACES)])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Names of commands, then the options of the program itself."""
        names = [
            CompletionItem(name, help=PLACES[name].short_help)
            for name in sorted(PLACES)
            if name.startswith(incomplete)
        ]
        return names + click.Command.shell_complete(self, ctx, incomplete)
