"""A run over lines of every kind: fast ones, slow ones, ones that garble what is too fast, and ones that lose bytes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import serial
from board_client import Client, board_process

from tinygate.board import line
from tinygate.board.evidence import LinkFaults, Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.errors import LinkError
from tinygate.protocol import HostSession, LoopbackRequest, RateRequest, fresh_nonce

WINDOWS = np.random.default_rng(0).integers(-128, 128, (60, 50, 6), dtype=np.int8)


class NotedPort(SerialPort):
    """Notes the rates that are set."""

    def __init__(self, opened: serial.SerialBase, log: BootLog) -> None:
        super().__init__(opened, log)
        self.bauds: list[int] = []

    def set_baud(self, baud: int) -> None:
        self.bauds.append(baud)
        super().set_baud(baud)


@contextmanager
def port_to(image: Path, folder: Path, *options: str) -> Iterator[NotedPort]:
    use_fast_rfc2217()
    log = BootLog(folder / "console.log", folder / "tool.log")
    log.begin()
    with (
        board_process("--image", str(image), *options) as (_, url),
        serial.serial_for_url(url, 115_200, timeout=0.05) as opened,
    ):
        yield NotedPort(opened, log)


def run_on(port: SerialPort, tflite: bytes, line_baud: int | None = None) -> Run:
    expected = Expected("esp32", "virtual", None, hashlib.sha256(tflite).hexdigest())
    return measure(port, expected, Plan(WINDOWS, invocations=0, line_baud=line_baud))


@pytest.fixture(scope="module")
def clean(image: Path, tflite: bytes, tmp_path_factory: pytest.TempPathFactory) -> Run:
    with port_to(image, tmp_path_factory.mktemp("clean")) as port:
        run = run_on(port, tflite)
    assert port.bauds == [line.RATES[0], 115_200]
    assert run.counts.get("repairs", 0) == 0
    return run


def test_a_line_that_garbles_fast_rates_is_used_at_the_fastest_it_carries(
    image: Path, tflite: bytes, tmp_path: Path, clean: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "RATES", (2_000_000, 921_600, 460_800))
    with port_to(image, tmp_path, "--baud-limit", "client", "--max-baud", "1000000") as port:
        run = run_on(port, tflite)
    assert port.bauds == [2_000_000, 115_200, 921_600, 115_200]
    assert np.array_equal(run.output, clean.output)
    assert run.counts["repairs"] > 0
    assert (
        run.link == clean.link == LinkFaults()
    )  # of the rate that it is used at: the same as where none had to be tried


def test_no_rate_is_tried_beyond_what_the_line_is_known_to_carry(
    image: Path, tflite: bytes, tmp_path: Path, clean: Run
) -> None:
    with port_to(image, tmp_path, "--baud-limit", "client", "--max-baud", "1000000") as port:
        run = run_on(port, tflite, line_baud=1_000_000)
    assert port.bauds == [921_600, 115_200]
    assert run.counts.get("repairs", 0) == 0
    assert np.array_equal(run.output, clean.output)


def test_a_line_that_alters_and_loses_bytes_is_repaired_and_tells_how_often(
    image: Path, tflite: bytes, tmp_path: Path, clean: Run
) -> None:
    with port_to(image, tmp_path, "--noise", "1e-4") as port:
        run = run_on(port, tflite)
    assert np.array_equal(run.output, clean.output)
    assert run.counts["repairs"] >= 1


def test_a_line_that_is_too_bad_is_the_labs_fault(image: Path, tflite: bytes, tmp_path: Path) -> None:
    with port_to(image, tmp_path, "--noise", "4e-3") as port, pytest.raises(LinkError):
        run_on(port, tflite)


def test_a_board_whose_host_is_gone_returns_to_the_rate_of_its_boot(image: Path) -> None:
    with board_process("--image", str(image), "--baud-limit", "client") as (_, url):
        with Client(url) as client:
            client.hello()
            client.ask(RateRequest(921_600))
            client.port.baudrate = 921_600
            client.ask(LoopbackRequest(line.PATTERN))
        with Client(url) as client:
            began = time.monotonic()
            client.hello()
            assert time.monotonic() - began < 6


def test_a_board_that_hears_nothing_at_a_new_rate_returns_at_once(image: Path) -> None:
    with board_process("--image", str(image), "--baud-limit", "client") as (_, url), Client(url) as client:
        client.hello()
        client.ask(RateRequest(921_600))
        client.session = HostSession(fresh_nonce())
        began = time.monotonic()
        client.hello()
        assert 0.5 < time.monotonic() - began < 3
