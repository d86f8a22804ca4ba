"""Properties of framing and messages that must hold for any input."""

from __future__ import annotations

import contextlib
import string
from itertools import pairwise

from echo_board import EchoBoard
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygate.errors import TinygateError
from tinygate.protocol import Bench, Damaged, Decoder, Event, HostSession, Infer, Record, Text, encode
from tinygate.protocol.envelope import Answers, encode_reply, parse_reply
from tinygate.protocol.framing import MAX_LINE_BYTES, PREFIX, Direction
from tinygate.protocol.messages import REPLIES, REQUESTS
from tinygate.protocol.parts import merge

settings.register_profile("protocol", deadline=None)  # a busy machine is no failure
settings.load_profile("protocol")
LOWER = string.ascii_lowercase
HEX = st.text("0123456789abcdef", min_size=8, max_size=8)
KEY = st.builds(str.__add__, st.sampled_from(LOWER), st.text(LOWER + string.digits + "_", max_size=23))
VALUE = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
FIELDS = st.dictionaries(KEY, VALUE, max_size=8).map(lambda fields: tuple(fields.items()))
RECORD = st.builds(
    Record,
    st.sampled_from(Direction),
    st.integers(0, 2**32 - 1),
    HEX,
    st.sampled_from([*REQUESTS, *REPLIES]),
    FIELDS,
)
NOISE = st.binary(max_size=60) | st.sampled_from([b"\r\n", b"@", PREFIX, b"@TG3 Q 1 ", b"\x1b[0m"])
TRAFFIC = st.lists(NOISE | RECORD.map(encode), max_size=8).map(b"".join)


def decode(*chunks: bytes, limit: int = MAX_LINE_BYTES) -> list[Event]:
    decoder = Decoder(limit)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


@given(RECORD)
def test_a_record_survives_the_line(record: Record) -> None:
    assert decode(encode(record)) == [record]


ANY_TEXT = st.text(max_size=9)


@given(
    st.builds(
        Record,
        st.sampled_from(Direction),
        st.integers(-1, 2**33),
        HEX | ANY_TEXT,
        KEY | ANY_TEXT,
        st.lists(st.tuples(KEY | ANY_TEXT, VALUE | ANY_TEXT | st.just("\ud800")), max_size=3).map(tuple),
    )
)
def test_what_is_no_record_is_not_encoded(record: Record) -> None:
    with contextlib.suppress(ValueError):
        assert decode(encode(record)) == [record]


@given(RECORD)
def test_only_printable_ascii_is_sent(record: Record) -> None:
    line = encode(record)
    assert line.endswith(b"\r\n")
    assert all(0x20 <= byte <= 0x7E for byte in line[:-2])


@given(RECORD, st.data())
def test_one_altered_byte_never_gives_another_record(record: Record, data: st.DataObject) -> None:
    line = encode(record)
    index = data.draw(st.integers(0, len(line) - 1))
    altered = data.draw(st.integers(0, 255).filter(lambda byte: byte != line[index]))
    events = decode(line[:index] + bytes([altered]) + line[index + 1 :], b"\r\n")
    assert [event for event in events if isinstance(event, Record)] in ([], [record])


@given(TRAFFIC, st.lists(st.integers(0, 600), max_size=6), st.sampled_from([40, 200, MAX_LINE_BYTES]))
def test_cutting_the_bytes_makes_no_difference(traffic: bytes, cuts: list[int], limit: int) -> None:
    edges = [0, *sorted(cut for cut in cuts if cut < len(traffic)), len(traffic)]
    chunks = [traffic[start:end] for start, end in pairwise(edges)]
    assert decode(*chunks, limit=limit) == decode(traffic, limit=limit)


@given(TRAFFIC, st.sampled_from([40, 200]))
def test_byte_by_byte_equals_all_at_once(traffic: bytes, limit: int) -> None:
    assert decode(*(bytes([byte]) for byte in traffic), limit=limit) == decode(traffic, limit=limit)


@given(st.binary(max_size=400), RECORD)
def test_noise_never_hides_the_record_after_it(noise: bytes, record: Record) -> None:
    assert decode(noise, encode(record))[-1] == record


@given(TRAFFIC)
def test_events_hold_bounded_bytes(traffic: bytes) -> None:
    events = decode(traffic, limit=50)
    assert all(len(event.raw) <= 50 for event in events if isinstance(event, Text | Damaged))


def test_a_megabyte_without_line_end_is_dropped_and_told_once() -> None:
    decoder = Decoder()
    events = [event for _ in range(256) for event in decoder.feed(b"x" * 4096)]
    assert len(events) == 1
    assert len(decoder._buffer) <= MAX_LINE_BYTES


@given(st.sampled_from([*REQUESTS.values(), *REPLIES.values()]), FIELDS)
def test_any_fields_give_a_message_or_a_value_error(cls: type, fields: tuple[tuple[str, str], ...]) -> None:
    try:
        message = cls.from_fields(fields)
    except ValueError:
        return
    assert cls.from_fields(message.to_fields()) == message


@given(st.binary(max_size=20_000))
def test_long_outputs_come_back_whole_from_parts(data: bytes) -> None:
    lines = encode_reply(0, "0badcafe", Infer(0, 1, data), Answers(7, "5eed0001", "600df00d"))
    parts = [parse_reply(record)[1] for record in decode(*lines) if isinstance(record, Record)]
    assert max(map(len, lines)) <= MAX_LINE_BYTES
    assert merge(parts) == Infer(0, 1, data)


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=2000))
@settings(max_examples=30)
def test_parallel_lists_are_cut_at_the_same_place(samples: list[tuple[int, int]]) -> None:
    assume(samples)
    cycles, latency_us = zip(*samples, strict=True)
    bench = Bench(1, len(samples), "00000000", 12, cycles, latency_us)
    lines = encode_reply(0, "0badcafe", bench, Answers(7, "5eed0001", "600df00d"))
    parts = [parse_reply(record)[1] for record in decode(*lines) if isinstance(record, Record)]
    assert merge(parts) == bench
    assert all(isinstance(part, Bench) and len(part.cycles) == len(part.latency_us) for part in parts)


@given(TRAFFIC)
def test_a_host_session_raises_only_errors_of_ours(traffic: bytes) -> None:
    session = HostSession("5eed0001")
    session.open()
    with contextlib.suppress(TinygateError):
        list(session.receive(EchoBoard().receive(session.outgoing()) + traffic))


@given(TRAFFIC)
def test_a_device_answers_the_request_after_any_noise(noise: bytes) -> None:
    board, session = EchoBoard(), HostSession("5eed0001")
    board.receive(noise)
    session.open()
    replies = decode(board.receive(session.outgoing()))
    assert isinstance(replies[-1], Record)
    assert replies[-1].kind == "hello"
