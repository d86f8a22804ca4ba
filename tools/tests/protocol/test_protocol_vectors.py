"""Decoder and device against vectors.json, which the C++ side passes too."""

from __future__ import annotations

import base64
import json
from typing import Any

import make_vectors
import pytest
from echo_board import HELLO, EchoBoard

from tinygate.protocol import Damaged, Decoder, Event, Record, Text, encode

VECTORS = json.loads((make_vectors.FOLDER / "vectors.json").read_text())
STREAMS = {item["name"]: item for item in VECTORS["streams"]}
TRANSCRIPTS = {item["name"]: item for item in VECTORS["transcripts"]}


def as_json(event: Event) -> dict[str, Any]:
    if isinstance(event, Text):
        return {"text": event.raw.hex()}
    if isinstance(event, Damaged):
        return {"damaged": event.reason}
    fields = dict(shown(event))
    return make_vectors.record(event.direction, event.sequence, event.ident, event.kind, **fields)


def shown(record: Record) -> list[list[str]]:
    """Return the fields as vectors show them: data in base64, however it came."""
    return [
        [key, base64.b64encode(value).decode() if isinstance(value, bytes) else value] for key, value in record.fields
    ]


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_decoder_gives_the_events_of_each_stream(name: str, step: int) -> None:
    stream, raw = STREAMS[name], bytes.fromhex(STREAMS[name]["hex"])
    decoder = Decoder(stream["limit"])
    events = [event for start in range(0, len(raw), step) for event in decoder.feed(raw[start : start + step])]
    assert [as_json(event) for event in events] == stream["events"]


@pytest.mark.parametrize("name", [name for name in STREAMS if name in ("request_without_fields", "escaped_values")])
def test_encoding_gives_the_bytes_of_the_stream(name: str) -> None:
    raw = bytes.fromhex(STREAMS[name]["hex"])
    (event,) = Decoder().feed(raw)
    assert isinstance(event, Record)
    assert encode(event) == raw


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_device_answers_each_transcript(name: str) -> None:
    board, decoder = EchoBoard(TRANSCRIPTS[name]["boot_id"], HELLO), Decoder()
    assert TRANSCRIPTS[name]["rx_line_bytes"] == HELLO.rx_line_bytes
    for step in TRANSCRIPTS[name]["steps"]:
        replies = decoder.feed(board.receive(bytes.fromhex(step["host"])))
        assert len(replies) == len(step["replies"]), replies
        for reply, expected in zip(replies, step["replies"], strict=True):
            compare(reply, expected)


def compare(reply: Event, expected: dict[str, Any]) -> None:
    assert isinstance(reply, Record)
    expected_head = (expected["sequence"], expected["kind"], expected["framed"])
    assert (reply.sequence, reply.kind, reply.framed) == expected_head
    fields = shown(reply)
    assert (fields[: len(expected["fields"])] if expected["open"] else fields) == expected["fields"]


def test_vector_files_are_what_the_cases_say() -> None:
    assert make_vectors.all_vectors() == VECTORS
    assert make_vectors.flat(VECTORS) == (make_vectors.FOLDER / "vectors.txt").read_text()
