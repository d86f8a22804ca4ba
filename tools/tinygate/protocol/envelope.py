"""What every reply carries besides its message: which request it answers, and which part of the answer it is."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace

from tinygate.errors import LinkError
from tinygate.protocol.framing import MAX_LINE_BYTES, Direction, Record, encode
from tinygate.protocol.messages import REPLIES
from tinygate.protocol.parts import split
from tinygate.protocol.schema import Fields, Message

_PART = re.compile(r"([1-9][0-9]{0,4})/([1-9][0-9]{0,4})\Z")
_WORST_PART = ("part", "99999/99999")
_OWN = ("re", "nonce", "re_crc32", "part")
_HEX32 = re.compile(r"[0-9a-f]{8}\Z")


@dataclass(frozen=True)
class Answers:
    """The request that a reply answers, and `part` of `parts` (1 of 1 when it is whole).

    Attributes:
        sequence, nonce: the request's (`re`, `nonce`).
        crc32: the CRC of the request as the device received it (`re_crc32`), 8 hex digits: what it carried out.
        framed: whether the request came as a frame: so does the reply.
    """

    sequence: int
    nonce: str
    crc32: str
    part: int = 1
    parts: int = 1
    framed: bool = False

    def to_fields(self) -> Fields:
        """Return the fields that come before the message's own."""
        fields: Fields = (("re", str(self.sequence)), ("nonce", self.nonce), ("re_crc32", self.crc32))
        return fields if self.parts == 1 else (*fields, ("part", f"{self.part}/{self.parts}"))


def encode_reply(sequence: int, boot_id: str, message: Message, answers: Answers | None) -> list[bytes]:
    """Return the lines of a reply, numbered from `sequence`; `answers` is None for what was not asked for.

    Raises:
        ValueError: the message has a value that is out of range, or does not fit even in parts.
    """
    own = answers.to_fields() if answers else ()
    framed = answers is not None and answers.framed

    def record(fields: Fields, index: int = 0) -> Record:
        return Record(Direction.REPLY, (sequence + index) % 2**32, boot_id, message.KIND, fields)

    def fits(part: Message) -> bool:
        longest = record((*own, *((_WORST_PART,) if answers else ()), *part.to_fields()))
        return len(encode(longest, 2**31, framed)) <= MAX_LINE_BYTES

    parts = split(message, fits)
    if answers is None or len(parts) == 1:
        return [encode(record(own + parts[0].to_fields()), framed=framed)]
    headers = (replace(answers, part=number, parts=len(parts)) for number in range(1, len(parts) + 1))
    pairs = zip(headers, parts, strict=True)
    return [
        encode(record(head.to_fields() + part.to_fields(), i), framed=framed) for i, (head, part) in enumerate(pairs)
    ]


def parse_reply(record: Record) -> tuple[Answers | None, Message]:
    """Return what a reply answers (None: nothing) and its message.

    Raises:
        ValueError: the kind is unknown, or a field is missing, unknown or malformed.
    """
    if record.kind not in REPLIES:
        raise ValueError(f"unknown kind {record.kind}")
    message = REPLIES[record.kind].from_fields(f for f in record.fields if f[0] not in _OWN)
    given = {key: value for key, value in record.fields if isinstance(value, str)}
    if not given.keys() & set(_OWN):
        return None, message
    part = _PART.match(given.get("part", "1/1"))
    if part is None or int(part[1]) > int(part[2]):
        raise ValueError(f"part={given['part']}: expected <number>/<parts>")
    is_number = re.match(r"(0|[1-9][0-9]{0,9})\Z", given.get("re", ""))
    if not is_number or not all(_HEX32.match(given.get(key, "")) for key in ("nonce", "re_crc32")):
        raise ValueError("re, nonce and re_crc32 come together: a decimal number, and twice 8 hex digits")
    return Answers(int(given["re"]), given["nonce"], given["re_crc32"], int(part[1]), int(part[2])), message


def check_request(answers: Answers, crcs: Collection[str]) -> None:
    """Raise LinkError if the device carried out something else than the request, which was sent with these CRCs."""
    if answers.crc32 not in crcs:
        raise LinkError(
            f"request {answers.sequence} was altered on its way: the board answers one with CRC {answers.crc32}, "
            f"{' or '.join(crcs)} was sent; nothing of this run is used: check cable and adapter, and what else is on "
            "the line"
        )
