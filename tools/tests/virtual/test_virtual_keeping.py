"""A test set that is kept on the board: sent once, and fed to every variant that is flashed after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import serial
from board_client import board_process, esptool

from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.board.shared_set import SharedSet
from tinygate.model.folder import Variant, load_model
from tinygate.oracle import quantize_tensor
from tinygate.protocol import packing
from tinygate.targets.esp32.virtual_build import build_virtual_app
from tinygate.tflite import read_model

COUNT = 80
MODEL = load_model(Path(__file__).parents[3] / "models" / "gesture")
REALS = np.ascontiguousarray(MODEL.dataset.test.inputs[:COUNT], np.float32)
VARIANTS = [variant for variant in MODEL.variants if variant.name in ("ptq_int8", "ptq_int16x8")]


class CountingPort(SerialPort):
    """Counts what is sent."""

    sent = 0

    def write(self, data: bytes) -> None:
        self.sent += len(data)
        super().write(data)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with board_process() as (_, url):
        yield url


def run_of(url: str, variant: Variant, folder: Path, shared: SharedSet | None) -> tuple[Run, int]:
    image = build_virtual_app(variant.content, variant.name, folder).folder / "tinygate.bin"
    esptool(url, "write-flash", "0x10000", str(image))
    use_fast_rfc2217()
    log = BootLog(folder / "console.log", folder / "tool.log")
    log.begin()
    fed = quantize_tensor(read_model(variant.content).inputs[0], REALS)
    with serial.serial_for_url(url, 115_200, timeout=0.05) as opened:
        opened.dtr, opened.rts, opened.rts = False, True, False
        port = CountingPort(opened, log)
        expected = Expected("esp32", "virtual", None, variant.sha256)
        return measure(port, expected, Plan(fed, invocations=0, shared=shared)), port.sent


def test_a_set_is_sent_once_and_every_variant_answers_as_if_it_were_sent(url: str, tmp_path: Path) -> None:
    first, second = VARIANTS
    shared = SharedSet(REALS.tobytes(), saves_bytes=10 * REALS.nbytes)
    kept = [run_of(url, variant, tmp_path / f"kept {variant.name}", shared) for variant in (first, second)]
    sent = [run_of(url, variant, tmp_path / f"sent {variant.name}", None) for variant in (first, second)]
    for (with_set, _), (without, _) in zip(kept, sent, strict=True):
        assert np.array_equal(with_set.output, without.output)
    assert REALS.nbytes * 0.8 < kept[0][1] < REALS.nbytes * 1.1
    assert kept[1][1] < sent[1][1] / 10


def test_windows_that_the_board_makes_differently_are_sent(url: str, tmp_path: Path) -> None:
    other = SharedSet((REALS + np.float32(0.5)).tobytes(), saves_bytes=10 * REALS.nbytes)
    without, sent = run_of(url, VARIANTS[0], tmp_path / "sent", None)
    kept, both = run_of(url, VARIANTS[0], tmp_path / "kept", other)
    assert np.array_equal(kept.output, without.output)
    assert both > sent + REALS.nbytes * 0.8


def test_a_set_that_saves_nothing_is_not_kept(url: str, tmp_path: Path) -> None:
    shared = SharedSet((REALS * np.float32(2)).tobytes(), saves_bytes=REALS.nbytes // 4)
    assert run_of(url, VARIANTS[0], tmp_path, shared)[1] < REALS.nbytes / 2


def test_overlapping_windows_travel_once() -> None:
    stream = np.random.default_rng(0).normal(size=(400, 6)).astype(np.float32)
    windows = np.stack([stream[start : start + 50] for start in range(0, 350, 10)])  # four fifths overlap
    began = time.process_time()
    requests = list(packing.keep_requests(windows.tobytes(), 0, data_bytes=4096, room_now=lambda: 1900))
    assert sum(len(request.data) for request in requests) < stream.nbytes * 1.1 < windows.nbytes / 3
    assert time.process_time() - began < 2
    assert all(len(request.data) <= 1900 for request in requests)
