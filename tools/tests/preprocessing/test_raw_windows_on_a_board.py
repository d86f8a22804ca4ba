"""Raw windows on a virtual board: what travels for them, and what comes back where the board makes something else."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from mistakes import GESTURE, Mistake, header_with, wrapped_by

from tinygate.board.deadlines import Deadlines
from tinygate.board.evidence import Plan, Run
from tinygate.board.identity import Expected
from tinygate.board.raw import as_sent
from tinygate.board.run import measure
from tinygate.board.shared_set import SharedSet
from tinygate.errors import LabError, TargetError
from tinygate.judge.oracle import run_board_oracle
from tinygate.judge.preprocessing import host_of, raw_plan
from tinygate.model.folder import load_model
from tinygate.preprocessing.source import preprocessing_of
from tinygate.tflite import read_model
from tinygate.virtual.app import App
from tinygate.virtual.description import load
from tinygate.virtual.esp32.boot import Boot, ResetReason, RtcMemory, UartRate
from tinygate.virtual.esp32.image import Application

MODEL = load_model(GESTURE)
VARIANTS = tuple(variant.name for variant in MODEL.target_variants)
STORE_BYTES = 0x270000  # the partition of firmware/partitions.csv
VERSION_2_BYTES = 6_257_998  # that protocol version 2 moved, both ways, for these five variants without raw windows
COUNT = 64
FAST = Deadlines(quiet_s=0.0, settle_s=0.02)


class AppPort:
    """A port with a virtual board's application at its end, which counts bytes both ways."""

    is_raw = True

    def __init__(self, variant: str, store: bytearray, header: str | None = None) -> None:
        content = MODEL.variant(variant).content
        header = sound(variant) if header is None else header
        image = Application((), 0, "tinygate", "0", "none", "0" * 64, variant, content, hashlib.sha256(content).hexdigest(),
                            preprocessing=json.dumps({"header": header, "described": {}}).encode())  # fmt: skip
        boot = Boot(image, ResetReason.POWER_ON, RtcMemory(), bytes(6), 4 << 20, UartRate(), memoryview(store))
        self.app = App(boot, load(content, 1 << 20), 1 << 20, "0badcafe")
        self.sent = self.received = 0
        self.output = b""

    @property
    def moved(self) -> int:
        return self.sent + self.received

    def set_baud(self, baud: int) -> None:
        self.app.line.apply()

    def write(self, data: bytes) -> None:
        self.sent += len(data)
        answered = b"".join(self.app.receive(data))
        self.received += len(answered)
        self.output += answered

    def read_available(self, deadline: float) -> bytes:
        data, self.output = self.output, b""
        if not data:
            time.sleep(max(0.0, deadline - time.monotonic()))
        return data


@cache
def sound(variant: str) -> str:
    """The header of a firmware that makes no mistake."""
    return preprocessing_of(MODEL.variant(variant).path)[1]


def mistaken(mistake: Mistake) -> str:
    variant = MODEL.variant("ptq_int8")
    host = host_of(variant, run_board_oracle(variant))
    return header_with(mistake, host.description, read_model(variant.content).inputs[0])


@cache
def plan_for(variant: str, count: int | None = None, shared_by: int = 1) -> Plan:
    found = MODEL.variant(variant)
    oracle, some = run_board_oracle(found), slice(0, count)
    raw = raw_plan(found, oracle)
    assert raw is not None
    samples = raw.samples[some]
    content = as_sent(samples)
    shared = SharedSet(content, shared_by * len(content)) if shared_by > 1 else None
    raw = replace(raw, samples=samples, settings=raw.settings[some], inputs=raw.inputs[some], shared=shared)
    return Plan(tuple(tensor[some] for tensor in oracle.fed), warmup=1, invocations=2, raw=raw, bench_untimed=True)


def measured(port: AppPort, variant: str, plan: Plan) -> Run:
    return measure(port, Expected("esp32", "virtual", None, MODEL.variant(variant).sha256), plan, FAST)


def expected_outputs(variant: str, count: int = COUNT) -> np.ndarray:
    return run_board_oracle(MODEL.variant(variant)).reference.all_outputs[0][:count]


def altered_where(condition: str) -> str:
    """The header of a firmware that makes another first code where a condition in C holds."""
    body = f"    tinygate_sound(raw, settings, input);\n    if ({condition}) ((unsigned char *)input)[0] ^= 1;\n"
    return mistaken(Mistake("", wrap=wrapped_by(f"    static unsigned calls = 0;\n    ++calls;\n{body}")))


def of_windows(plan: Plan, indices: Sequence[int]) -> str:
    """The condition that the raw window is one of these."""
    assert plan.raw is not None
    parts = []
    for index in indices:
        digits = ", ".join(str(byte) for byte in as_sent(plan.raw.samples[index])[:24])
        parts.append(f"!memcmp(raw, (const unsigned char[]){{{digits}}}, 24)")
    return " || ".join(parts) + " || calls == 0"


def test_five_variants_move_a_third_of_what_version_2_moved_without_raw_windows() -> None:
    store, moved = bytearray(b"\xff" * STORE_BYTES), []
    assert len(VARIANTS) == 5
    for variant in VARIANTS:
        port, plan = AppPort(variant, store), plan_for(variant, None, shared_by=5)
        run = measured(port, variant, plan)
        assert run.raw is not None
        assert plan.raw is not None
        assert np.array_equal(run.raw.inputs, plan.raw.inputs)
        assert np.array_equal(run.output, expected_outputs(variant, plan.count))
        moved.append(port.moved)
    set_bytes = plan.raw.samples.nbytes
    assert moved[0] < 1.05 * set_bytes
    assert max(moved[1:]) < set_bytes / 40
    assert sum(moved) * 3 < VERSION_2_BYTES


def test_a_board_that_keeps_nothing_is_sent_windows_and_sends_no_inputs_back() -> None:
    plan, port = plan_for("ptq_int8", COUNT, shared_by=5), AppPort("ptq_int8", bytearray())
    run = measured(port, "ptq_int8", plan)
    assert run.raw is not None
    assert plan.raw is not None
    assert np.array_equal(run.raw.inputs, plan.raw.inputs)
    assert np.array_equal(run.output, expected_outputs("ptq_int8"))
    assert plan.raw.samples.nbytes * 0.8 < port.sent < plan.raw.samples.nbytes * 1.2
    assert port.received < plan.raw.inputs.nbytes / 2


@pytest.mark.parametrize("store_bytes", [0, STORE_BYTES])
def test_the_inputs_of_the_windows_that_differ_come_back_and_no_others(store_bytes: int) -> None:
    plan, differing = plan_for("ptq_int8", COUNT, shared_by=5), [7, 8, 40]
    clean = AppPort("ptq_int8", bytearray(b"\xff" * store_bytes))
    measured(clean, "ptq_int8", plan)
    header = altered_where(of_windows(plan, differing))
    port = AppPort("ptq_int8", bytearray(b"\xff" * store_bytes), header)
    run = measured(port, "ptq_int8", plan)
    assert run.raw is not None
    assert plan.raw is not None
    wrong = plan.raw.inputs.copy()
    wrong[differing, 0] ^= 1
    assert np.array_equal(run.raw.inputs, wrong)
    assert np.array_equal(run.output, expected_outputs("ptq_int8"))  # parity is that of the host's own inputs
    window, raw_window = plan.raw.inputs[0].nbytes, plan.raw.samples[0].nbytes
    assert 3 * window < port.received - clean.received < 3 * window + 1000
    sent_once_more = 3 * raw_window + (3 + 1) * window  # the last window too, to bench with
    assert sent_once_more * 0.7 < port.sent - clean.sent < sent_once_more + 1000


def test_a_model_with_state_is_sent_all_its_windows_where_one_differs() -> None:
    plan = replace(plan_for("ptq_int8", COUNT), resets=(0, 32))
    same = AppPort("ptq_int8", bytearray())
    assert np.array_equal(measured(same, "ptq_int8", plan).output, expected_outputs("ptq_int8"))
    port = AppPort("ptq_int8", bytearray(), altered_where(of_windows(plan, [7])))
    assert np.array_equal(measured(port, "ptq_int8", plan).output, expected_outputs("ptq_int8"))
    assert plan.raw is not None
    assert port.sent > same.sent + plan.raw.inputs.nbytes


def test_an_input_that_depends_on_what_ran_before_is_run_in_order() -> None:
    plan = plan_for("ptq_int8", COUNT)
    port = AppPort("ptq_int8", bytearray(), altered_where(f"calls % {COUNT + 2} == 3 || calls % {COUNT + 2} == 5"))
    run = measured(port, "ptq_int8", plan)
    assert run.raw is not None
    assert plan.raw is not None
    assert 0 < (run.raw.inputs != plan.raw.inputs).sum() <= 2
    assert np.array_equal(run.output, expected_outputs("ptq_int8"))


def test_an_input_that_is_right_when_it_is_asked_for_again_is_wrong() -> None:
    port = AppPort("ptq_int8", bytearray(), altered_where("calls == 5"))
    with pytest.raises(TargetError, match="of raw window 4 the application made another input than the host, and the"):
        measured(port, "ptq_int8", plan_for("ptq_int8", COUNT))


def test_a_kept_set_that_was_altered_is_given_up_and_sent_anew() -> None:
    store, plan = bytearray(b"\xff" * STORE_BYTES), plan_for("ptq_int8", COUNT, shared_by=5)
    measured(AppPort("ptq_int8", store), "ptq_int8", plan)
    store[4096 + 5003] ^= 0x40  # an exponent
    with pytest.raises(LabError, match=r"of raw window 4 .* where the board keeps the window") as raised:
        measured(AppPort("ptq_int8", store), "ptq_int8", plan)
    assert not isinstance(raised.value, TargetError)
    again = AppPort("ptq_int8", store)
    assert np.array_equal(measured(again, "ptq_int8", plan).output, expected_outputs("ptq_int8"))
    assert plan.raw is not None
    assert again.sent > plan.raw.samples.nbytes * 0.8
