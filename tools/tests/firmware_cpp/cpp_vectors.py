"""The protocol's vectors, events as flat text, and altered streams for comparing the two codecs."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tinygate.protocol import Damaged, Event, Text

_VECTORS = json.loads((Path(__file__).parents[2] / "tinygate" / "protocol" / "vectors.json").read_text("utf-8"))
STREAMS: dict[str, Any] = {item["name"]: item for item in _VECTORS["streams"]}
TRANSCRIPTS: dict[str, Any] = {item["name"]: item for item in _VECTORS["transcripts"]}


def flat(event: Event) -> str:
    """Return an event as docs/protocol.md's flat text writes it."""
    if isinstance(event, Text):
        return f"text\t{event.raw.hex()}"
    if isinstance(event, Damaged):
        return f"damaged\t{event.reason}"
    head = ("record", event.direction, str(event.sequence), event.ident, event.kind)
    return "\t".join((*head, *(f"{key}={shown(value).hex()}" for key, value in event.fields)))


def shown(value: str | bytes) -> bytes:
    """Return a field's value; data in base64, however it came."""
    return base64.b64encode(value) if isinstance(value, bytes) else value.encode()


def flat_expected(event: dict[str, Any]) -> str:
    """Return an event of vectors.json as flat text."""
    if "record" not in event:
        return "\t".join(next(iter(event.items())))
    record = event["record"]
    head = ("record", record["direction"], str(record["sequence"]), record["id"], record["kind"])
    return "\t".join((*head, *(f"{key}={value.encode().hex()}" for key, value in record["fields"])))


def conversations() -> list[bytes]:
    """Return what the hosts of all vectors send."""
    talks = [b"".join(bytes.fromhex(step["host"]) for step in item["steps"]) for item in TRANSCRIPTS.values()]
    return talks + [bytes.fromhex(item["hex"]) for item in STREAMS.values()]


def altered_conversations(count: int, seed: int) -> Iterator[bytes]:
    """Yield conversations with a few bytes altered, half of them with a right CRC all the same."""
    source = random.Random(seed)
    talks = conversations()
    for _ in range(count):
        data = bytearray(source.choice(talks) + source.choice(talks))
        for _ in range(source.randrange(6)):
            place = source.randrange(len(data))
            data[place : place + source.randrange(3)] = source.choice(
                [
                    b"",
                    b"@TG3 ",
                    b"\0",
                    b"\x03",
                    b"%",
                    b"%41",
                    b"=",
                    b" ",
                    b"\n",
                    b"\xc3",
                    bytes([source.randrange(256)]),
                ]
            )
        yield _with_right_crcs(bytes(data)) if source.randrange(2) else bytes(data)


def _with_right_crcs(data: bytes) -> bytes:
    lines = []
    for line in data.split(b"\n"):
        body, star, _ = line.rpartition(b" *")
        start = body.rfind(b"@TG3 ")
        lines.append(body + b" *%08x\r" % zlib.crc32(body[start:]) if star and start >= 0 else line)
    return b"\n".join(lines)
