"""The audio front end as the second kind: what is described, what it computes, and that a board's is compared with it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tflite_build import ModelBuilder

from tinygate.data import Dataset, Split
from tinygate.errors import DataError
from tinygate.extras import MissingExtraError
from tinygate.judge.described import undescribed
from tinygate.judge.missteps import Host
from tinygate.judge.preprocessing import told_difference
from tinygate.preprocessing import micro_features
from tinygate.preprocessing.kinds import as_given, read_preparation
from tinygate.preprocessing.raw import RawWindows
from tinygate.preprocessing.source import header_of
from tinygate.protocol import Tensor
from tinygate.virtual.preprocessing import load_preprocessor

SAMPLES = 4000
RAW = {"dtype": "int16", "samples": SAMPLES, "axes": ["microphone"], "rate_hz": 16000}
DESCRIPTION: dict[str, Any] = {"kind": "micro_features", "raw": RAW}
FRAMES = 1 + (SAMPLES - 480) // 160


def tones(count: int) -> NDArray[np.int16]:
    """Windows [count, samples, 1], each with a tone of its own, and noise."""
    time, source = np.arange(SAMPLES) / 16000, np.random.default_rng(1)
    sound = [6000 * np.sin(2 * np.pi * 300 * (1 + index) * time) for index in range(count)]
    return (np.array(sound) + source.normal(0, 300, (count, SAMPLES))).astype(np.int16)[..., np.newaxis]


def test_features_are_those_of_the_front_end() -> None:
    preparation = read_preparation(DESCRIPTION)
    made = preparation.inputs(tones(3), None)
    assert made.shape == (3, *preparation.shape) == (3, FRAMES, 40)
    loudest = made[:, 5].argmax(axis=1)  # a higher tone is in a higher band
    assert loudest.tolist() == sorted(loudest.tolist())
    assert loudest[0] < loudest[-1]
    assert np.array_equal(made * 25.6, np.rint(made * 25.6))  # fixed point: steps of 10 / 256


def test_every_window_starts_anew() -> None:
    preparation = read_preparation(DESCRIPTION)
    assert np.array_equal(preparation.inputs(tones(2)[::-1], None)[0], preparation.inputs(tones(2)[1:], None)[0])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"dtype": "float32"},
            "raw is float32 of 1 axes at 16000 Hz, 0 settings; the front end takes int16 of one axis",
        ),
        ({"rate_hz": 8000}, "at 8000 Hz"),
        ({"samples": 100}, "100 samples; the front end needs 480"),
    ],
)
def test_what_the_front_end_does_not_take_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        read_preparation({"kind": "micro_features", "raw": RAW | changes})


def test_other_kinds_and_keys_are_refused() -> None:
    with pytest.raises(DataError, match="kind is 'wavelets'; expected one of steps, micro_features"):
        read_preparation({"kind": "wavelets"})
    with pytest.raises(DataError, match="expected kind = 'micro_features' and raw; found kind, raw, steps"):
        read_preparation({**DESCRIPTION, "steps": []})


def test_without_the_wheel_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygate.extras.is_installed", lambda module: module != "pymicro_features")
    with pytest.raises(MissingExtraError, match=r"pip install 'tinygate\[audio\]'"):
        read_preparation(DESCRIPTION).inputs(tones(1), None)


def test_a_data_set_may_describe_it_and_firmware_carries_none() -> None:
    inputs = read_preparation(DESCRIPTION).inputs(tones(2), None)
    dataset = Dataset(test=Split(inputs, raw=tones(2)), preprocessing=DESCRIPTION)
    assert not undescribed(dataset)
    assert header_of(b"", DESCRIPTION, "", "a model") == ""


def test_a_boards_features_are_compared_code_by_code() -> None:
    """The virtual board runs the wheel; a window that is not the host's is told by frame and feature."""
    builder = ModelBuilder()
    builder.tensor("x", (1, FRAMES, 40), "int8", [0.1], [-128])
    host = Host(read_preparation(DESCRIPTION), builder.tensors[0])
    raw = RawWindows(as_given(host.preparation.raw, tones(3)), np.zeros(3, np.uint32))
    content = json.dumps({"header": "", "described": DESCRIPTION}).encode()
    board = load_preprocessor(content, (Tensor("int8", (1, FRAMES, 40), 0.1, -128, FRAMES * 40),))
    assert board is not None
    assert board.name == "pymicro-features"
    made = np.zeros((3, FRAMES, 40), np.int8)
    for index, window in enumerate(raw.samples):
        filled = bytearray(FRAMES * 40)
        board.run(window.astype("<i2").tobytes(), 0, filled)
        made[index] = np.frombuffer(filled, np.int8).reshape(FRAMES, 40)
    assert told_difference(host, raw, made, 0)[0].values == 0
    made[1, 2, 7] += 1
    found, sentence = told_difference(host, raw, made, 0)
    assert found.beyond == 1
    assert "the first is window 1, value [2, 7]" in sentence


def test_the_shape_follows_from_the_samples() -> None:
    assert micro_features.shape_of(read_preparation({**DESCRIPTION, "raw": RAW | {"samples": 16000}}).raw) == (98, 40)
