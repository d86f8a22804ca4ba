"""The application answers the protocol's transcripts, which the firmware must answer identically."""

from __future__ import annotations

import base64
import json
from importlib.resources import files
from typing import Any

import pytest

from tinygate.protocol import Decoder, Record, Tensor
from tinygate.virtual.app import App
from tinygate.virtual.esp32.boot import Boot, ResetReason, RtcMemory, UartRate
from tinygate.virtual.esp32.image import Application
from tinygate.virtual.interpreter import ArenaFacts

VECTORS = json.loads((files("tinygate.protocol") / "vectors.json").read_text())
FOUR_OF_SIX = """
#include <stdint.h>
#define TINYGATE_PREPROCESSING "four of six"
#define TINYGATE_RAW_DTYPE "int8"
#define TINYGATE_RAW_SAMPLES 3
#define TINYGATE_RAW_AXES 2
#define TINYGATE_RAW_BYTES 6
#define TINYGATE_INPUT_BYTES 4
static void tinygate_preprocess(const void *raw, uint32_t settings, void *input) {
    for (int i = 0; i < 4; ++i) ((uint8_t *)input)[i] = ((const uint8_t *)raw)[i] + settings;
}
"""
APPLICATION = Application(
    (), 0, "tinygate", "1", "none", "e" * 64, "tiny", b"model", "",
    preprocessing=json.dumps({"header": FOUR_OF_SIX, "described": {}}).encode(),
)  # fmt: skip


def booted() -> Boot:
    store = memoryview(bytearray(65_536))
    return Boot(APPLICATION, ResetReason.POWER_ON, RtcMemory(), b"\2\0\0\0\0\1", 1 << 22, UartRate(), store)


class FirstTwoBytes:
    """The model of docs/protocol.md: of four bytes the first two, the second plus the windows since the last reset."""

    pointer_bits, window_bytes, since_reset = 32, 4, 0
    inputs, outputs = (Tensor("int8", (1, 4), 0.5, -128, 4),), (Tensor("int8", (1, 2), 1.0, 0, 2),)
    arena, operators, structures = ArenaFacts(700, 500, 200), ("SLICE",), {"TfLiteEvalTensor": 12}

    def invoke(self, window: bytes) -> bytes:
        self.since_reset += 1
        return bytes([window[0], (window[1] + self.since_reset - 1) % 256])

    def reset(self) -> None:
        self.since_reset = 0


@pytest.mark.parametrize("transcript", VECTORS["transcripts"], ids=lambda transcript: transcript["name"])
def test_the_application_answers_the_transcript(transcript: dict[str, Any]) -> None:
    loaded: Any = FirstTwoBytes()
    app = App(booted(), loaded, 1024, transcript["boot_id"], transcript["rx_line_bytes"])
    decoder = Decoder()
    for step in transcript["steps"]:
        sent = b"".join(app.receive(bytes.fromhex(step["host"])))
        replies = [event for event in decoder.feed(sent) if isinstance(event, Record)]
        assert [(reply.sequence, reply.kind) for reply in replies] == [
            (r["sequence"], r["kind"]) for r in step["replies"]
        ]
        for reply, expected in zip(replies, step["replies"], strict=True):
            compare(reply, expected)


def compare(reply: Record, expected: dict[str, Any]) -> None:
    wanted = [tuple(field) for field in expected["fields"]]
    fields = [
        (key, base64.b64encode(value).decode() if isinstance(value, bytes) else value) for key, value in reply.fields
    ]
    assert reply.framed == expected["framed"]
    if expected["open"]:
        keys = {key for key, _ in wanted}
        assert [field for field in fields if field[0] in keys] == wanted
    else:
        assert fields == wanted
