"""The sine model: the sine of its input, after TFLM's hello_world: the shortest regression there is."""

import hashlib
from typing import Any

import numpy as np

from tinygate.data import Dataset, Split
from tinygate.recipes.hyperparameters import Hyperparameters

SEED = 1
WINDOWS = {"train": 2000, "validation": 200, "test": 400}
TRAINING = Hyperparameters(
    seed=SEED, epochs=60, batch_size=32, learning_rate=1e-2, ema_decay=0.99, calibration_samples=200
)


def load_data() -> Dataset:
    """Return angles [N, 1] in radians, evenly at random over a turn, and their sines."""
    angles = np.random.default_rng(SEED).uniform(0, 2 * np.pi, (sum(WINDOWS.values()), 1)).astype(np.float32)
    sines, splits, first = np.sin(angles.astype(np.float64)), {}, 0
    for part, count in WINDOWS.items():
        rows = slice(first, first + count)
        splits[part] = Split(angles[rows], sines[rows], raw_sha256=None, part=part)
        first += count
    return Dataset(**splits, sha256=hashlib.sha256(angles.tobytes()).hexdigest())


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    """Return the Keras model from an angle to its sine."""
    from tf_keras import Model, layers

    x = inputs = layers.Input((1,), batch_size=batch_size, name="angle")
    for name in ("hidden1", "hidden2"):
        x = layers.Dense(16, activation="relu", name=name)(x)
    return Model(inputs, layers.Dense(1, name="sine")(x), name="sine")
