"""Ports: bytes through a pseudo-terminal and through the virtual board's RFC 2217 server, and ports that vanish."""

import contextlib
import os
import pickle
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import serial
from fake_board import EXPECTED, SHORT, WINDOWS, FakeBoard
from pytest_embedded.log import DuplicateStdoutPopen

from tinygate.board.emulator import virtual_board
from tinygate.board.evidence import Plan
from tinygate.board.log import MAX_LOG_BYTES, BootLog, console_tail, extension_values
from tinygate.board.port import ProcessPort, SerialPort, port_of, read_emulators_directly, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.errors import LabError
from tinygate.protocol import HostSession, Record, encode
from tinygate.protocol.framing import Direction


@pytest.fixture
def log(tmp_path: Path) -> BootLog:
    made = BootLog(tmp_path / "console.log", tmp_path / "esptool.log")
    made.begin()
    return made


@pytest.fixture
def terminal(log: BootLog) -> Iterator[tuple[int, SerialPort]]:
    board_end, host_end = os.openpty()
    with serial.Serial(os.ttyname(host_end), timeout=0.05) as opened:
        yield board_end, SerialPort(opened, log)
    os.close(host_end)


def soon(seconds: float = 0.2) -> float:
    return time.monotonic() + seconds


def test_bytes_are_read_as_they_come_and_logged(terminal: tuple[int, SerialPort], log: BootLog) -> None:
    board_end, port = terminal
    os.write(board_end, b"ready\r\n")
    assert port.read_available(soon()) == b"ready\r\n"
    assert log.console.read_bytes() == b"ready\r\n"
    os.close(board_end)


def test_silence_ends_at_the_deadline(terminal: tuple[int, SerialPort]) -> None:
    began = time.monotonic()
    assert terminal[1].read_available(soon(0.1)) == b""
    assert time.monotonic() - began < 0.5
    os.close(terminal[0])


def test_what_was_read_before_the_run_comes_first(log: BootLog) -> None:
    log.put(b"early")
    assert SerialPort(None, log).read_available(soon()) == b"early"


def test_a_port_that_vanishes_is_noticed_within_a_second(terminal: tuple[int, SerialPort]) -> None:
    board_end, port = terminal
    os.close(board_end)
    began = time.monotonic()
    with pytest.raises(LabError, match="vanished"):
        port.read_available(soon(30))
    assert time.monotonic() - began < 1


def serve(board: FakeBoard, board_end: int, answers: int) -> None:
    """Be a board at its end of the terminal until it has given so many answers; then be unplugged."""
    with contextlib.suppress(OSError):  # the other end was closed: the run is over
        while board.answered < answers:
            board.write(os.read(board_end, 65536))
            os.write(board_end, board.output)
            board.output = b""
    os.close(board_end)


def test_a_whole_run_goes_over_a_terminal(terminal: tuple[int, SerialPort]) -> None:
    threading.Thread(target=serve, args=(FakeBoard(), terminal[0], 10**6), daemon=True).start()
    assert len(measure(terminal[1], EXPECTED, Plan(WINDOWS, warmup=1, invocations=5), SHORT).output) == len(WINDOWS)


def test_a_board_unplugged_in_a_run_voids_it_within_a_second(terminal: tuple[int, SerialPort]) -> None:
    threading.Thread(target=serve, args=(FakeBoard(), terminal[0], 5), daemon=True).start()
    began = time.monotonic()
    with pytest.raises(LabError, match="vanished"):
        measure(terminal[1], EXPECTED, Plan(WINDOWS, warmup=1, invocations=5), SHORT)
    assert time.monotonic() - began < 1


@pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning:serial.rfc2217")
def test_an_rfc_2217_server_that_dies_is_noticed_within_a_second(tmp_path: Path, log: BootLog) -> None:
    use_fast_rfc2217()
    with virtual_board("esp32", tmp_path / "board.log") as url:
        opened = serial.serial_for_url(url, timeout=0.05)
        port = SerialPort(opened, log)
        port.read_available(soon())
    began = time.monotonic()
    with pytest.raises(LabError, match="vanished"), opened:
        port.read_available(soon(30))
    assert time.monotonic() - began < 2  # pyserial itself pauses 0.3 s when it closes


def process(tmp_path: Path, script: str) -> subprocess.Popen[bytes]:
    """An emulator as pytest-embedded starts one: it prints to a file."""
    printed = tmp_path / "popen.log"
    with printed.open("wb") as file:
        started = subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=file, bufsize=0)
    started._logfile = str(printed)  # type: ignore[attr-defined]
    return started


def test_an_emulators_bytes_come_as_they_are_printed_and_are_logged(tmp_path: Path, log: BootLog) -> None:
    with process(tmp_path, "read line; echo $line") as emulator, ProcessPort(emulator, log) as port:
        assert port.read_available(soon(0.05)) == b""
        port.write(b"ready\n")
        began = time.monotonic()
        assert port.read_available(soon(5)) == b"ready\n"
        assert time.monotonic() - began < 1
        with pytest.raises(LabError, match="ended with exit code 0"):
            port.read_available(soon(5))
    assert log.console.read_bytes() == b"ready\n"


def test_no_process_copies_what_an_emulator_prints(tmp_path: Path, log: BootLog) -> None:
    read_emulators_directly()
    emulator = DuplicateStdoutPopen(log, ["sh", "-c", "cat"])
    assert emulator._p is None
    with port_of(SimpleNamespace(serial=emulator), log) as port:
        port.write(b"x")
        assert port.read_available(soon(5)) == b"x"
    assert emulator.poll() is not None


def test_a_board_that_cannot_start_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(LabError, match=r"did not come up.*invalid choice"),
        virtual_board("z80", tmp_path / "board.log"),
    ):
        pass


def test_the_tail_of_a_log_shows_no_records(log: BootLog) -> None:
    session = HostSession("0badcafe")
    session.open()
    log.put(b"boot\r\n" + session.outgoing() + b"assert failed: main\r\n")
    assert console_tail(log.console) == ("boot", "assert failed: main")


def test_extension_fields_are_read_from_all_parts_of_one_boots_reply(log: BootLog) -> None:
    for sequence, (boot_id, values) in enumerate([("00c0ffee", "5,6"), ("deadbeef", "9"), ("00c0ffee", "7")]):
        log.put(encode(Record(Direction.REPLY, sequence, boot_id, "bench", (("x_cycles", values),))))
    assert extension_values(log.console, "00c0ffee", "bench", "x_cycles") == (5, 6, 7)


def test_a_log_is_emptied_for_each_boot(log: BootLog) -> None:
    log.put(b"an earlier boot")
    log.begin()
    assert log.console.read_bytes() == b""


def test_a_log_works_in_another_process(log: BootLog) -> None:
    pickle.loads(pickle.dumps(log)).put(b"from QEMU")
    assert log.console.read_bytes() == b"from QEMU"


def test_a_log_does_not_fill_the_disk(log: BootLog) -> None:
    for _ in range(3):
        log.put(bytes(MAX_LOG_BYTES // 2))
    assert log.console.stat().st_size == MAX_LOG_BYTES
