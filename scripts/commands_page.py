"""docs/commands.md: the help of every command, as it is printed."""

from __future__ import annotations

from collections.abc import Iterator

import click

from kubectl_stress.cli.main import cli

_WIDTH = 80


def commands_page() -> str:
    """The page, whole."""
    parts = [f"# Commands\n\nWhat `--help` says.\n\n```\n{_help(cli, _context(cli))}\n```\n"]
    for context, command in _commands(cli, _context(cli)):
        parts.append(f"## {context.command_path}\n\n```\n{_help(command, context)}\n```\n")
    return "\n".join(parts)


def _context(command: click.Command, parent: click.Context | None = None) -> click.Context:
    name = command.name if parent else "kubectl stress"
    # click keeps the help option that a command is first asked for: it must be the real one.
    options = cli.context_settings["help_option_names"]
    return click.Context(
        command,
        info_name=name,
        parent=parent,
        terminal_width=_WIDTH,
        help_option_names=options,
    )


def _commands(
    group: click.Group, parent: click.Context
) -> Iterator[tuple[click.Context, click.Command]]:
    for name in sorted(group.commands):
        command = group.commands[name]
        context = _context(command, parent)
        yield context, command
        if isinstance(command, click.Group):
            yield from _commands(command, context)


def _help(command: click.Command, context: click.Context) -> str:
    return command.get_help(context)


if __name__ == "__main__":
    print(commands_page(), end="")
