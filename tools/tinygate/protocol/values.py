"""How each type of value is written in a field: number formats, lists, float bits and data."""

from __future__ import annotations

import binascii
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

_DECIMAL = re.compile(r"(0|-?[1-9][0-9]{0,19})\Z")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*={0,2}\Z")


@dataclass(frozen=True)
class Codec:
    """Writes a value as a field's and reads it back; both raise ValueError when they cannot. All but data is text."""

    name: str
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _integer(name: str, low: int, high: int) -> Codec:
    def read(text: str) -> int:
        if not _DECIMAL.match(text) or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is no {name}: expected a decimal integer from {low} to {high}")
        return int(text)

    def write(value: int) -> str:
        return str(read(str(value)))

    return Codec(name, write, read)


def _pattern(name: str, pattern: str) -> Codec:
    compiled = re.compile(pattern + r"\Z")

    def check(text: str) -> str:
        if not compiled.match(text):
            raise ValueError(f"{text!r} is no {name}: expected {pattern}")
        return text

    return Codec(name, check, check)


def _list_of(item: Codec) -> Codec:
    def write(values: tuple[Any, ...]) -> str:
        return ",".join(item.write(value) for value in values)

    def read(text: str) -> tuple[Any, ...]:
        return tuple(item.read(part) for part in text.split(","))

    return Codec(f"{item.name}[]", write, read)


def _read_float(text: str) -> float:
    if not re.match(r"[0-9a-f]{8}\Z", text):
        raise ValueError(f"{text!r} is no f32: expected the 8 hex digits of an IEEE 754 single")
    return float(struct.unpack(">f", bytes.fromhex(text))[0])


def _read_data(value: str | bytes) -> bytes:
    """Return the bytes that a frame brought, or those in a line's base64."""
    if isinstance(value, bytes):
        return value
    return _read_base64(value)


def _read_base64(text: str) -> bytes:
    if len(text) % 4 or not _BASE64.match(text):
        raise ValueError(f"no base64 (RFC 4648, padded): {text[:40]!r}")
    try:
        return binascii.a2b_base64(text)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error


def _read_shape(text: str) -> tuple[int, ...]:
    return () if text == _SCALAR else tuple(_U32.read(size) for size in text.split("x"))


def _write_shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(_U32.write, shape)) or _SCALAR


def choice(*words: str) -> Codec:
    """Return the codec of a value that is one of `words`."""
    return _pattern("choice", "(" + "|".join(words) + ")")


RAW_DTYPES = ("int8", "uint8", "int16", "uint16", "int32", "float32", "float64")
"""Types of a sensor's samples."""
DTYPE_BYTES = {"float32": 4, "int8": 1, "uint8": 1, "int16": 2, "int32": 4, "int64": 8, "bool": 1}
"""Types of tensors that travel, and the bytes of an element."""

_SCALAR = "scalar"
_U32 = _integer("u32", 0, 2**32 - 1)
_I32 = _integer("i32", -(2**31), 2**31 - 1)
_F32 = Codec("f32", lambda value: struct.pack(">f", value).hex(), _read_float)
_NAME = _pattern("name", r"[A-Za-z0-9_.+-]{1,64}")

U32 = Annotated[int, _U32]
U64 = Annotated[int, _integer("u64", 0, 2**64 - 1)]
TextValue = Annotated[str, Codec("text", str, str)]
Name = Annotated[str, _NAME]
Hex32 = Annotated[str, _pattern("hex32", "[0-9a-f]{8}")]
Sha256 = Annotated[str, _pattern("sha256", "[0-9a-f]{64}")]
Data = Annotated[bytes, Codec("data", bytes, _read_data)]
U32List = Annotated[tuple[int, ...], _list_of(_U32)]
I32List = Annotated[tuple[int, ...], _list_of(_I32)]
F32List = Annotated[tuple[float, ...], _list_of(_F32)]
ShapeList = Annotated[tuple[tuple[int, ...], ...], _list_of(Codec("shape", _write_shape, _read_shape))]
DtypeList = Annotated[tuple[str, ...], _list_of(choice(*DTYPE_BYTES))]
NameList = Annotated[tuple[str, ...], _list_of(_NAME)]
