"""Values of a manifest that know where they stand: their path and their line. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What a scalar is by the rules of YAML, as an API server would name it."""

    STRING = "a string"
    INTEGER = "an integer"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    NULL = "null"


@dataclass(frozen=True)
class Scalar:
    """A value as it was written, without its quotes."""

    written: str
    kind: Kind


@dataclass(frozen=True)
class Array:
    """A list."""

    items: tuple["Field", ...]


@dataclass(frozen=True)
class Object:
    """Fields by their names, in the order of the file."""

    fields: dict[str, "Field"]


@dataclass(frozen=True)
class Field:
    """A place in a document; `value` is None where nothing stands there.

    `line` is that of the field's name, counted from 1, or of what should hold it.
    """

    path: str
    line: int
    value: Scalar | Array | Object | None

    def __bool__(self) -> bool:
        """Whether there is a value; null is none."""
        return self.value is not None and self.value != Scalar("", Kind.NULL)

    def __getitem__(self, name: str) -> "Field":
        """The field of that name, empty where there is none."""
        if isinstance(self.value, Object) and name in self.value.fields:
            return self.value.fields[name]
        return Field(f"{self.path}.{name}" if self.path else name, self.line, None)

    def named(self) -> Iterator[tuple[str, "Field"]]:
        """The fields of an object by their names."""
        if isinstance(self.value, Object):
            yield from self.value.fields.items()

    def items(self) -> tuple["Field", ...]:
        """The items of an array."""
        return self.value.items if isinstance(self.value, Array) else ()

    @property
    def written(self) -> str:
        """What is written here; "" where that is no scalar."""
        return self.value.written if isinstance(self.value, Scalar) else ""

    def strings(self) -> tuple[str, ...]:
        """What is written in the items of an array."""
        return tuple(item.written for item in self.items())

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The names and what is written there, of an object of scalars."""
        return tuple((name, field.written) for name, field in self.named())
