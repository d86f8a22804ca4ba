"""What all messages share: a dataclass's annotated fields, in order, are the fields of its record, parsed strictly."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Self, get_args, get_type_hints

from tinygate.protocol.framing import Value
from tinygate.protocol.values import Codec

Fields = tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Message:
    """Base of all requests and replies."""

    KIND: ClassVar[str]

    def to_fields(self) -> Fields:
        """Return key and value of each field present, in the declared order, data last; ValueError if out of range."""
        values = ((name, codec, getattr(self, name)) for name, codec, _ in _schema(type(self)))
        fields = ((name, codec.write(value)) for name, codec, value in values if value not in (None, (), b""))
        return tuple(sorted(fields, key=lambda field: isinstance(field[1], bytes)))

    @classmethod
    def from_fields(cls, fields: Iterable[tuple[str, Value]]) -> Self:
        """Return the message in `fields`; keys beginning with `x_` are extensions and ignored.

        Raises:
            ValueError: a field is missing, unknown, or has a value that its type does not allow.
        """
        given = {key: value for key, value in fields if not key.startswith("x_")}
        values: dict[str, Any] = {}
        for name, codec, required in _schema(cls):
            if name in given:
                values[name] = _read(name, codec, given.pop(name))
            elif required:
                raise ValueError(f"{cls.KIND}: field {name} is missing")
        if given:
            raise ValueError(f"{cls.KIND}: unknown field {next(iter(given))}")
        return cls(**values)


def _read(name: str, codec: Codec, value: Value) -> Any:
    try:
        return codec.read(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}={value[:40]!s}: {error}") from error


_SCHEMAS: dict[str, tuple[tuple[str, Codec, bool], ...]] = {}


def _schema(cls: type[Message]) -> tuple[tuple[str, Codec, bool], ...]:
    """Return name, codec and whether it is required, of each field of a message class."""
    if cls.__name__ not in _SCHEMAS:
        hints = get_type_hints(cls, include_extras=True)
        _SCHEMAS[cls.__name__] = tuple(
            (field.name, _codec(hints[field.name]), field.default is dataclasses.MISSING)
            for field in dataclasses.fields(cls)
        )
    return _SCHEMAS[cls.__name__]


def _codec(hint: Any) -> Codec:
    """Return the codec that annotates a type, or one member of `type | None`."""
    codecs = [item for part in (hint, *get_args(hint)) for item in getattr(part, "__metadata__", ())]
    found: Codec = codecs[0]
    return found
