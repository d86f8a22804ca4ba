"""Long replies in parts: lists and data are cut at equal places, everything else is repeated in each part."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from tinygate.protocol.schema import Message


def split(message: Message, fits: Callable[[Message], bool]) -> list[Message]:
    """Return `message` in as few parts as halving gives, each of which `fits`.

    Raises:
        ValueError: a part of one element does not fit either.
    """
    if fits(message):
        return [message]
    lists = _lists(message)
    length = max((len(value) for value in lists.values()), default=0)
    if length < 2:
        raise ValueError(f"{message.KIND} fits no line, and nothing in it can be cut")
    size = length
    while size > 1:
        size = (size + 1) // 2
        cuts = [_cut(message, lists, start, size) for start in range(0, length, size)]
        if all(map(fits, cuts)):
            return cuts
    raise ValueError(f"{message.KIND} fits no line even in parts of one element")


def merge(parts: Sequence[Message]) -> Message:
    """Return the message whose parts are given in order.

    Raises:
        ValueError: a field that is repeated in each part has more than one value.
    """
    whole = parts[0]
    for part in parts[1:]:
        joined = {name: getattr(whole, name) + value for name, value in _lists(part).items()}
        if dataclasses.replace(part, **_lists(whole)) != whole:
            raise ValueError(f"parts of one {part.KIND} reply disagree")
        whole = dataclasses.replace(whole, **joined)
    return whole


def _lists(message: Message) -> dict[str, tuple[object, ...] | bytes]:
    values = {field.name: getattr(message, field.name) for field in dataclasses.fields(message)}
    return {name: value for name, value in values.items() if isinstance(value, tuple | bytes)}


def _cut(message: Message, lists: dict[str, tuple[object, ...] | bytes], start: int, size: int) -> Message:
    return dataclasses.replace(message, **{name: value[start : start + size] for name, value in lists.items()})
