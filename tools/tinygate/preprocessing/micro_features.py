"""The second kind of preprocessing: TensorFlow Lite Micro's audio front end, as the wheel pymicro-features computes it.

    {"kind": "micro_features", "raw": {"dtype": "int16", "samples": 16000, "axes": ["microphone"], "rate_hz": 16000}}

Of each 30 ms, every 10 ms, 40 features: a window, an FFT, a filter bank from 125 to 7500 Hz, noise reduction, automatic
gain and a logarithm, in fixed point. What it has learnt of noise and gain is forgotten before each window.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.extras import require
from tinygate.preprocessing.description import RawWindow, read_raw

RATE_HZ, WINDOW_SAMPLES, STEP_SAMPLES, FEATURES = 16_000, 480, 160, 40
_BYTES_PER_SAMPLE = 2


def read_audio(constants: Mapping[str, Any], where: str) -> RawWindow:
    """Return the raw window of a description.

    Raises:
        DataError: another key than kind and raw, or something else than one channel of int16 at 16 kHz.
    """
    if set(constants) != {"kind", "raw"}:
        raise DataError(f"{where}: expected kind = 'micro_features' and raw; found {', '.join(constants)}.")
    raw = read_raw(constants["raw"], f"{where}: raw")
    if (raw.dtype, len(raw.axes), raw.rate_hz, raw.settings) != ("int16", 1, RATE_HZ, ()):
        found = f"{raw.dtype} of {len(raw.axes)} axes at {raw.rate_hz} Hz, {len(raw.settings)} settings"
        raise DataError(f"{where}: raw is {found}; the front end takes int16 of one axis at {RATE_HZ} Hz, no settings.")
    if raw.samples < WINDOW_SAMPLES:
        raise DataError(f"{where}: {raw.samples} samples; the front end needs {WINDOW_SAMPLES} for its first features.")
    return raw


def shape_of(raw: RawWindow) -> tuple[int, int]:
    """Return frames and features that a raw window gives."""
    return 1 + (raw.samples - WINDOW_SAMPLES) // STEP_SAMPLES, FEATURES


def micro_features(raw: RawWindow, samples: NDArray[Any]) -> NDArray[np.float32]:
    """Return the features [N, frames, 40] of raw windows [N, samples, 1] of int16.

    Raises:
        MissingExtraError: the wheel is not installed.
    """
    require("pymicro_features", "audio cannot be preprocessed")
    frames, features = shape_of(raw)
    made = np.zeros((len(samples), frames, features), np.float32)
    for index, window in enumerate(samples):
        made[index] = _features(window.astype("<i2").tobytes())
    return made


def _features(audio: bytes) -> list[list[float]]:
    from pymicro_features import MicroFrontend

    front_end, frames, start = MicroFrontend(), list[list[float]](), 0
    while start < len(audio):
        given = front_end.process_samples(audio[start : start + STEP_SAMPLES * _BYTES_PER_SAMPLE])
        frames += [given.features] if given.features else []
        start += given.samples_read * _BYTES_PER_SAMPLE or len(audio)
    return frames
