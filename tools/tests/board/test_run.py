"""The run loop against a board in memory that speaks the real protocol."""

import dataclasses
import json
import time

import numpy as np
import pytest
from fake_board import EXPECTED, HELLO, SHORT, WINDOWS, FakeBoard, measured

from tinygate import protocol
from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan, assemble
from tinygate.board.run import HELLO_AGAIN_S, measure
from tinygate.errors import IdentityError, LabError, LinkError, TargetError
from tinygate.places import BOARDS, BoardKind

PANIC = b"\r\nGuru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.\r\n"
RESET = b"rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"


def test_every_window_comes_back_in_order() -> None:
    run = measured(FakeBoard())
    np.testing.assert_array_equal(run.output, WINDOWS[:, :1])
    assert run.output.dtype == np.int8


def test_who_watches_is_told_of_every_answer_as_it_comes() -> None:
    told: list[int] = []
    measure(FakeBoard(), EXPECTED, Plan(WINDOWS, invocations=5), SHORT, watch=told.append)
    assert told == sorted(told)
    assert len(told) > 1
    assert told[-1] == len(WINDOWS)


def test_evidence_is_read_only() -> None:
    output = measured(FakeBoard()).output
    with pytest.raises(ValueError, match="read-only"):
        output[0] = 0


def test_evidence_can_be_written_down() -> None:
    written = json.loads(json.dumps(measured(FakeBoard()).to_dict()))
    assert written["hello"]["chip_id"] == HELLO.chip_id
    assert written["outputs"][0]["shape"] == [400, 1]
    assert written["bench"]["cycles"][-1] == 1004


def test_every_sample_of_the_bench_is_kept() -> None:
    bench = measured(FakeBoard()).bench
    assert bench is not None
    assert bench.cycles == (1000, 1001, 1002, 1003, 1004)


def test_a_board_that_cannot_know_time_is_not_asked_for_it() -> None:
    assert measured(FakeBoard(dataclasses.replace(HELLO, timing="none"))).bench is None


def test_an_emulator_that_counts_instructions_is_benched_all_the_same() -> None:
    plan, board = Plan(WINDOWS, invocations=5, bench_untimed=True), FakeBoard(dataclasses.replace(HELLO, timing="none"))
    board.answer = lambda request: without_times(FakeBoard.answer(board, request))  # type: ignore[method-assign]
    bench = measure(board, EXPECTED, plan, SHORT).bench
    assert bench is not None
    assert bench.invocations == 5


def without_times(message: protocol.Message) -> protocol.Message:
    is_bench = isinstance(message, protocol.Bench)
    return dataclasses.replace(message, empty_cycles=None, cycles=(), latency_us=()) if is_bench else message


def test_an_optional_answer_may_be_missing() -> None:
    assert measured(FakeBoard()).profile is None


def test_console_text_among_records_is_kept_as_evidence() -> None:
    assert "I (300) app: ready" in measured(FakeBoard(before={0: b"I (300) app: ready\r\n"})).console


@pytest.mark.parametrize("when", [0, 1, 5])
def test_a_panic_fails_the_run_even_when_good_results_follow(when: int) -> None:
    with pytest.raises(TargetError, match=r"panic: .*StoreProhibited"):
        measured(FakeBoard(before={when: PANIC}))


def test_a_crash_that_only_the_reset_reason_tells_of_fails_the_run() -> None:
    with pytest.raises(TargetError, match=r"came up after a crash: .*task_wdt"):
        measured(FakeBoard(dataclasses.replace(HELLO, reset_reason="task_wdt")))


def test_a_panic_in_the_middle_of_a_record_is_blamed_on_the_target() -> None:
    with pytest.raises(TargetError, match="panic"):
        measured(FakeBoard(before={3: b"@TG3 R 4 00c0ff" + PANIC + b"Rebooting...\r\n"}))


def test_a_task_watchdog_fails_the_run() -> None:
    with pytest.raises(TargetError, match="task watchdog"):
        measured(FakeBoard(before={2: b"E (5311) task_wdt: Task watchdog got triggered.\r\n"}))


def test_a_brown_out_is_the_labs_fault() -> None:
    with pytest.raises(LabError, match="brown-out"):
        measured(FakeBoard(before={2: b"Brownout detector was triggered\r\n"}))


def test_one_silent_reset_after_identity_fails_the_run() -> None:
    with pytest.raises(TargetError, match="reset during the run"):
        measured(FakeBoard(before={4: RESET}))


@pytest.mark.parametrize(("reason", "blamed"), [("poweron", LabError), ("panic", TargetError), ("sw", TargetError)])
def test_another_boot_id_voids_the_run_and_the_reset_reason_says_whose_fault_it_is(
    reason: str, blamed: type[Exception]
) -> None:
    board = FakeBoard(before={4: announcement("deadbeef", reason)})
    with pytest.raises(blamed, match="restarted unasked"):
        measured(board)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("model_sha256", "b" * 64, "model sha256"),
        ("app_sha256", "b" * 64, "application sha256"),
        ("target", "esp32s3", "chip"),
        ("emulated", "none", "emulation"),
    ],
)
def test_nothing_is_measured_on_the_wrong_board_app_or_model(field: str, value: str, named: str) -> None:
    board = FakeBoard(dataclasses.replace(HELLO, **{field: value}))
    with pytest.raises(IdentityError, match=named):
        measured(board)
    assert board.answered == 1


def test_the_wrong_chip_id_is_the_wrong_board() -> None:
    with pytest.raises(IdentityError, match="chip id"):
        measured(FakeBoard(), dataclasses.replace(EXPECTED, chip_id="24:0a:c4:00:00:02"))


def test_an_app_without_a_usable_model_is_the_targets_fault() -> None:
    with pytest.raises(TargetError, match="arena_too_small"):
        measured(FakeBoard(dataclasses.replace(HELLO, model_status="arena_too_small")))


def test_an_application_of_another_protocol_version_is_told_from_a_silent_one() -> None:
    board = FakeBoard()
    board.write = lambda _: None  # type: ignore[method-assign]
    board.output = b"@TG1 R 0 00c0ffee hello protocol=1 *00000000\r\n"
    with pytest.raises(TargetError, match="another version of the protocol"):
        measured(board)


def test_a_replayed_transcript_is_refused() -> None:
    board = FakeBoard()
    board.write = lambda data: setattr(board, "output", transcript())  # type: ignore[method-assign]
    with pytest.raises(IdentityError, match="nonce"):
        measured(board)


def announcement(boot_id: str, reason: str = "poweron") -> bytes:
    device = protocol.DeviceSession(boot_id, 256)
    device.ready(dataclasses.replace(HELLO, reset_reason=reason))
    return device.outgoing()


def transcript() -> bytes:
    board = FakeBoard()
    other = protocol.HostSession("0badcafe")
    other.open()
    board.write(other.outgoing())
    return board.output


def test_a_flipped_byte_is_the_links_fault() -> None:
    board = FakeBoard()
    read = board.read_available
    board.read_available = lambda deadline: read(deadline).replace(b"first=0 ", b"first=1 ")  # type: ignore[method-assign]
    with pytest.raises(LinkError, match="too bad"):
        measured(board)


def test_a_board_that_boots_is_not_disturbed_until_it_announces_itself() -> None:
    board, write, unread = FakeBoard(), FakeBoard.write, []
    board.output = b"I (80) boot: Multicore bootloader\r\n" + announcement("00c0ffee")
    board.write = lambda data: (unread.append(board.output), write(board, data))[1]  # type: ignore[method-assign]
    began = time.monotonic()
    measure(board, EXPECTED, Plan(WINDOWS, invocations=0), Deadlines(quiet_s=4))
    assert unread[0] == b""
    assert time.monotonic() - began < 2


def test_a_board_that_announces_nothing_is_asked_after_a_while() -> None:
    began = time.monotonic()
    measure(FakeBoard(), EXPECTED, Plan(WINDOWS, invocations=0), Deadlines(quiet_s=0.2))
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize("kind", BOARDS.values(), ids=BOARDS)
def test_every_kind_of_board_is_asked_before_it_is_given_up(kind: BoardKind) -> None:
    assert kind.quiet_s + 5 * HELLO_AGAIN_S < kind.boot_s


def test_a_board_that_never_speaks_is_the_labs_fault() -> None:
    board = FakeBoard()
    board.write = lambda data: None  # type: ignore[method-assign]
    with pytest.raises(LabError, match="said nothing"):
        measured(board)


def test_a_board_that_boots_and_never_says_hello_is_the_targets_fault() -> None:
    board = FakeBoard()
    board.write = lambda data: None  # type: ignore[method-assign]
    board.output = b"I (80) boot: Multicore bootloader\r\n"
    with pytest.raises(TargetError, match=r"did not say hello.*Multicore bootloader"):
        measured(board)


def test_an_app_that_stops_answering_and_shakes_hands_has_hung() -> None:
    with pytest.raises(TargetError, match="hung"):
        measured(FakeBoard(silent_after=3))


def test_a_board_that_stops_answering_anything_is_the_labs_fault() -> None:
    board = FakeBoard()
    write = board.write
    board.write = lambda data: write(data) if board.answered < 3 else None  # type: ignore[method-assign]
    with pytest.raises(LabError, match="fell silent"):
        measured(board)


def test_a_flood_of_console_text_does_not_move_the_deadline() -> None:
    board = FakeBoard(silent_after=3)
    read = board.read_available
    board.read_available = lambda deadline: read(time.monotonic()) or b"chatter\r\n" * 50  # type: ignore[method-assign]
    began = time.monotonic()
    with pytest.raises(TargetError, match="hung"):
        measured(board)
    assert time.monotonic() - began < 5


def test_outputs_that_skip_a_window_are_refused() -> None:
    with pytest.raises(TargetError, match="expected windows from 1"):
        assemble([protocol.Infer(0, 1, b"x"), protocol.Infer(2, 1, b"x")], HELLO, 3)


def test_outputs_that_end_early_are_refused() -> None:
    with pytest.raises(TargetError, match="1 windows of 3"):
        assemble([protocol.Infer(0, 1, b"x")], HELLO, 3)


def test_what_a_panic_prints_after_its_first_line_is_heard() -> None:
    registers = b"Core  0 register dump:\r\nPC      : 0x400d1234\r\n" * 20
    board = FakeBoard(before={3: PANIC + registers + b"Backtrace: 0x400d1234:0x3ffb5d60\r\n"})
    with pytest.raises(TargetError, match="panic: the console says"):
        measured(board)
    assert board.output == b""
