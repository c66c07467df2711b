"""Kinds of values that options take, and what decorators of options apply to."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem

from kubectl_stress.agent.image import TARGET_IMAGE
from kubectl_stress.errors import UsageError
from kubectl_stress.quantity import parse_duration_ms
from kubectl_stress.text import whole_number

Command = TypeVar("Command", bound=Callable[..., Any])
Option = Callable[[Command], Command]


def with_options(command: Command, options: Sequence[Option[Any]]) -> Command:
    """The command with these options, listed by its help in this order."""
    for option in reversed(options):
        command = option(command)
    return command


class DurationType(click.ParamType[int]):
    """A duration such as 30s or 1m30s, as milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Milliseconds; fails with the hint of the parser."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration_ms(value)
        except UsageError as error:
            self.fail(str(error), param, ctx)


DURATION = DurationType()


class ImageType(click.ParamType[str]):
    """The name of an image, or `target` for the target's own."""

    name = "image"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name as given; fails for what a pod could never name, wherever it was set."""
        text = str(value)
        if not text or not text.isprintable() or " " in text:
            self.fail(f"{text!r} is not the name of an image", param, ctx)
        return text

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """The one name that is known beforehand."""
        if not TARGET_IMAGE.startswith(incomplete):
            return []
        return [CompletionItem(TARGET_IMAGE, help="The target's own image; nothing is pulled")]


IMAGE = ImageType()


class WholeNumberType(click.ParamType[int]):
    """A whole number of a range, without click's `[x>=0]` in the help."""

    name = "number"

    def __init__(self, least: int, most: int | None = None) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number; fails with its range."""
        text = str(value)
        number = whole_number(text)
        if number is None or number < self._least or number > (self._most or number):
            least, most = self._least, self._most
            valid = f"of at least {least}" if most is None else f"from {least} to {most}"
            self.fail(f'"{text}": give a number {valid}', param, ctx)
        return number


class FileNameType(click.ParamType[str]):
    """The name of a file, which the shell completes; whether it is there, its reader says."""

    name = "file"

    def convert(
        self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None
    ) -> str:
        """The name as given."""
        return str(value)

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Left to the shell."""
        return [CompletionItem(incomplete, type="file")]


FILE_NAME = FileNameType()


class NewFileType(FileNameType):
    """A file that is to be made, and so must not exist yet."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The path as given; fails where something is there already, or nobody can tell."""
        if value == "-":
            self.fail("it is written to a file, not to stdout (./- is a file of that name)")
        if not value:
            self.fail("give the name of a file")
        from pathlib import Path  # not for Tab, which reads no file

        try:
            exists = Path(value).exists()
        except OSError as error:
            self.fail(f"{value}: {error.strerror}", param, ctx)
        if exists:
            self.fail(f"{value} already exists: choose another name", param, ctx)
        return str(value)


NEW_FILE = NewFileType()
