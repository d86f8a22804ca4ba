"""The digits model: which digit an image of 8 × 8 shows; depthwise convolutions, as image models on chips have them.

Data: 1,797 handwritten digits (UCI, Alpaydin and Kaynak), `digits.csv.gz` in the wheel of scikit-learn 1.9.1 (BSD),
read as a file: scikit-learn is never imported. They come, and are cut, in the order of their writers.
"""

import gzip
from typing import Any

import numpy as np

from tinygate.data import Dataset, Split
from tinygate.data.wheel import locate_wheel_file, read_verified
from tinygate.recipes.hyperparameters import Hyperparameters

WHEEL = ("scikit-learn", "1.9.1", "sklearn/datasets/data/digits.csv.gz")
SHA256 = "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"
PARTS = {"train": (0, 1100), "validation": (1100, 1297), "test": (1297, 1797)}
BRIGHTEST = 16
TRAINING = Hyperparameters(
    seed=8, epochs=30, batch_size=32, learning_rate=5e-3, weight_decay=1e-4, ema_decay=0.99, calibration_samples=200
)


def load_data() -> Dataset:
    """Return images [N, 8, 8, 1] from 0 to 1 and their digits. Raises DataError."""
    text = gzip.decompress(read_verified(locate_wheel_file(*WHEEL), SHA256)).decode()
    rows = np.array([line.split(",") for line in text.split()], np.float64)
    images = (rows[:, :-1] / BRIGHTEST).astype(np.float32).reshape(-1, 8, 8, 1)
    digits = rows[:, -1].astype(np.int64)
    splits = {
        name: Split(images[first:last], digits[first:last], raw_sha256=None, part=name, source=WHEEL[2])
        for name, (first, last) in PARTS.items()
    }
    return Dataset(
        **splits,
        class_names=tuple("0123456789"),
        sha256=SHA256,
        preprocessing={"divide_by": BRIGHTEST},
        source=WHEEL[2],
    )


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    """Return the Keras model from images to logits; batch normalisation is folded for deployment."""
    from tf_keras import Model, layers

    x = inputs = layers.Input((8, 8, 1), batch_size=batch_size, name="image")
    x = layers.Conv2D(8, 3, padding="same", activation="relu", name="edges")(x)
    for number, (filters, stride) in enumerate(((16, 2), (24, 2)), start=1):
        x = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=not training, name=f"depthwise{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}a")(x) if training else x
        x = layers.Conv2D(filters, 1, use_bias=not training, name=f"pointwise{number}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}b")(x) if training else x
        x = layers.ReLU(name=f"relu{number}")(x)
    x = layers.Flatten(name="features")(x)
    return Model(inputs, layers.Dense(10, name="logits")(x), name="digits")
