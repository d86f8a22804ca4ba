"""The anomaly model: an autoencoder that knows six exercises of the wrist, and is to notice the seventh.

The forward elevation (FEL) is kept from training and counts as the anomaly, told by how badly it is rebuilt.
Windows of a second are averaged over tenths of it, since exercises are slow. People are split as for `gesture`.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.data.windows import make_split, split_by_subject
from tinygate.data.wrist import AXES, SHA256, WristRecording, facing_right, load_recordings
from tinygate.recipes.hyperparameters import Hyperparameters

SUBJECTS = {"train": (1, 2, 3, 4, 5, 6), "validation": (7,), "test": (8, 9, 10)}
UNKNOWN_EXERCISE = 2
WINDOW_SAMPLES, AVERAGED, CLIP_STD = 50, 5, 4.0
STEPS = WINDOW_SAMPLES // AVERAGED
TRAINING = Hyperparameters(
    seed=3, epochs=60, batch_size=64, learning_rate=5e-3, weight_decay=1e-5, ema_decay=0.99, calibration_samples=200
)


def load_data() -> Dataset:
    """Return windows [N, 10, 6], label 1 for the unknown exercise, which training never sees. Raises DataError."""
    marked = [replace(recording, label=int(recording.label == UNKNOWN_EXERCISE)) for recording in load_recordings()]
    parts = split_by_subject(marked, SUBJECTS)
    parts = {name: [r for r in part if name == "test" or not r.label] for name, part in parts.items()}
    known = np.concatenate([facing_right(recording, recording.raw) for recording in parts["train"]])
    mean, std = known.mean(axis=0).round(6), known.std(axis=0).round(6)

    def prepare(recording: WristRecording, windows: NDArray[np.float64]) -> NDArray[np.float32]:
        scaled = np.clip((facing_right(recording, windows) - mean) / std, -CLIP_STD, CLIP_STD)
        return scaled.reshape(len(windows), STEPS, AVERAGED, len(AXES)).mean(axis=2).astype(np.float32)

    splits = {name: make_split(part, prepare, WINDOW_SAMPLES, WINDOW_SAMPLES) for name, part in parts.items()}
    constants = {"mean": mean.tolist(), "std": std.tolist(), "clip_std": CLIP_STD, "averaged_samples": AVERAGED}
    return Dataset(**splits, sha256=SHA256, preprocessing=constants)


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    """Return the Keras autoencoder from a window [10, 6] to the same 60 values."""
    from tf_keras import Model, layers

    x = inputs = layers.Input((STEPS, len(AXES)), batch_size=batch_size, name="window")
    x = layers.Flatten(name="values")(x)
    for name, units in (("squeeze", 24), ("code", 6), ("expand", 24)):
        x = layers.Dense(units, activation="relu", name=name)(x)
    return Model(inputs, layers.Dense(STEPS * len(AXES), name="rebuilt")(x), name="anomaly")
