"""The ten classic mistakes turn the gate red, each with the sentence that names it; a sound firmware does not."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mistakes import GESTURE, MIN_MAX, MISTAKES, WIDE, Mistake, folder_with, header_with
from numpy.typing import NDArray

from tinygate.judge.missteps import Host
from tinygate.judge.preprocessing import told_difference
from tinygate.model.folder import load_model
from tinygate.preprocessing.kinds import Preparation, read_preparation
from tinygate.preprocessing.raw import RawWindows
from tinygate.protocol import HostSession, InferRaw
from tinygate.tflite import read_model
from tinygate.virtual.app import App
from tinygate.virtual.description import load
from tinygate.virtual.esp32.boot import Boot, ResetReason, RtcMemory, UartRate
from tinygate.virtual.esp32.image import Application

MODEL = load_model(GESTURE)
ROOT = Path(__file__).parents[3]
EVERY = 16
BOARD = os.environ.get("TINYGATE_MISTAKES_BOARD", "")


def described(mistake: Mistake) -> Preparation:
    """The host's description, as the recipe would have it with the mistake's replacements."""
    constants: dict[str, Any] = json.loads(json.dumps(dict(MODEL.dataset.preprocessing)))
    if mistake.recipe == WIDE:
        constants["width"] = "float64"
    elif mistake.recipe:
        mean, std = constants["steps"][1]["mean"], constants["steps"][1]["std"]
        constants["steps"][1] = eval(MIN_MAX, {"mean": mean, "std": std, "zip": zip})
    return read_preparation(constants)


@cache
def raw_windows() -> RawWindows:
    raw = MODEL.dataset.test.raw
    assert raw is not None
    return RawWindows(raw.samples[::EVERY], raw.settings[::EVERY])


def on_the_virtual_board(header: str, variant: str, raw: RawWindows) -> NDArray[Any]:
    """Return the inputs [N, bytes] that the virtual board's application makes of raw windows, asked over the protocol."""
    content = MODEL.variant(variant).content
    image = Application((), 0, "tinygate", "0", "none", "0" * 64, variant, content, hashlib.sha256(content).hexdigest(),
                        preprocessing=json.dumps({"header": header, "described": {}}).encode())  # fmt: skip
    boot = Boot(image, ResetReason.POWER_ON, RtcMemory(), bytes(6), 4 << 20, UartRate())
    app, session = App(boot, load(content, 1 << 20), 1 << 20, "0badcafe"), HostSession("5eed0001")
    session.open()
    answers: list[InferRaw] = []
    queued = False
    while not queued or not session.done:
        for sent in app.receive(session.outgoing()):
            answers += [e.message for e in session.receive(sent) if isinstance(getattr(e, "message", None), InferRaw)]
        if not queued:
            windows = zip(raw.samples, raw.settings, strict=True)
            session.infer_raw(((w.astype("<f4").tobytes(), int(s)) for w, s in windows), inputs=True)
            queued = True
    hello = session.hello
    assert hello is not None
    rows = np.frombuffer(b"".join(answer.data for answer in answers), np.uint8)
    return rows.reshape(len(raw), hello.result_bytes + hello.window_bytes)[:, hello.result_bytes :]


def told(mistake: Mistake) -> tuple[int, str]:
    """How many windows are beyond what is allowed, and what is said."""
    tensor = read_model(MODEL.variant(mistake.variant).content).inputs[0]
    host, raw = Host(described(mistake), tensor), raw_windows()
    made = on_the_virtual_board(header_with(mistake, host.description, tensor), mistake.variant, raw)
    device = np.ascontiguousarray(made).view(tensor.dtype).reshape(len(raw), *host.plan.shape)
    found, sentence = told_difference(host, raw, device, mistake.max_lsb)
    return found.beyond, sentence


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_named(name: str) -> None:
    mistake = MISTAKES[name]
    beyond, sentence = told(mistake)
    assert f"Explained by: {mistake.sentence}" in sentence, sentence
    assert (beyond > 0) == (mistake.max_lsb == 0), sentence
    if mistake.max_lsb:
        assert "within max_lsb = 1" in sentence


@pytest.mark.parametrize("variant", ["ptq_int8", "qat_int8", "ptq_int16x8"])
def test_a_firmware_without_a_mistake_is_not_blamed(variant: str) -> None:
    beyond, sentence = told(Mistake("", variant=variant))
    assert (beyond, sentence) == (
        0,
        f"{len(raw_windows())} windows compared, all {300 * len(raw_windows())} values equal.",
    )


def gate(root: Path, board: str) -> tuple[int, str]:
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", "gate", "--board", board]
    options = [
        "--models-root",
        str(root),
        "--report-dir",
        str(root / "report"),
        "--build-root",
        str(ROOT / "build" / "mistakes"),
    ]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("name", MISTAKES if BOARD else ["axes_swapped"])
def test_a_mistake_turns_the_gate_red(name: str, tmp_path: Path) -> None:
    """TINYGATE_MISTAKES_BOARD=virtual (or qemu, or serial) tries all ten in firmware of their own."""
    mistake = MISTAKES[name]
    folder_with(mistake, tmp_path)
    code, output = gate(tmp_path, BOARD or "virtual")
    failures = [line for line in output.splitlines() if line.startswith("FAIL: ")]
    if mistake.max_lsb:
        assert (code, failures) == (0, []), output
        return
    assert code == 1, output
    assert failures
    assert all("preprocessing_mismatches" in line for line in failures), failures  # and nothing else is red
    assert f"Explained by: {mistake.sentence}" in failures[0]
    assert "With it accuracy is" in failures[0]
