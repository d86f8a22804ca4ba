"""State, and any number of inputs and outputs: a run over the virtual board's serial port gives what the oracle gives."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial
from stateful_models import moving_sum, running_total
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.board.arena_search import ArenaProbe
from tinygate.board.deadlines import Deadlines
from tinygate.board.emulator import virtual_board
from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.log import BootLog
from tinygate.board.port import SerialPort, use_fast_rfc2217
from tinygate.board.run import measure
from tinygate.errors import InputError, TargetError
from tinygate.oracle import oracle, run_tflm
from tinygate.targets.esp32.virtual_build import build_virtual_app
from tinygate.tflite.options import ReshapeOptions

pytestmark = [
    pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only"),
    pytest.mark.filterwarnings(r"ignore:set(Daemon|Name)\(\):DeprecationWarning:serial.rfc2217"),
]
ONES = np.ones((400, 1, 1), np.float32)
RESETS = (0, 3, 4, 5, 250)
TYPES = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")


class Bench:
    """A virtual board with one application in its flash."""

    def __init__(self, folder: Path, model: bytes, arena_bytes: int | None = None) -> None:
        self._build = build_virtual_app(model, "tiny", folder, arena_bytes)
        self._log = BootLog(folder / "console.log", folder / "tool.log")
        self.image = self._build.folder / "tinygate.bin"
        self.expected = Expected("esp32", "virtual", self._build.elf_sha256, self._build.model_sha256)

    def run(self, plan: Plan, arena_bytes: int | None = None) -> Run:
        use_fast_rfc2217()
        self._log.begin()
        log = self._log.console.with_name("board.log")
        with virtual_board("esp32", log, self.image, arena_bytes) as url, serial.serial_for_url(url, timeout=0.05) as o:
            return measure(SerialPort(o, self._log), self.expected, plan, Deadlines(quiet_s=0.5, aftermath_s=0.2))

    def probe(self, plan: Plan, arena_bytes: int) -> bool:
        use_fast_rfc2217()
        self._log.begin()
        log, deadlines = self._log.console.with_name("board.log"), Deadlines(quiet_s=0.5)
        with virtual_board("esp32", log, self.image) as url, serial.serial_for_url(url, timeout=0.05) as opened:
            port = SerialPort(opened, self._log)
            known = measure(port, self.expected, plan, deadlines)
            return ArenaProbe(port, self.expected, known, plan, deadlines).works(arena_bytes)


@pytest.mark.parametrize("content", [moving_sum(), running_total(), running_total(5)], ids=["svdf", "resource", "once"])
def test_a_stream_with_resets_is_the_oracles(content: bytes, tmp_path: Path) -> None:
    run = Bench(tmp_path, content).run(Plan(ONES, invocations=0, resets=RESETS))
    expected = run_tflm(content, ONES, resets=RESETS).outputs
    np.testing.assert_array_equal(run.output, expected)
    assert not np.array_equal(run.output, run_tflm(content, ONES, resets=(0,)).outputs)
    assert not np.array_equal(run.output, run_tflm(content, ONES).outputs)


def test_a_plan_without_resets_is_stateless_use(tmp_path: Path) -> None:
    run = Bench(tmp_path, moving_sum()).run(Plan(ONES[:50], invocations=2, bench_untimed=True))
    assert set(run.output.ravel().tolist()) == {1.0}


def test_an_arena_is_tried_with_the_windows_that_the_last_one_depends_on(tmp_path: Path) -> None:
    assert Bench(tmp_path, running_total()).probe(Plan(ONES[:20], invocations=0, resets=(0, 12)), 100_000)


def passing(types: Sequence[str]) -> bytes:
    """Each input (two elements; the last one four) comes out again as an output, the last of them first."""
    build = ModelBuilder()
    shapes = [(1, 2)] * (len(types) - 1) + [(2, 2)]
    inputs = [build.tensor(f"x{i}", s, t, [0.5], [0]) for i, (s, t) in enumerate(zip(shapes, types, strict=True))]
    outputs = [build.tensor(f"y{i}", s, t, [0.5], [0]) for i, (s, t) in enumerate(zip(shapes, types, strict=True))]
    for x, y, shape in zip(inputs, outputs, shapes, strict=True):
        build.operator("RESHAPE", [x, build.constant("shape", np.array(shape, np.int32))], [y], ReshapeOptions())
    return write_model(build.model(inputs, [outputs[-1], *outputs[:-1]]))


def values(types: Sequence[str], count: int) -> list[Any]:
    source = np.random.default_rng(1)
    shapes = [(count, 2)] * (len(types) - 1) + [(count, 2, 2)]
    return [source.integers(0, 2 if t == "bool" else 120, s).astype(t) for s, t in zip(shapes, types, strict=True)]


def test_inputs_and_outputs_of_every_type_travel(tmp_path: Path) -> None:
    model, inputs = passing(TYPES), values(TYPES, 90)
    run = Bench(tmp_path, model).run(Plan(inputs, invocations=0))
    assert [tensor.dtype for tensor in run.hello.inputs] == list(TYPES)
    assert [output.dtype.name for output in run.outputs] == [TYPES[-1], *TYPES[:-1]]
    for found, expected in zip(run.outputs, run_tflm(model, inputs).all_outputs, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_hello_longer_than_a_line_comes_in_parts(tmp_path: Path) -> None:
    types = ["int8"] * 70
    run = Bench(tmp_path, passing(types)).run(Plan(values(types, 3), invocations=0))
    assert len(run.outputs) == len(run.hello.inputs) == 70
    np.testing.assert_array_equal(run.outputs[1], values(types, 3)[0])


def test_inputs_of_another_type_are_refused_before_they_are_sent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"takes float32; int8\[400, 1, 1\] was given"):
        Bench(tmp_path, moving_sum()).run(Plan(ONES.astype(np.int8)))


def test_the_arena_is_the_images_else_the_boards(tmp_path: Path) -> None:
    plan = Plan(ONES[:2], invocations=0)
    assert Bench(tmp_path, moving_sum(), 200_000).run(plan, arena_bytes=512).arena.configured_bytes == 200_000
    assert Bench(tmp_path, moving_sum()).run(plan, arena_bytes=300_007).arena.configured_bytes == 300_000


def test_an_arena_that_is_too_small_is_a_sentence_with_numbers_and_the_key(tmp_path: Path) -> None:
    bench, plan = Bench(tmp_path, moving_sum()), Plan(ONES, arena_key="budgets.esp32-virtual.tiny.arena_used_bytes")
    said = r"needs an arena of at least (\d+) bytes.*; 512 are configured: raise budgets.esp32-virtual"
    with pytest.raises(TargetError, match=said):
        bench.run(plan, arena_bytes=512)
    with pytest.raises(TargetError, match=r"raise --arena-bytes of the virtual board"):
        bench.run(Plan(ONES), arena_bytes=512)
