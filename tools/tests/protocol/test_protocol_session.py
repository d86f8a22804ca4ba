"""The host session against a device, over a line that alters, loses, repeats and replays."""

from __future__ import annotations

import dataclasses
import random
import zlib
from collections import Counter
from collections.abc import Callable

import pytest
from echo_board import HELLO, EchoBoard
from make_vectors import line

from tinygate.errors import IdentityError, InputError, LinkError, TargetError
from tinygate.protocol import (
    Answer,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    BootChangedError,
    Decoder,
    Error,
    ErrorCode,
    Hello,
    HelloRequest,
    HostSession,
    Infer,
    InferRequest,
    LayoutRequest,
    Message,
    Ready,
    Record,
    RefusedError,
    Reset,
    RestartRequest,
    Tensor,
    Text,
    UnansweredError,
    encode,
    tensor_lists,
)
from tinygate.protocol.framing import Direction
from tinygate.protocol.line_messages import LoopbackRequest
from tinygate.protocol.order import ReplyLog
from tinygate.protocol.outbox import Outbox

NONCE = "5eed0001"
NO_TENSORS = tensor_lists("input", ()) | tensor_lists("output", ())
ARENA = Arena(used_bytes=700, configured_bytes=1024, pointer_bits=32)


def unaltered(data: bytes) -> bytes:
    return data


def pump(session: HostSession, board: EchoBoard, line: Callable[[bytes], bytes] = unaltered) -> list[Message]:
    """Move bytes until all requests are answered; `line` is what the way back does to them."""
    answers: list[Message] = []
    for _ in range(10_000):
        if session.done:
            return answers
        events = session.receive(line(board.receive(session.outgoing())))
        answers += [event.message for event in events if isinstance(event, Answer)]
    raise AssertionError("the session never came to an end")


def noise(size: int) -> bytes:
    """A window that no packing makes shorter."""
    return random.randbytes(size)


def opened(board: EchoBoard) -> HostSession:
    session = HostSession(NONCE)
    session.open()
    pump(session, board)
    return session


def limits(input_bytes: int, output_bytes: int, line: int = 2048, window: int = 8192) -> Hello:
    tensors = tensor_lists("input", (Tensor("int8", (1, input_bytes), 0.5, 0, input_bytes),))
    tensors |= tensor_lists("output", (Tensor("int8", (1, output_bytes), 0.5, 0, output_bytes),))
    return dataclasses.replace(HELLO, **tensors, rx_line_bytes=line, rx_window_bytes=window)  # type: ignore[arg-type]


def test_hello_opens_the_session_and_says_who_answers() -> None:
    session = opened(EchoBoard())
    assert (session.hello, session.boot_id) == (HELLO, "0badcafe")


def test_a_board_that_boots_late_is_greeted_again() -> None:
    session, board = HostSession(NONCE), EchoBoard()
    session.open()
    session.outgoing()
    session.open()
    assert pump(session, board) == [HELLO]


def test_a_hello_that_arrives_twice_opens_once() -> None:
    session, board = HostSession(NONCE), EchoBoard()
    session.open()
    session.open()
    session.request(ArenaRequest())
    assert pump(session, board) == [HELLO, ARENA]
    assert session.counts["repeated_replies"] == 1


def test_an_unasked_hello_is_an_event_and_opens_nothing() -> None:
    session, board = HostSession(NONCE), EchoBoard()
    board.session.ready(HELLO)
    assert list(session.receive(board.session.outgoing())) == [Ready("0badcafe", HELLO)]
    assert session.hello is None


def test_nothing_but_hello_is_sent_before_its_answer() -> None:
    session = HostSession(NONCE)
    session.request(ArenaRequest())
    session.open()
    assert b"arena" not in session.outgoing()


@pytest.mark.parametrize(
    ("input_bytes", "output_bytes", "count"),
    [(1200, 28, 50), (300, 7, 500), (150, 7, 500), (27_648, 10, 3), (8, 9000, 4)],
)
def test_all_windows_come_back_in_order(input_bytes: int, output_bytes: int, count: int) -> None:
    board = EchoBoard(hello=limits(input_bytes, min(input_bytes, output_bytes)))
    windows = [index.to_bytes(4, "little") * (input_bytes // 4) + bytes(input_bytes % 4) for index in range(count)]
    session = opened(board)
    session.infer(windows, first=1000)
    answers = [message for message in pump(session, board) if isinstance(message, Infer)]
    assert b"".join(answer.data for answer in answers) == b"".join(window[:output_bytes] for window in windows)
    assert next(answer.first for answer in answers if answer.count) == 1000


def test_three_requests_are_in_flight_even_where_the_window_is_one_line() -> None:
    session = opened(EchoBoard(hello=limits(1200, 7, line=4096, window=4096)))
    session.infer(noise(1200) for _ in range(10))
    assert session.outgoing().count(b"\r\n") >= 3


@pytest.mark.parametrize("input_bytes", [150, 300, 1200, 27_648])
def test_credit_is_used_and_never_exceeded(input_bytes: int) -> None:
    board = EchoBoard(hello=limits(input_bytes, 7))
    session = opened(board)
    session.infer(noise(input_bytes) for _ in range(100))
    sent = session.outgoing()
    assert 8192 / 2 < len(sent) == session.in_flight_bytes <= 8192
    assert session.outgoing() == b""


def test_a_request_that_waits_for_credit_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    session, encoded = opened(EchoBoard(hello=limits(1200, 7))), Counter[int]()

    def counting(record: Record, framed: bool) -> bytes:
        encoded[record.sequence] += 1
        return encode(record, framed=framed)

    monkeypatch.setattr("tinygate.protocol.outbox.encode", counting)
    session.infer(noise(1200) for _ in range(20))
    for _ in range(5):
        session.outgoing()
    assert set(encoded.values()) == {1}


def test_encoding_does_not_read_what_it_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygate.protocol.framing._parse", None)
    assert encode(Record(Direction.REQUEST, 7, NONCE, "arena", (("x_a", "1 %"),))).startswith(b"@TG")


@pytest.mark.parametrize(("input_bytes", "least"), [(150, 0.93), (300, 0.93), (1200, 0.93), (27_648, 0.93)])
def test_data_moves_close_to_the_base64_bound(input_bytes: int, least: float) -> None:
    board = EchoBoard(hello=limits(input_bytes, 7))
    session, sent = opened(board), 0
    session.infer(noise(input_bytes) for _ in range(90))
    while not session.done:
        data = session.outgoing()
        sent += len(data)
        list(session.receive(board.receive(data)))
    assert input_bytes * 90 * 4 / 3 / sent > least


def test_long_benches_arrive_as_one_answer() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(BenchRequest(1, 1000))
    (incoming,) = board.session.feed(session.outgoing())
    bench = Bench(1, 1000, "00000000", 12, tuple(range(1000)), tuple(range(1000)))
    board.session.reply(incoming, bench)
    (answer,) = session.receive(board.session.outgoing())
    assert answer == Answer(BenchRequest(1, 1000), bench)


def test_console_text_is_reported_and_never_a_result() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    reply = board.receive(session.outgoing())
    events = list(session.receive(b"I (1) main: used=9999\r\nno newline" + reply))
    assert events == [Text(b"I (1) main: used=9999"), Text(b"no newline"), Answer(ArenaRequest(), ARENA)]


def test_a_number_cut_by_a_pause_is_no_value_yet() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    reply = board.receive(session.outgoing())
    assert list(session.receive(reply[:60])) == []
    assert len(list(session.receive(reply[60:]))) == 1


class Once:
    """Does something to the bytes of one call, the first that it changes."""

    def __init__(self, change: Callable[[bytes], bytes]) -> None:
        self.change, self.done = change, False

    def __call__(self, data: bytes) -> bytes:
        if self.done:
            return data
        changed = self.change(data)
        self.done = changed != data
        return changed


def test_an_altered_reply_is_asked_for_again_and_carried_out_once() -> None:
    board = EchoBoard()
    session = opened(board)
    session.infer([b"abcd"] * 3, resets=[0])  # the second byte counts the windows since the reset
    session.request(ArenaRequest())
    answers = pump(session, board, Once(lambda data: data.replace(b"data=Y", b"data=X")))
    assert answers == [ARENA, Infer(0, 3, b"abacad")]
    assert (session.counts["bad_crc"], session.counts["repairs"]) == (1, 1)


def test_an_altered_request_is_sent_again() -> None:
    board, spoil = EchoBoard(), Once(lambda data: data.replace(b"arena", b"brena"))
    session = opened(board)
    session.request(ArenaRequest())
    list(session.receive(board.receive(spoil(session.outgoing()))))
    assert pump(session, board) == [ARENA]
    assert session.counts["device_bad_crc"] == 1


@pytest.mark.parametrize("lost", [0, 1, 2])
@pytest.mark.parametrize("resets", [None, [0]])
@pytest.mark.parametrize("framed", [True, False])
def test_a_lost_request_is_carried_out_all_the_same(lost: int, resets: list[int] | None, framed: bool) -> None:
    board = EchoBoard(hello=limits(300, 2, line=1024, window=4096))
    session, windows = opened(board), [b"a" + bytes([number]) + noise(298) for number in range(9)]
    session.write_frames(framed)
    session.infer(windows, resets=resets)
    session.request(ArenaRequest())
    end = b"\0" if framed else b"\r\n"
    sent = [part for part in session.outgoing().split(end) if part]
    del sent[lost]
    both = (end if framed else b"") + end
    answers = list(session.receive(board.receive(b"".join(end * framed + part + both[-len(end) :] for part in sent))))
    messages = [answer.message for answer in answers if isinstance(answer, Answer)] + pump(session, board)
    outputs = sorted((m.first, m.data) for m in messages if isinstance(m, Infer))
    counts = range(9) if resets else [0] * 9
    expected = b"".join(b"a" + bytes([number + since]) for number, since in zip(range(9), counts, strict=True))
    assert b"".join(data for _, data in outputs) == expected
    assert session.counts["repairs"] >= 1


def three_replies(board: EchoBoard, session: HostSession) -> list[bytes]:
    session.request(*[ArenaRequest()] * 3)
    return board.receive(session.outgoing()).splitlines(keepends=True)


@pytest.mark.parametrize("order", [(0, 2), (0, 0, 1, 2), (1, 0), (2,)])
def test_lost_and_repeated_replies_are_made_good(order: tuple[int, ...]) -> None:
    board = EchoBoard()
    session = opened(board)
    replies = three_replies(board, session)
    found = list(session.receive(b"".join(replies[index] for index in order)))
    assert session.ping()
    answers = [event.request for event in found if isinstance(event, Answer)]
    while not session.done:
        events = session.receive(board.receive(session.outgoing()))
        answers += [event.request for event in events if isinstance(event, Answer)]
    assert answers.count(ArenaRequest()) == 3


def test_a_number_far_ahead_is_no_gap() -> None:
    session = opened(EchoBoard())
    session.request(ArenaRequest())
    session.outgoing()
    with pytest.raises(LinkError, match="lost"):
        list(session.receive(line(f"@TG3 R 91 0badcafe restart re=2 nonce={NONCE} re_crc32=0badcafe")))


def test_a_line_that_loses_too_much_is_the_labs() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(*[ArenaRequest()] * 400)
    with pytest.raises(LinkError, match="too bad"):
        pump(session, board, lambda data: data.replace(b"used_bytes", b"used_bites"))


def test_events_before_a_fault_are_delivered_and_the_fault_stays() -> None:
    board = EchoBoard()
    session = opened(board)
    replies = three_replies(board, session)
    events = session.receive(replies[0] + line(f"@TG3 R 99 0badcafe restart re=3 nonce={NONCE} re_crc32=0badcafe"))
    assert next(events) == Answer(ArenaRequest(), ARENA)
    for attempt in (lambda: next(events), lambda: session.done, session.outgoing):
        with pytest.raises(LinkError):
            attempt()


def test_events_left_unread_come_at_the_next_call() -> None:
    board = EchoBoard()
    session = opened(board)
    session.receive(b"".join(three_replies(board, session)))
    assert len(list(session.receive(b""))) == 3


def test_a_replayed_transcript_has_a_stale_nonce() -> None:
    board, old, new = EchoBoard(), HostSession("01dd0001"), HostSession(NONCE)
    old.open()
    recorded = board.receive(old.outgoing())
    new.open()
    with pytest.raises(IdentityError, match="01dd0001"):
        list(new.receive(recorded))


def test_late_replies_to_an_older_session_are_let_pass_before_hello() -> None:
    board, old, new = EchoBoard(), HostSession("01dd0001"), HostSession(NONCE)
    old.open()
    pump(old, board)
    late = b"".join(three_replies(board, old))
    new.open()
    assert len(list(new.receive(late + board.receive(new.outgoing())))) == 1
    assert new.counts["stale"] == 3


@pytest.mark.parametrize("announced", [True, False])
def test_a_silent_reset_voids_the_session(announced: bool) -> None:
    session = opened(EchoBoard())
    session.request(ArenaRequest())
    rebooted = EchoBoard("11112222", dataclasses.replace(HELLO, reset_reason="brownout"))
    if announced:
        rebooted.session.ready(rebooted.hello)
    with pytest.raises(BootChangedError, match="brownout" if announced else "unknown"):
        list(session.receive(rebooted.receive(session.outgoing())))


def test_a_restart_that_was_asked_for_opens_anew() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(RestartRequest(arena_bytes=900))
    pump(session, board)
    rebooted = EchoBoard("11112222")
    rebooted.session.ready(HELLO)
    assert list(session.receive(rebooted.session.outgoing())) == [Ready("11112222", HELLO)]
    session.open()
    pump(session, rebooted)
    assert session.boot_id == "11112222"


def test_a_refusal_names_code_and_request_and_the_session_goes_on() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(LayoutRequest(), ArenaRequest())
    with pytest.raises(RefusedError) as caught:
        pump(session, board)
    assert (caught.value.code, caught.value.request) == (ErrorCode.UNSUPPORTED, LayoutRequest())
    assert pump(session, board) == [ARENA]


def answer_with(message: Message) -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    (incoming,) = board.session.feed(session.outgoing())
    board.session.reply(incoming, message)
    list(session.receive(board.session.outgoing()))


def test_an_answer_of_another_kind_is_the_devices_fault() -> None:
    with pytest.raises(TargetError, match="arena with infer"):
        answer_with(Infer(0, 0))


def reply_line(**fields: str) -> bytes:
    """The reply that comes next after hello, with some fields of its own."""
    asked = encode(
        Record(Direction.REQUEST, 2, NONCE, "infer", InferRequest(0, 1, 0, b"abcd", Reset.ALONE).to_fields())
    )
    crc32 = asked[-10:-2].decode()
    own = {"re": "2", "nonce": NONCE, "re_crc32": crc32, "first": "0", "count": "1", "data": "AAAA"} | fields
    return encode(Record(Direction.REPLY, 1, "0badcafe", "infer", tuple(own.items())))


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (reply_line(nonce="01dd0001"), IdentityError),
        (reply_line(part="2/2"), TargetError),
        (reply_line(part="2/1"), TargetError),
        (reply_line(part="0/1"), TargetError),
        (reply_line(re="x"), TargetError),
        (reply_line(more="1"), TargetError),
        (reply_line(data="AAA"), TargetError),
        (reply_line(count="-1"), TargetError),
        (reply_line(re="3"), LinkError),
        (reply_line(re_crc32="0badcafe"), LinkError),
        (reply_line(re_crc32="none"), TargetError),
        (line("@TG3 R 1 0badcafe infer re=2 re=2"), TargetError),
    ],
)
def test_a_lawful_line_with_an_unlawful_answer_is_an_error(line: bytes, error: type[Exception]) -> None:
    session = opened(EchoBoard())
    session.infer([b"abcd"])
    session.outgoing()
    with pytest.raises(error):
        list(session.receive(line))


def test_parts_that_disagree_are_the_devices_fault() -> None:
    session = opened(EchoBoard())
    session.infer([b"abcd"])
    session.outgoing()
    assert list(session.receive(reply_line(part="1/2"))) == []
    (first,) = Decoder().feed(reply_line(part="2/2", first="1"))
    assert isinstance(first, Record)
    second = encode(dataclasses.replace(first, sequence=2))
    with pytest.raises(TargetError, match="disagree"):
        list(session.receive(second))


def test_a_wrong_nonce_reported_by_the_device_is_an_identity_error() -> None:
    with pytest.raises(IdentityError):
        answer_with(Error(ErrorCode.WRONG_NONCE, "another host spoke"))


def test_windows_of_the_wrong_length_are_refused_before_sending() -> None:
    session = opened(EchoBoard())
    session.infer([b"1234", b"12345"])
    for _ in range(2):
        with pytest.raises(InputError, match="5 bytes"):
            session.outgoing()


def test_infer_on_a_board_without_usable_model_says_why() -> None:
    hello = dataclasses.replace(HELLO, model_status="arena_too_small", **NO_TENSORS)  # type: ignore[arg-type]
    session = opened(EchoBoard(hello=hello))
    with pytest.raises(TargetError, match="arena_too_small"):
        session.infer([b"1234"])


def test_an_echo_of_requests_is_ignored() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    sent = session.outgoing()
    assert list(session.receive(sent + board.receive(sent))) == [Answer(ArenaRequest(), ARENA)]


@pytest.mark.parametrize("field", ["data=YWJjZA==", "reset=alone"])
def test_a_request_that_was_altered_and_sealed_again_is_the_links_fault(field: str) -> None:
    board = EchoBoard()
    session = opened(board)
    session.infer([b"abcd"])
    body = session.outgoing().rpartition(b" *")[0]
    altered = body.replace(field.encode(), {"data": b"data=YWJjZQ==", "rese": b"reset=first"}[field[:4]])
    assert altered != body
    with pytest.raises(LinkError, match="altered on its way"):
        list(session.receive(board.receive(b"%s *%08x\r\n" % (altered, zlib.crc32(altered)))))


def test_a_request_altered_into_an_unlawful_one_is_the_links_fault_too() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    body = session.outgoing().rpartition(b" *")[0].replace(b"arena", b"dance")
    with pytest.raises(LinkError, match="altered on its way"):
        list(session.receive(board.receive(b"%s *%08x\r\n" % (body, zlib.crc32(body)))))


def pinged(lost: str) -> HostSession:
    """A session that has asked for the arena, lost what was sent or came back, and asked whether all is answered."""
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    sent = session.outgoing()
    board.receive(sent if lost == "reply" else b"")
    assert session.ping()
    list(session.receive(board.receive(session.outgoing())))
    return session


@pytest.mark.parametrize("lost", ["request", "reply"])
def test_what_was_lost_is_sent_again_when_the_device_answers_a_later_hello(lost: str) -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    sent = session.outgoing()
    board.receive(sent if lost == "reply" else b"")
    assert session.ping()
    assert pump(session, board)[-1] == ARENA
    assert session.counts["repairs"] == 1


def test_a_request_that_is_never_answered_shows_in_the_end() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest(), BenchRequest(1, 1))

    def ask_without_arena() -> None:
        for _ in range(40):
            sent = b"".join(part for part in session.outgoing().splitlines(keepends=True) if b" arena" not in part)
            list(session.receive(board.receive(sent)))
            session.ping()

    with pytest.raises(UnansweredError, match="arena request was not answered"):
        ask_without_arena()


def test_an_answer_that_is_kept_no_more_is_asked_for_anew() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    board.receive(session.outgoing())
    board.session._log = ReplyLog(0)
    session.resend()
    assert pump(session, board) == [ARENA]
    session.infer([b"abcd"], resets=[])
    board.receive(session.outgoing())
    board.session._log = ReplyLog(0)
    session.resend()
    with pytest.raises(UnansweredError):  # carried out once more, it would find another state
        pump(session, board)


def test_frames_and_lines_of_one_request_are_both_it() -> None:
    board = EchoBoard()
    session = opened(board)
    session.write_frames(True)
    session.request(ArenaRequest())
    late = board.receive(session.outgoing())
    session.write_frames(False)
    session.resend()
    assert [event.message for event in session.receive(late) if isinstance(event, Answer)] == [ARENA]
    assert pump(session, board) == []


def test_a_device_that_was_only_slow_answers_both() -> None:
    board = EchoBoard()
    session = opened(board)
    session.request(ArenaRequest())
    sent = session.outgoing()
    assert session.ping()
    answers = list(session.receive(board.receive(sent + session.outgoing())))
    assert [type(answer.request) for answer in answers if isinstance(answer, Answer)] == [ArenaRequest, HelloRequest]
    assert session.done


def test_console_text_is_known_before_its_line_ends() -> None:
    session = opened(EchoBoard())
    list(session.receive(b"Guru Meditation"))
    assert session.unfinished == b"Guru Meditation"


def test_lines_are_shorter_where_many_are_damaged() -> None:
    outbox = Outbox(NONCE, Counter())
    hello = dataclasses.replace(HELLO, rx_line_bytes=4096, rx_window_bytes=12_288, data_bytes=8192)
    outbox.add(LoopbackRequest(bytes(3000)) for _ in range(60))
    assert outbox.best_line_bytes == 4096
    for _ in range(30):
        line = outbox.next_line(hello)
        outbox.lose_oldest()
        assert line == outbox.next_line(hello)  # again
        outbox.in_flight.clear()
    assert 512 <= outbox.best_line_bytes < 1200  # every second line of 4 kB
    outbox.settled()
    assert outbox.best_line_bytes == 4096
