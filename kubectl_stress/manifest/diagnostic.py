"""What is wrong or worth knowing about a line of a manifest. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from kubectl_stress.errors import UsageError
from kubectl_stress.manifest.field import Field
from kubectl_stress.text import clean

Value = TypeVar("Value")
_LONGEST = 300


class Severity(Enum):
    """Errors keep an experiment from running; notes say what is done otherwise than elsewhere."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Diagnostic:
    """A sentence about `field` (`spec.mode`; "" for the document) on a line, counted from 1."""

    severity: Severity
    line: int
    field: str
    sentence: str

    def __str__(self) -> str:
        where = f"{self.field}: " if self.field else ""
        return f"{self.severity.value}: {where}{self.sentence}"


class Diagnostics:
    """Collects what is found while a manifest is read."""

    def __init__(self) -> None:
        self.found: list[Diagnostic] = []

    def error(self, field: Field, sentence: str) -> None:
        """It says what to write: warnings of how the same value is written would contradict it."""
        path = _path(field)
        self.found = [
            one
            for one in self.found
            if (one.severity, one.field, one.line) != (Severity.WARNING, path, field.line)
        ]
        self._add(Severity.ERROR, field, sentence)

    def warning(self, field: Field, sentence: str) -> None:
        self._add(Severity.WARNING, field, sentence)

    def note(self, field: Field, sentence: str) -> None:
        self._add(Severity.NOTE, field, sentence)

    def attempt(self, field: Field, make: Callable[[], Value]) -> Value | None:
        """The value that is made of a field; a UsageError becomes an error of the field."""
        try:
            return make()
        except UsageError as error:
            self.error(field, str(error))
            return None

    def is_sound(self, field: Field) -> bool:
        """Whether no error was found in the field, nor in anything in it."""
        path = _path(field)
        errors = [one.field for one in self.found if one.severity is Severity.ERROR]
        return not any(re.match(rf"{re.escape(path)}($|[.\[])", error) for error in errors)

    @property
    def has_errors(self) -> bool:
        return any(one.severity is Severity.ERROR for one in self.found)

    def _add(self, severity: Severity, field: Field, sentence: str) -> None:
        found = Diagnostic(severity, field.line, _path(field), _short(clean(sentence)))
        self.found.append(found)


def _path(field: Field) -> str:
    return _short(clean(field.path))


def _short(text: str) -> str:
    """A value may be a whole book, and must not bury the other lines."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
