"""Writes vectors.json and vectors.txt from the cases below, stated without the code they test.

python tools/tests/protocol/make_vectors.py
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import struct
import zlib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "tinygate" / "protocol"
BOOT, NONCE = "0badcafe", "5eed0001"
Event = dict[str, Any]


def line(body: str | bytes, end: bytes = b"\r\n") -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    return b"%s *%08x" % (raw, zlib.crc32(raw)) + end


def record(direction: str, sequence: int, ident: str, kind: str, **fields: str) -> Event:
    pairs = [[key, value] for key, value in fields.items()]
    return {"record": {"direction": direction, "sequence": sequence, "id": ident, "kind": kind, "fields": pairs}}


def text(raw: bytes) -> Event:
    return {"text": raw.hex()}


def damaged(reason: str) -> Event:
    return {"damaged": reason}


def stuffed(raw: bytes) -> bytes:
    """COBS, as its paper states it: each run of bytes other than 0 behind its length + 1; 254 of them imply no 0."""
    out, run = b"", b""
    for byte in raw + b"\0":
        if byte:
            run += bytes([byte])
        if not byte or len(run) == 254:
            out += bytes([len(run) + 1]) + run
            run = b""
    return out


def unstuffed(raw: bytes) -> bytes:
    out, at = b"", 0
    while at < len(raw):
        code = raw[at]
        out += raw[at + 1 : at + code] + (b"" if code == 255 else b"\0")
        at += code
    return out.removesuffix(b"\0")


def frame(body: str | bytes, data: bytes = b"") -> bytes:
    raw = b"\x03" + (body.encode() if isinstance(body, str) else body) + (b"\n" + data if data else b"")
    return b"\0" + stuffed(b"%s *%08x" % (raw, zlib.crc32(raw))) + b"\0"


def stream(name: str, raw: bytes, *events: Event, limit: int = 4096) -> dict[str, Any]:
    return {"name": name, "limit": limit, "hex": raw.hex(), "events": list(events)}


ARENA = line(f"@TG3 Q 7 {NONCE} arena")
ARENA_EVENT = record("Q", 7, NONCE, "arena")
LOG = b"\x1b[0;32mI (654) boot: chip revision: v3.1\x1b[0m"


def valid_streams() -> list[dict[str, Any]]:
    error = record("R", 3, BOOT, "error", re="7", nonce=NONCE, code="internal", detail="100 % @ 8 µs")
    escaped = f"@TG3 R 3 {BOOT} error re=7 nonce={NONCE} code=internal detail=100%20%25%20%40%208%20%C2%B5s"
    infer = record("Q", 8, NONCE, "infer", first="0", count="1", offset="0", data="AAECAw==")
    return [
        stream("request_without_fields", ARENA, ARENA_EVENT),
        stream("escaped_values", line(escaped), error),
        stream("equals_sign_in_value", line(f"@TG3 Q 8 {NONCE} infer first=0 count=1 offset=0 data=AAECAw=="), infer),
        stream("largest_sequence", line(f"@TG3 Q 4294967295 {NONCE} arena"), record("Q", 2**32 - 1, NONCE, "arena")),
        stream("line_feed_only", line(f"@TG3 Q 7 {NONCE} arena", b"\n"), ARENA_EVENT),
        stream("two_carriage_returns", line(f"@TG3 Q 7 {NONCE} arena", b"\r\r\n"), ARENA_EVENT),
        stream("unknown_kind", line(f"@TG3 Q 7 {NONCE} dance"), record("Q", 7, NONCE, "dance")),
        stream("extension_field", line(f"@TG3 Q 7 {NONCE} arena x_a=1"), record("Q", 7, NONCE, "arena", x_a="1")),
        stream("needless_escape", line(f"@TG3 Q 7 {NONCE} arena x_a=%31"), record("Q", 7, NONCE, "arena", x_a="1")),
        stream("sixty_four_fields", line(f"@TG3 Q 7 {NONCE} arena{many(64)}"), with_many(64)),
    ]


def many(count: int) -> str:
    return "".join(f" x_{index}=1" for index in range(count))


def with_many(count: int) -> Event:
    return record("Q", 7, NONCE, "arena", **{f"x_{index}": "1" for index in range(count)})


def console_streams() -> list[dict[str, Any]]:
    noise = bytes(range(1, 10)) + bytes(range(11, 256))
    return [
        stream("console_text", LOG + b"\r\n", text(LOG)),
        stream("empty_lines_are_nothing", b"\r\n\n\r\r\n"),
        stream(
            "at_signs_in_text", b"a@b @TG @TG3\r\n@@TG3 x\r\n", text(b"a@b @TG @TG3"), text(b"@"), damaged("bad_frame")
        ),
        stream("record_after_text_without_newline", LOG + ARENA, text(LOG), ARENA_EVENT),
        stream("record_after_noise", noise + ARENA, text(noise), ARENA_EVENT),
        stream("record_after_half_a_record", ARENA[:20] + ARENA, damaged("truncated"), ARENA_EVENT),
        stream("record_after_prefixes", b"@TG3 @TG3 @TG" + ARENA, *[damaged("truncated")] * 2, ARENA_EVENT),
        stream("another_version", line(f"@TG1 Q 7 {NONCE} arena"), text(line(f"@TG1 Q 7 {NONCE} arena").rstrip())),
        stream("no_line_end_no_event", ARENA.rstrip()),
    ]


def framed_streams() -> list[dict[str, Any]]:
    infer = f"Q 8 {NONCE} infer first=0 count=1 offset=0"
    everything, zeros = bytes(range(256)), bytes(600)
    found = record("Q", 7, NONCE, "arena")
    short = frame(f"Q 7 {NONCE} arena")
    flipped = short.replace(b"aren", b"arem")

    def with_data(data: bytes) -> Event:
        return record("Q", 8, NONCE, "infer", first="0", count="1", offset="0", data=b64(data))

    return [
        stream("frame_without_data", short, found),
        stream("frame_with_every_byte", frame(infer, everything), with_data(everything)),
        stream("frame_with_zeros", frame(infer, zeros), with_data(zeros)),
        stream("frame_with_254_bytes_of_no_zero", frame(infer, b"x" * 1000), with_data(b"x" * 1000)),
        stream("frames_back_to_back", short + short, found, found),
        stream("frames_that_share_a_zero", short + short[1:], found, found),
        stream("text_between_frames", short + LOG + b"\r\n" + short, found, text(LOG), found),
        stream("text_before_a_frame_without_newline", LOG + short, text(LOG), found),
        stream("line_after_a_frame", short + ARENA, found, ARENA_EVENT),
        stream("line_in_the_middle_of_a_frame", short[:12] + ARENA, damaged("truncated"), ARENA_EVENT),
        stream("frame_in_the_middle_of_a_line", ARENA[:20] + short, damaged("truncated"), found),
        stream("frame_with_an_altered_byte", flipped + short, damaged("bad_crc"), found),
        stream("frame_with_a_lost_byte", short[:9] + short[10:] + short, damaged("bad_frame"), found),
        stream("frame_whose_end_was_lost", short[:-1] + short[1:] + short, damaged("bad_crc"), found),
        stream("frame_whose_begin_was_lost", short[1:] + short, text(short[1:-1]), found),
        stream("frame_without_mark", short.replace(b"\x03", b"\x04"), text(short[1:-1].replace(b"\x03", b"\x04"))),
        stream("frame_without_crc", b"\0\x05\x03abc\0" + short, damaged("bad_frame"), found),
        stream("frame_with_a_line_feed_and_no_data", frame(f"Q 7 {NONCE} arena\n"), damaged("bad_record")),
        stream("frame_with_data_twice", frame(f"{infer} data=AA==", b"a"), damaged("bad_record")),
        stream("frame_of_exactly_the_limit", short, found, limit=len(short) - 2),
        stream("frame_one_byte_over", short + short, *[damaged("too_long")] * 2, limit=len(short) - 3),
        stream("endless_frame_then_line", short[:9] + b"x\n" * 99 + ARENA, damaged("too_long"), ARENA_EVENT, limit=64),
        stream("zeros_are_nothing", bytes(9) + short, found),
    ]


def bounded_streams() -> list[dict[str, Any]]:
    exact = ARENA.rstrip(b"\n")
    long = b"@TG3 Q 7 " + b"x" * 300 + b"\r\n"
    limit = 64
    return [
        stream("record_of_exactly_the_limit", ARENA, ARENA_EVENT, limit=len(exact)),
        stream("record_one_byte_over", ARENA, damaged("too_long"), limit=len(exact) - 1),
        stream("endless_record_then_record", long + ARENA, damaged("too_long"), ARENA_EVENT, limit=limit),
        stream("endless_text_then_record", b"x" * 300 + ARENA, damaged("line_too_long"), ARENA_EVENT, limit=limit),
        stream("text_of_exactly_the_limit", b"x" * 64 + ARENA, text(b"x" * 64), ARENA_EVENT, limit=limit),
        stream(
            "prefix_while_dropping", b"x" * 63 + b"@TG3" + ARENA, damaged("line_too_long"), ARENA_EVENT, limit=limit
        ),
        stream("overlong_is_told_once", b"x" * 500 + b"\n" + ARENA, damaged("line_too_long"), ARENA_EVENT, limit=limit),
    ]


def invalid_streams() -> list[dict[str, Any]]:
    def bad(name: str, body: str | bytes) -> dict[str, Any]:
        return stream(name, line(body), damaged("bad_record"))

    head = f"@TG3 Q 7 {NONCE} arena"
    wrong_crc = ARENA.replace(b"arena", b"arenb")
    return [
        stream("altered_byte", wrong_crc, damaged("bad_crc")),
        stream("no_crc", head.encode() + b"\r\n", damaged("bad_frame")),
        stream("crc_in_upper_case", ARENA[:-10] + ARENA[-10:].upper(), damaged("bad_frame")),
        stream("crc_without_star", ARENA.replace(b" *", b" +"), damaged("bad_frame")),
        stream("byte_above_7e", line(head.encode() + b" x_a=\xb5"), damaged("bad_frame")),
        stream("carriage_return_inside", line(head.encode() + b"\r"), damaged("bad_frame")),
        stream("prefix_alone", b"@TG3 \r\n", damaged("bad_frame")),
        bad("wrong_direction", head.replace("Q", "X")),
        bad("leading_zero", head.replace(" 7 ", " 07 ")),
        bad("sequence_too_large", head.replace(" 7 ", " 4294967296 ")),
        bad("signed_sequence", head.replace(" 7 ", " +7 ")),
        bad("short_id", head.replace(NONCE, NONCE[1:])),
        bad("id_in_upper_case", head.replace(NONCE, NONCE.upper())),
        bad("kind_in_upper_case", head.replace("arena", "Arena")),
        bad("no_kind", f"@TG3 Q 7 {NONCE}"),
        bad("two_spaces", head + "  x_a=1"),
        bad("trailing_space", head + " "),
        bad("field_without_equals", head + " x_a"),
        bad("empty_value", head + " x_a="),
        bad("empty_key", head + " =1"),
        bad("key_in_upper_case", head + " X_a=1"),
        bad("key_of_25_characters", head + f" x_{'a' * 23}=1"),
        bad("repeated_key", head + " x_a=1 x_a=1"),
        bad("sixty_five_fields", head + many(65)),
        bad("at_sign_in_value", head + " x_a=a@b"),
        bad("escape_in_lower_case", head + " x_a=%c2%b5"),
        bad("escape_cut_short", head + " x_a=%4"),
        bad("escaped_nul", head + " x_a=%00"),
    ]


def request(sequence: int, rest: str, nonce: str = NONCE) -> bytes:
    return line(f"@TG3 Q {sequence} {nonce} {rest}")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class Transcript:
    """What a device receives and must send; replies are numbered as they are added."""

    def __init__(self, name: str, rx_line_bytes: int = 512) -> None:
        self.steps: list[dict[str, Any]] = []
        self.whole = {"name": name, "boot_id": BOOT, "rx_line_bytes": rx_line_bytes, "steps": self.steps}
        self._sequence, self._framed = 0, False
        self._received: dict[int, str] = {}

    def host(self, raw: bytes) -> Transcript:
        self.steps.append({"host": raw.hex(), "replies": []})
        frames = [unstuffed(piece) for piece in raw.split(b"\0") if piece[1:2] == b"\x03"]
        heads = [re.match(rb"\x03Q (\d+) .*\*(.{8})\Z", sealed, re.DOTALL) for sealed in frames]
        found = re.findall(rb"@TG3 Q (\d+) [^@]*\*([0-9a-f]{8})\r\n", raw)
        for number, crc in [*found, *(head.groups() for head in heads if head)]:
            self._received[int(number)] = crc.decode()
        self._framed = bool(frames)
        return self

    def reply(self, kind: str, is_open: bool = False, **fields: str) -> Transcript:
        entry = {"sequence": self._sequence, "kind": kind, "open": is_open, "framed": self._framed and "re" in fields}
        entry["fields"] = [list(f) for f in fields.items()]
        self.steps[-1]["replies"].append(entry)
        self._sequence += 1
        return self

    def answer(self, number: int, kind: str, is_open: bool = False, **fields: str) -> Transcript:
        return self.reply(kind, is_open, **self.request(number, NONCE), **fields)

    def refused(self, number: int, code: str, nonce: str = NONCE) -> Transcript:
        return self.reply("error", True, **self.request(number, nonce), code=code)

    def request(self, number: int, nonce: str) -> dict[str, str]:
        return {"re": str(number), "nonce": nonce, "re_crc32": self._received[number]}

    def damaged(self, code: str) -> Transcript:
        return self.reply("error", True, code=code)

    def again(self, back: int) -> Transcript:
        """The reply that was sent so many replies before the newest, once more."""
        earlier = [entry for step in self.steps for entry in step["replies"]]
        self.steps[-1]["replies"].append(earlier[-1 - back])
        return self

    def hello(self, number: int = 1) -> Transcript:
        return self.host(request(number, "hello")).answer(number, "hello", True, protocol="3")


def transcripts() -> list[dict[str, Any]]:
    figures = {"used_bytes": "700", "configured_bytes": "1024", "pointer_bits": "32"}
    two = f"infer first=5 count=2 offset=0 data={b64(b'abcdefgh')}"
    piece = f"infer first=9 count=1 offset=0 data={b64(b'abc')}"
    rest = f"infer first=9 count=1 offset=3 data={b64(b'd')}"
    gap = f"infer first=9 count=1 offset=2 data={b64(b'cd')}"
    bench = {"warmup": "1", "invocations": "3"}
    log = b"a log line without its end"
    return [
        item.whole
        for item in (
            Transcript("hello_then_arena").hello().host(request(2, "arena")).answer(2, "arena", True, **figures),
            Transcript("hello_twice").hello(1).hello(2).host(request(3, "arena")).answer(3, "arena", True, **figures),
            Transcript("hello_after_a_gap").hello(1).hello(40).host(request(41, "arena")).answer(41, "arena", True),
            Transcript("two_windows")
            .hello()
            .host(request(2, two))
            .answer(2, "infer", first="5", count="2", data=b64(b"abeg")),
            *state_transcripts(),
            *raw_transcripts(),
            Transcript("one_window_in_pieces")
            .hello()
            .host(request(2, piece))
            .answer(2, "infer", first="9", count="0")
            .host(request(3, rest))
            .answer(3, "infer", first="9", count="1", data=b64(b"ab")),
            Transcript("gap_between_pieces")
            .hello()
            .host(request(2, piece))
            .answer(2, "infer", first="9", count="0")
            .host(request(3, gap))
            .refused(3, "bad_request")
            .host(request(4, rest))
            .refused(4, "bad_request"),
            Transcript("piece_of_another_window")
            .hello()
            .host(request(2, piece))
            .answer(2, "infer", first="9", count="0")
            .host(request(3, rest.replace("first=9", "first=8")))
            .refused(3, "bad_request")
            .host(request(4, rest))
            .refused(4, "bad_request"),
            Transcript("offset_zero_begins_anew")
            .hello()
            .host(request(2, piece))
            .answer(2, "infer", first="9", count="0")
            .host(request(3, two))
            .answer(3, "infer", first="5", count="2", data=b64(b"abeg"))
            .host(request(4, rest))
            .refused(4, "bad_request"),
            Transcript("wrong_length")
            .hello()
            .host(request(2, two.replace("count=2", "count=3")))
            .refused(2, "bad_request"),
            Transcript("bench_without_clock")
            .hello()
            .host(request(2, "bench warmup=1 invocations=3"))
            .answer(2, "bench", **bench, input_crc32=f"{zlib.crc32(bytes(4)):08x}"),
            Transcript("bench_on_last_window")
            .hello()
            .host(request(2, two))
            .answer(2, "infer", True)
            .host(request(3, "bench warmup=1 invocations=3"))
            .answer(3, "bench", **bench, input_crc32=f"{zlib.crc32(b'efgh'):08x}"),
            Transcript("bench_without_an_application")
            .hello()
            .host(request(2, "bench warmup=1 invocations=3 application=running"))
            .refused(2, "unsupported")
            .host(request(3, "bench warmup=1 invocations=3 application=idle"))
            .refused(3, "bad_request"),
            Transcript("request_without_session").host(request(2, "arena")).refused(2, "wrong_nonce").hello(3),
            Transcript("request_of_another_session")
            .hello()
            .host(request(2, "arena", "5eed0002"))
            .refused(2, "wrong_nonce", "5eed0002")
            .host(request(2, "arena"))
            .answer(2, "arena", True),
            Transcript("lost_request").hello().host(request(3, "arena")).refused(3, "bad_sequence").hello(40),
            *repair_transcripts(),
            *framed_transcripts(),
            *kept_transcripts(),
            Transcript("refused_requests_count")
            .hello()
            .host(request(2, "dance"))
            .refused(2, "unknown_kind")
            .host(request(3, "bench warmup=1"))
            .refused(3, "bad_request")
            .host(request(4, "bench warmup=1 invocations=-3"))
            .refused(4, "bad_request")
            .host(request(5, "arena depth=1"))
            .refused(5, "bad_request")
            .host(request(6, "arena x_depth=1"))
            .answer(6, "arena", True),
            Transcript("damage_is_told_once")
            .hello()
            .host(request(2, "arena").replace(b"arena", b"brena"))
            .damaged("bad_crc")
            .host(request(2, "arena"))
            .answer(2, "arena", True),
            Transcript("half_a_record")
            .hello()
            .host(request(2, "arena")[:12])
            .host(request(2, "arena"))
            .damaged("bad_frame")
            .answer(2, "arena", True),
            Transcript("bad_grammar").hello().host(request(2, "arena x=")).damaged("bad_frame"),
            Transcript("too_long")
            .hello()
            .host(request(2, f"arena x_a={'a' * 600}"))
            .damaged("too_large")
            .host(request(2, "arena"))
            .answer(2, "arena", True),
            Transcript("noise_is_not_answered").host(log).host(b"\r\n" + b"\xff\x00" * 2000 + b"\n").hello(),
            Transcript("replies_are_ignored")
            .hello()
            .host(line(f"@TG3 R 0 {BOOT} restart re=1 nonce={NONCE}"))
            .host(request(2, "arena"))
            .answer(2, "arena", True),
        )
    ]


def repair_transcripts() -> list[Transcript]:
    """Each request is carried out once, and answered as often as it comes."""

    def alone(first: int) -> str:
        return f"infer first={first} count=1 offset=0 data={b64(b'%d...' % first)} reset=alone"

    def answered(talk: Transcript, number: int, first: int) -> Transcript:
        return talk.answer(number, "infer", first=str(first), count="1", data=b64(b"%d." % first))

    repeated = Transcript("repeated_request").hello().host(request(2, "arena") * 2).answer(2, "arena", True).again(0)
    later = answered(Transcript("a_lost_request_comes_later").hello().host(request(3, alone(5))), 3, 5)
    answered(later.host(request(2, alone(4))), 2, 4)
    later.host(request(3, alone(5))).again(1)
    later.host(request(4, "arena")).answer(4, "arena", True)
    waits = Transcript("what_depends_on_others_waits").hello().host(request(3, "arena")).refused(3, "bad_sequence")
    waits.host(request(2, "arena") + request(3, "arena")).answer(2, "arena", True).answer(3, "arena", True)
    bench = Transcript("bench_on_the_last_window_by_number").hello()
    answered(answered(bench.host(request(3, alone(5)) + request(2, alone(4))), 3, 5), 2, 4)
    bench.host(request(4, "bench warmup=1 invocations=3"))
    bench.answer(4, "bench", warmup="1", invocations="3", input_crc32=f"{zlib.crc32(b'5...'):08x}")
    asked = Transcript("hello_needs_no_turn").hello().host(request(4, "hello")).answer(4, "hello", True)
    asked.host(request(2, "arena")).answer(2, "arena", True).host(request(3, "arena")).answer(3, "arena", True)
    asked.host(request(5, "arena")).answer(5, "arena", True)
    far = Transcript("too_far_ahead").hello().host(request(34, alone(5))).refused(34, "bad_sequence")
    answered(far.host(request(33, alone(5))), 33, 5)
    return [repeated, later, waits, bench, asked, far]


def framed_transcripts() -> list[Transcript]:
    infer = f"Q 2 {NONCE} infer first=5 count=2 offset=0 reset=alone"
    arena, hello = frame(f"Q 3 {NONCE} arena"), frame(f"Q 1 {NONCE} hello")
    frames = Transcript("frames_are_answered_with_frames").host(hello).answer(1, "hello", True, protocol="3")
    frames.host(frame(infer, b"a\0c\0\0f\xff\n"))
    frames.answer(2, "infer", first="5", count="2", data=b64(b"a\0\0f")).host(arena).answer(3, "arena", True)
    frames.host(request(4, "arena")).answer(4, "arena", True)
    loop = Transcript("loopback").hello()
    loop.host(frame(f"Q 2 {NONCE} loopback", bytes(range(256)))).answer(2, "loopback", data=b64(bytes(range(256))))
    rate = Transcript("a_rate_beyond_all").hello().host(request(2, "rate baud=4294967295")).refused(2, "unsupported")
    broken = Transcript("a_damaged_frame_is_told_with_a_line").hello().host(arena.replace(b"aren", b"arem"))
    return [frames, loop, rate, broken.damaged("bad_crc")]


def kept_transcripts() -> list[Transcript]:
    """Two windows of real values: 0, 0.5, -0.25 and 100, of which the model's input makes -128, -127, -129 and 72."""
    reals = struct.pack("<8f", 0.0, 0.5, -0.25, 100.0, 1.0, 0.25, 0.75, -5.0)
    codes = bytes([0x80, 0x81, 0x80, 0x48, 0x82, 0x81, 0x82, 0x80])  # halves away from zero, and no code below -128
    store = f"store sha256={hashlib.sha256(reals).hexdigest()} size_bytes={len(reals)}"
    outputs = bytes([codes[0], codes[1], codes[4], codes[5]])
    block = b"\xf0\x11" + reals  # 32 bytes as they are, in LZ4's format
    planes = b"\xf0\x11" + b"".join(reals[offset::4] for offset in range(4))

    def kept(name: str, data: bytes, packing: str = "") -> Transcript:
        talk = Transcript(name).hello().host(request(2, store)).answer(2, "store", have="0")
        talk.host(request(3, f"keep offset=0 size_bytes=32{packing} data={b64(data)}")).answer(3, "keep", have="32")
        talk.host(request(4, "infer first=0 count=2 offset=0 reset=alone"))
        crc = f"{zlib.crc32(codes):08x}"
        return talk.answer(4, "infer", first="0", count="2", input_crc32=crc, data=b64(outputs))

    whole = kept("a_test_set_is_kept", reals).host(request(5, store)).answer(5, "store", have="32")
    whole.host(request(6, "infer first=1 count=2 offset=0 reset=alone")).refused(6, "bad_request")
    whole.host(request(7, store.replace("=32", "=33"))).answer(7, "store", have="0")
    whole.host(request(8, "infer first=0 count=1 offset=0 reset=alone")).refused(8, "bad_request")
    wrong = (
        Transcript("a_test_set_that_came_wrong_is_none").hello().host(request(2, store)).answer(2, "store", have="0")
    )
    wrong.host(request(3, f"keep offset=0 size_bytes=32 data={b64(bytes(32))}")).answer(3, "keep", have="0")
    wrong.host(request(4, "infer first=0 count=2 offset=0 reset=alone")).refused(4, "bad_request")
    gap = Transcript("a_test_set_has_no_gaps").hello().host(request(2, store)).answer(2, "store", have="0")
    gap.host(request(3, f"keep offset=4 size_bytes=4 data={b64(reals[4:8])}")).refused(3, "bad_request")
    huge = Transcript("a_test_set_beyond_all_room").hello()
    huge.host(request(2, store.replace("=32", "=4294967295"))).refused(2, "bad_request")
    packed = Transcript("windows_in_a_block").hello()
    packed.host(
        request(2, f"infer first=3 count=2 offset=0 reset=alone packing=lz4 data={b64(bytes([0x80]) + b'abcdefgh')}")
    )
    packed.answer(2, "infer", first="3", count="2", data=b64(b"abef"))
    packed.host(request(3, f"infer first=3 count=2 offset=0 packing=lz4 data={b64(b'abcdefgh')}")).refused(
        3, "bad_request"
    )
    return [
        whole, wrong, gap, huge, packed,
        kept("a_test_set_comes_in_a_block", block, " packing=lz4"),
        kept("a_test_set_comes_in_planes", planes, " packing=planes"),
    ]  # fmt: skip


def state_transcripts() -> list[Transcript]:
    """The second output byte counts the windows since the last reset."""

    def windows(count: int, reset: str = "", raw: bytes = b"") -> str:
        return f"infer first=0 count={count} offset=0 data={b64(raw or b'aa..' * count)}{reset and f' reset={reset}'}"

    def answer(talk: Transcript, number: int, raw: bytes) -> Transcript:
        return talk.answer(number, "infer", first="0", count=str(len(raw) // 2), data=b64(raw))

    kept, words = Transcript("state_is_kept_between_requests").hello(), Transcript("state_is_reset").hello()
    for number, raw in ((2, b"aaab"), (3, b"acad")):
        answer(kept.host(request(number, windows(2))), number, raw)
    for number, word, raw in ((2, "", b"aaabac"), (3, "first", b"aaabac"), (4, "each", b"aaaaaa"), (5, "", b"abacad")):
        answer(words.host(request(number, windows(3, word))), number, raw)
    words.host(request(6, windows(1, "never"))).refused(6, "bad_request")
    pieces = answer(Transcript("the_last_pieces_reset_counts").hello().host(request(2, windows(1))), 2, b"aa")
    tail = f"infer first=0 count=1 offset=1 data={b64(b'a..')}"
    for number, ends, raw in ((3, ("", ""), b"ab"), (5, (" reset=first", ""), b"ac"), (7, ("", " reset=each"), b"aa")):
        pieces.host(request(number, windows(1, raw=b"a") + ends[0])).answer(number, "infer", first="0", count="0")
        answer(pieces.host(request(number + 1, tail + ends[1])), number + 1, raw)
    bench = answer(Transcript("bench_leaves_state_reset").hello().host(request(2, windows(2))), 2, b"aaab")
    bench.host(request(3, "bench warmup=0 invocations=2")).answer(3, "bench", True)
    return [kept, words, pieces, answer(bench.host(request(4, windows(1))), 4, b"aa")]


def raw_transcripts() -> list[Transcript]:
    """Of six raw bytes the input is the first four, each plus the settings' word."""

    def crc(made: bytes) -> bytes:
        return zlib.crc32(made).to_bytes(4, "little")

    def raw(count: int, data: bytes, more: str = "", offset: int = 0) -> str:
        return f"infer_raw first=3 count={count} offset={offset} data={b64(data)}{more}"

    def answer(talk: Transcript, number: int, count: int, data: bytes) -> Transcript:
        return talk.answer(number, "infer_raw", first="3", count=str(count), data=b64(data))

    outputs = Transcript("raw_windows").hello().host(request(2, raw(2, b"abcdefghijkl", " reset=each")))
    inputs = Transcript("raw_windows_with_inputs").hello()
    inputs.host(request(2, raw(2, b"abcdefghijkl", " reset=each settings=2 inputs=yes")))
    pieces = Transcript("a_raw_window_in_pieces").hello().host(request(2, raw(1, b"abcd", " inputs=yes")))
    pieces.answer(2, "infer_raw", first="3", count="0").host(request(3, raw(1, b"ef", " inputs=yes", 4)))
    bench = answer(
        Transcript("bench_on_the_last_raw_window").hello().host(request(2, raw(1, b"abcdef"))),
        2,
        1,
        b"ab" + crc(b"abcd"),
    )
    bench.host(request(3, "bench warmup=0 invocations=1"))
    refused = (
        Transcript("raw_windows_that_are_none").hello().host(request(2, raw(2, b"abcdef"))).refused(2, "bad_request")
    )
    refused.host(request(3, raw(1, b"abcdef", " inputs=no"))).refused(3, "bad_request")
    refused.host(request(4, raw(1, b"abcdef", " settings=-1"))).refused(4, "bad_request")
    packed = Transcript("raw_windows_in_a_block").hello()
    block = b64(bytes([0xC0]) + b"abcdefghijkl")
    packed.host(request(2, f"infer_raw first=3 count=2 offset=0 reset=alone packing=lz4 data={block}"))
    answer(packed, 2, 2, b"ab" + crc(b"abcd") + b"gh" + crc(b"ghij"))
    packed.host(request(3, f"infer_raw first=3 count=2 offset=0 packing=planes data={block}")).refused(3, "bad_request")
    forgot = Transcript("raw_windows_forget_a_window_begun").hello()
    forgot.host(request(2, f"infer first=0 count=1 offset=0 data={b64(b'ab')}")).answer(
        2, "infer", first="0", count="0"
    )
    answer(forgot.host(request(3, raw(1, b"abcdef", " reset=each"))), 3, 1, b"ab" + crc(b"abcd"))
    forgot.host(request(4, f"infer first=0 count=1 offset=2 data={b64(b'cd')}")).refused(4, "bad_request")
    early = Transcript("raw_windows_that_are_alone_overtake").hello()
    answer(early.host(request(3, raw(1, b"ghijkl", " reset=alone"))), 3, 1, b"gh" + crc(b"ghij"))
    answer(early.host(request(2, raw(1, b"abcdef", " reset=alone"))), 2, 1, b"ab" + crc(b"abcd"))
    early.host(request(4, "bench warmup=0 invocations=1"))  # on the window of the higher number
    return [
        kept_raw_windows(), packed, forgot,
        early.answer(4, "bench", warmup="0", invocations="1", input_crc32=f"{zlib.crc32(b'ghij'):08x}"),
        answer(outputs, 2, 2, b"ab" + crc(b"abcd") + b"gh" + crc(b"ghij")),
        answer(inputs, 2, 2, b"cdcdefijijkl"),
        answer(pieces, 3, 1, b"ababcd"),
        bench.answer(3, "bench", warmup="0", invocations="1", input_crc32=f"{zlib.crc32(b'abcd'):08x}"),
        refused,
    ]  # fmt: skip


def kept_raw_windows() -> Transcript:
    """Three raw windows that the device keeps, run once and once more, and some that are not there."""
    content = b"abcdefghijklmnopqr"
    store = f"store sha256={hashlib.sha256(content).hexdigest()} size_bytes={len(content)}"
    talk = Transcript("raw_windows_are_kept").hello().host(request(2, "infer_raw first=0 count=1 offset=0"))
    talk.refused(2, "bad_request").host(request(3, store)).answer(3, "store", have="0")
    talk.host(request(4, f"keep offset=0 size_bytes={len(content)} data={b64(content)}")).answer(4, "keep", have="18")
    made = [(b"ghij", b"ghij"[:2]), (b"mnop", b"mnop"[:2])]
    checked = b"".join(output + zlib.crc32(window).to_bytes(4, "little") for window, output in made)
    talk.host(request(5, "infer_raw first=1 count=2 offset=0 reset=alone"))
    talk.answer(5, "infer_raw", first="1", count="2", data=b64(checked))
    talk.host(request(6, "infer_raw first=2 count=1 offset=0 reset=alone settings=1 inputs=yes"))
    talk.answer(6, "infer_raw", first="2", count="1", data=b64(b"nonopq"))
    talk.host(request(7, "infer_raw first=2 count=2 offset=0 reset=alone")).refused(7, "bad_request")
    return talk.host(request(8, "infer_raw first=0 count=0 offset=0")).refused(8, "bad_request")


def flat(vectors: dict[str, Any]) -> str:
    rows: list[list[str]] = []
    for item in vectors["streams"]:
        rows += [["stream", item["name"], str(item["limit"])], ["bytes", item["hex"]]]
        rows += [flat_event(event) for event in item["events"]] + [["end"]]
    for item in vectors["transcripts"]:
        rows.append(["transcript", item["name"], item["boot_id"], str(item["rx_line_bytes"])])
        for step in item["steps"]:
            rows += [["host", step["host"]], *map(flat_reply, step["replies"])]
        rows.append(["end"])
    return "".join("\t".join(row) + "\n" for row in rows)


def flat_event(event: Event) -> list[str]:
    if "record" not in event:
        return [str(part) for pair in event.items() for part in pair]
    found = event["record"]
    head = ["record", found["direction"], str(found["sequence"]), found["id"], found["kind"]]
    return head + flat_fields(found["fields"])


def flat_reply(reply: dict[str, Any]) -> list[str]:
    head = ["reply", str(reply["sequence"]), reply["kind"], "open" if reply["open"] else "closed"]
    head.append("frame" if reply["framed"] else "line")
    return head + flat_fields(reply["fields"])


def flat_fields(fields: list[list[str]]) -> list[str]:
    return [f"{key}={value.encode().hex()}" for key, value in fields]


def all_vectors() -> dict[str, Any]:
    streams = valid_streams() + console_streams() + framed_streams() + bounded_streams() + invalid_streams()
    return {"version": 3, "streams": streams, "transcripts": transcripts()}


if __name__ == "__main__":
    VECTORS = all_vectors()
    (FOLDER / "vectors.json").write_text(json.dumps(VECTORS, indent=1, ensure_ascii=False) + "\n")
    (FOLDER / "vectors.txt").write_text(flat(VECTORS))
