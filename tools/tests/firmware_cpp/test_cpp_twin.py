"""The firmware's C++ codec against the vectors, and against its Python twin on bytes nobody chose."""

from __future__ import annotations

import base64
import hashlib
import itertools
import random
import subprocess
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cpp_vectors import STREAMS, TRANSCRIPTS, altered_conversations, conversations, flat, flat_expected, shown
from echo_board import EchoBoard

from tinygate.protocol import (
    Bench,
    Decoder,
    DeviceSession,
    Hello,
    HelloRequest,
    InferRawRequest,
    InferRequest,
    Message,
    Packing,
    Record,
    Reset,
    Restart,
    Tensor,
    WindowAssembly,
    encode,
)
from tinygate.protocol.cobs import cobs_encode
from tinygate.protocol.envelope import Answers, encode_reply, parse_reply
from tinygate.protocol.framing import Direction
from tinygate.protocol.packing import lz4_block
from tinygate.protocol.parts import merge
from tinygate.virtual.runner_face import RunnerFace

FUZZ_SECONDS = 10


@pytest.mark.parametrize("name", STREAMS)
def test_decoder_gives_the_events_of_each_stream(name: str, twin: Any) -> None:
    stream = STREAMS[name]
    assert twin.ask("decode", stream["limit"], stream["hex"]) == [flat_expected(event) for event in stream["events"]]


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_console_answers_each_transcript(name: str, twin: Any) -> None:
    item = TRANSCRIPTS[name]
    sent = twin.ask("talk", item["boot_id"], item["rx_line_bytes"], *(step["host"] for step in item["steps"]))
    for raw, step in zip(sent, item["steps"], strict=True):
        assert replies_in(raw, step["replies"]) == step["replies"]


def replies_in(raw: str, expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the replies in a vector's form; of a reply that is open, as many fields as expected."""
    events = Decoder().feed(bytes.fromhex(raw))
    found: list[dict[str, Any]] = []
    for event in events:
        assert isinstance(event, Record)
        wanted = expected[len(found)] if len(found) < len(expected) else {"open": False, "fields": ()}
        fields = [[key, shown(value).decode()] for key, value in event.fields]
        fields = fields[: len(wanted["fields"]) if wanted["open"] else None]
        head = {"sequence": event.sequence, "kind": event.kind, "open": wanted["open"], "framed": event.framed}
        found.append(head | {"fields": fields})
    return found


def test_both_decoders_see_the_same_in_altered_streams(twin: Any) -> None:
    for data in altered_conversations(count=1500, seed=1):
        limit = 64 if len(data) % 3 == 0 else 512
        assert twin.ask("decode", limit, data.hex() or "-") == [flat(event) for event in Decoder(limit).feed(data)]


def test_both_sessions_refuse_the_same(twin: Any) -> None:
    """Requests that pass are answered by an application, which the two do not share: only refusals are compared."""
    for data in altered_conversations(count=1500, seed=2):
        assert refusals(bytes.fromhex(twin.ask("talk", "0badcafe", 512, data.hex())[0])) == python_refusals(data)


def python_refusals(data: bytes) -> list[tuple[str, ...]]:
    session = DeviceSession("0badcafe", 512)
    for incoming in session.feed(data):
        session.reply(incoming, Restart())
    return refusals(session.outgoing())


def refusals(sent: bytes) -> list[tuple[str, ...]]:
    """Return the refusals of a session: which request, and the code."""
    errors = [
        dict(event.fields) for event in Decoder().feed(sent) if isinstance(event, Record) and event.kind == "error"
    ]
    session = ("bad_frame", "bad_crc", "too_large", "wrong_nonce", "bad_sequence", "lost", "unknown_kind")
    return [(error.get("re", ""), error["code"]) for error in errors if error["code"] in session]


def test_both_put_the_same_windows_together(twin: Any) -> None:
    """Random whole windows, pieces, gaps and wrong lengths, in one session."""
    source, assembly = random.Random(3), WindowAssembly(4)
    requests = [random_infer(source) for _ in range(3000)]
    hello, *lines = [
        encode(as_record(number, request)) for number, request in enumerate([HelloRequest(), *requests], 1)
    ]
    answers = answers_of(twin, hello, lines)
    expected = [answer_of(assembly, request) for request in requests]
    assert [answer.get("data") or answer.get("count") or answer["code"] for answer in answers] == expected
    assert {"0", "bad_request"} < set(expected)


def test_both_make_the_same_of_raw_windows(twin: Any) -> None:
    """Random whole windows, pieces and wrong lengths, settings, with and without the inputs that were made of them."""
    source, board = random.Random(4), EchoBoard()
    lines = [encode(as_record(1, HelloRequest())), *(encode(as_record(n, random_raw(source))) for n in range(2, 1500))]
    python = [board.receive(line) for line in lines]
    expected = [fields_of(event) for sent in python[1:] for event in Decoder().feed(sent)]
    assert [{**f, "detail": ""} for f in answers_of(twin, *lines[:1], lines[1:])] == [
        {**f, "detail": ""} for f in expected
    ]
    assert {"data", "code"} < {key for fields in expected for key in fields}


def random_raw(source: random.Random) -> InferRawRequest:
    size, settings = source.choice([1, 2, 4, 6, 6, 12]), source.choice([None, 1, 255, 2**32 - 1])
    numbers = (source.randrange(2), source.randrange(1, 3), source.choice([0, 0, 2, 4]))
    reset, inputs = source.choice([None, Reset.EACH, Reset.FIRST, Reset.ALONE]), source.choice([None, "yes"])
    data = source.randbytes(size)
    packing = source.choice([None, None, Packing.LZ4, Packing.PLANES])
    if packing and source.random() < 0.7:
        data = lz4_block(data * source.randrange(1, 3))
    return InferRawRequest(*numbers, source.choice([data, data, b""]), reset, packing, settings, inputs)


def answers_of(twin: Any, hello: bytes, lines: list[bytes]) -> list[dict[str, str]]:
    sent = twin.ask("talk", "0badcafe", 512, hello.hex(), *(line.hex() for line in lines))
    return [fields_of(event) for raw in sent[1:] for event in Decoder().feed(bytes.fromhex(raw))]


def fields_of(event: Any) -> dict[str, str]:
    return dict(event.fields)


def random_infer(source: random.Random) -> InferRequest:
    size = source.choice([1, 2, 3, 4, 4, 8])
    return InferRequest(
        source.randrange(2), source.randrange(3), source.choice([0, 0, 1, 2, 3]), source.randbytes(size), Reset.EACH
    )


def as_record(number: int, request: Message) -> Record:
    return Record(Direction.REQUEST, number, "5eed0001", request.KIND, request.to_fields())


def answer_of(assembly: WindowAssembly, request: InferRequest) -> str:
    """Return the outputs in base64, "0" for a piece, or the error's code."""
    try:
        windows = assembly.add(request)
    except ValueError:
        return "bad_request"
    return base64.b64encode(b"".join(window[:2] for window in windows)).decode() or "0"


@pytest.mark.parametrize("samples", [1, 200, 273, 274, 1000, 5000])
def test_long_replies_are_cut_at_the_same_places(samples: int, twin: Any) -> None:
    bench = Bench(3, samples, "0badcafe", 7, (1234567,) * samples, (5144,) * samples)
    lines = encode_reply(0, "0badcafe", bench, Answers(2, "5eed0001", "600df00d"))
    assert twin.ask("bench", samples) == [b"".join(lines).hex()]


@pytest.mark.parametrize("count", [1, 20, 80, 300])
def test_a_hello_describes_any_number_of_tensors_as_python_does(count: int, twin: Any) -> None:
    raw = bytes.fromhex(twin.ask("hello", count)[0])
    parts = [parse_reply(event)[1] for event in Decoder().feed(raw) if isinstance(event, Record)]
    hello = merge(parts)
    assert isinstance(hello, Hello)
    hello.check()
    assert len(hello.inputs) == count
    assert hello.inputs[-1].zero_point == count - 129
    assert b"".join(encode_reply(0, "0badcafe", hello, Answers(2, "5eed0001", "600df00d"))) == raw


def test_both_answer_the_public_runner_alike(twin: Any) -> None:
    commands = ["name%", "profile%", "db load 4%", "db 01028", "0ff%", "infer 2 1%", "results%", "db load 5%", "no%"]
    commands += ["db load 4%db 90000000%infer 1 0%"]  # 0.0625, half-way between two results
    commands += ["x@TG3 name%\r\n", "infer 0 0%", "db zz%", "\0\x1e\x03name%\0", "infer 1 1 1%", "db load 4%infer 1 0%"]
    since = [itertools.count()]
    model = SimpleNamespace(
        window_bytes=4,
        outputs=(Tensor("int8", (1, 2), 0.00390625, -128, 2),),
        invoke=lambda window: window[:1] + bytes([(window[1] + next(since[0])) % 256]),
        reset=lambda: since.__setitem__(0, itertools.count()),
    )
    device, face = DeviceSession("0badcafe", 512), RunnerFace(model, "ic01", lambda: 0)
    for command, raw in zip(commands, twin.ask("runner", *(c.encode("latin-1").hex() for c in commands)), strict=True):
        answers = b""
        for byte in command.encode("latin-1"):
            list(device.feed(bytes([byte])))
            answers += device.outgoing()
            if device.is_between_records:
                answers += face.receive(bytes([byte]))
            else:
                face.forget()
        sent = bytes.fromhex(raw)
        assert strip_details(sent) == strip_details(answers), command


def strip_details(sent: bytes) -> bytes:
    """Leave out records: the texts of two sessions' errors need not be the same."""
    return b"".join(line for line in sent.splitlines(keepends=True) if b"@TG3" not in line)


def test_lost_bytes_are_told_unasked(twin: Any) -> None:
    (event,) = Decoder().feed(bytes.fromhex(twin.ask("overflow")[0]))
    assert isinstance(event, Record)
    assert dict(event.fields)["code"] == "no_credit"
    assert "re" not in dict(event.fields)


@pytest.mark.parametrize("zeros", [0.0, 0.01, 0.5, 1.0])
@pytest.mark.parametrize("size", [1, 2, 253, 254, 255, 508, 509, 4000])
def test_both_stuff_alike(size: int, zeros: float, twin: Any) -> None:
    source = random.Random(size)
    data = bytes(source.randint(1, 255) if source.random() >= zeros else 0 for _ in range(size))
    assert twin.ask("cobs", data.hex()) == [f"{cobs_encode(data).hex()} {data.hex()}"]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_hashes_and_base64_agree_with_python(size: int, twin: Any) -> None:
    data = random.Random(size).randbytes(size)
    if size:
        assert twin.ask("base64", data.hex()) == [f"{base64.b64encode(data).decode()} {data.hex()}"]
    assert twin.ask("sha256", data.hex()) == [hashlib.sha256(data).hexdigest()]
    assert twin.ask("crc32", data.hex()) == [str(zlib.crc32(data))]


def test_console_survives_altered_conversations_under_sanitizers(fuzzer: Path, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.write_text("".join(f"{data.hex()}\n" for data in conversations() if data))
    run = subprocess.run([fuzzer, str(FUZZ_SECONDS), "1", seeds], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-4000:]
    assert int(run.stdout) > 100
