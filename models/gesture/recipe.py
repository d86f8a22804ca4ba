"""The gesture model: which arm exercise a wrist does, from one second of acceleration and rotation.

Data: 140 smartwatch recordings of 10 people doing 7 shoulder exercises at 50 Hz, `watch_dataset.npy` in the wheel of
seglearn 1.2.5 (BSD; Burns et al. 2018, arXiv 1802.01489). Importable without TensorFlow: only `build_model` needs it.
What was tried and why these choices were made: docs/gesture.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.data.windows import make_split, split_by_subject
from tinygate.data.wrist import AXES, MIRROR, SHA256, WristRecording, facing_right, load_recordings
from tinygate.preprocessing.description import read_description
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import Plan, plan_of
from tinygate.recipes.hyperparameters import Hyperparameters

SAMPLE_RATE_HZ = 50
WINDOW_SAMPLES = 50

# The split, fixed before any accuracy was seen: people in the order of their numbers, the last three are the test,
# the one before them is the validation. Choices are made by cross-validation over subjects 1 to 7.
SUBJECTS: Mapping[str, Sequence[int]] = {"train": (1, 2, 3, 4, 5, 6), "validation": (7,), "test": (8, 9, 10)}

CLIP_STD = 4.0  # rare jerks beyond this would cost every other sample its int8 resolution

TRAINING = Hyperparameters(
    seed=20261121,
    epochs=50,
    batch_size=64,
    learning_rate=3e-3,
    weight_decay=1e-4,
    ema_decay=0.99,
    qat_epochs=8,
    qat_learning_rate=1e-4,
    calibration_samples=200,
)

# Filters, kernel and pooling in samples. The last pooling spans the whole window: what counts is that a movement
# occurs, not when; it beat averaging by two points.
CONVOLUTIONS = ((24, 7, 2), (64, 7, 25))

# Augmentation: what another wearer, another strap and another pace would do to a window. Standard deviations.
TIME_WARP = 0.2  # ± natural logarithm of the pace
TILT_RAD = 0.2
LOG_GAIN = np.repeat((0.03, 0.15), 3)  # accelerometer, gyroscope
NOISE_STD = 0.05  # in units of each axis' standard deviation


def load_data() -> Dataset:
    """Return the split data set; inputs are float32 [N, 50, 1, 6]. Raises DataError."""
    parts = split_by_subject(load_recordings(), SUBJECTS)
    described = description(parts["train"])
    plan = training_plan(described)

    def inputs(recording: WristRecording, windows: NDArray[np.float64]) -> NDArray[np.float32]:
        return prepare(plan, windows, np.full(len(windows), wrist(recording)))

    splits = {name: make_split(part, inputs, WINDOW_SAMPLES, WINDOW_SAMPLES, wrist) for name, part in parts.items()}
    return Dataset(**splits, class_names=class_names(), sha256=SHA256, preprocessing=described)


def class_names() -> tuple[str, ...]:
    """Return the exercises in label order: pendulum, abduction, forward elevation, rotations, trapezius, row."""
    return ("PEN", "ABD", "FEL", "IR", "ER", "TRAP", "ROW")


def description(recordings: Sequence[WristRecording]) -> dict[str, Any]:
    """Return the way from raw samples to model input, with constants from training recordings only."""
    samples = np.concatenate([facing_right(recording, recording.raw) for recording in recordings])
    mean, std = ([round(float(value), 6) for value in found] for found in (samples.mean(axis=0), samples.std(axis=0)))
    mirrored = [axis for axis, sign in zip(AXES, MIRROR, strict=True) if sign < 0]
    raw = {"dtype": "float32", "samples": WINDOW_SAMPLES, "axes": list(AXES), "settings": ["left_wrist"]}
    return {
        "kind": "steps",
        "width": "float32",
        "raw": {**raw, "rate_hz": SAMPLE_RATE_HZ},
        "steps": [
            {"step": "flip", "axes": mirrored, "where": "left_wrist"},
            {"step": "standardise", "mean": mean, "std": std},
            {"step": "clip", "low": -CLIP_STD, "high": CLIP_STD},
            {"step": "layout", "shape": [WINDOW_SAMPLES, 1, len(AXES)]},
        ],
    }


def wrist(recording: WristRecording) -> int:
    """Return the settings' word of a recording."""
    return int(recording.left_wrist)


def training_plan(described: Mapping[str, Any]) -> Plan:
    """Return the same steps in float64, as the recordings are: what the model is trained on, and judged on a host."""
    return plan_of(read_description(described), "float64")


def training_epoch(generator: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return one epoch of augmented windows [N, 50, 1, 6] and labels [N], drawn anywhere in the training recordings."""
    recordings = split_by_subject(load_recordings(), SUBJECTS)["train"]
    signals = [facing_right(recording, recording.raw) for recording in recordings]
    windows, chosen = random_windows(signals, 2 * sum(map(len, signals)) // WINDOW_SAMPLES, generator)
    windows = tilted(windows, generator) * np.exp(generator.normal(0, LOG_GAIN, (len(windows), 1, len(AXES))))
    inputs = prepare(training_plan(description(recordings)), windows)
    inputs += generator.normal(0, NOISE_STD, inputs.shape).astype(np.float32)
    return inputs, np.array([recordings[index].label for index in chosen], np.int64)


def random_windows(
    signals: Sequence[NDArray[np.float64]], count: int, generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return windows [count, 50, 6] at random places and paces, linearly interpolated, and whose signal each is."""
    lengths = np.array([len(signal) for signal in signals])
    chosen = generator.choice(len(signals), count, p=lengths / lengths.sum())
    pace = np.exp(generator.uniform(-TIME_WARP, TIME_WARP, count))
    first = generator.uniform(0, 1, count) * (lengths[chosen] - 1 - (WINDOW_SAMPLES - 1) * pace)
    at = first[:, None] + np.arange(WINDOW_SAMPLES) * pace[:, None]
    whole = np.clip(at.astype(np.int64), 0, lengths[chosen, None] - 2)
    offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])[chosen, None] + whole
    joined, part = np.concatenate(signals), (at - whole)[..., None]
    windows = joined[offsets] * (1 - part) + joined[offsets + 1] * part
    windows[..., 3:] *= pace[:, None, None]  # a faster movement rotates faster
    return windows, chosen


def tilted(windows: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    """Return windows [N, 50, 6] as a watch would give them that sits slightly rotated on the wrist."""
    vectors = generator.normal(0, TILT_RAD, (len(windows), 3))
    angles = np.linalg.norm(vectors, axis=1)[:, None, None] + 1e-12
    x, y, z = vectors.T
    zero = np.zeros_like(x)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1) / angles
    rotations = np.eye(3) + np.sin(angles) * cross + (1 - np.cos(angles)) * (cross @ cross)  # Rodrigues
    sensors = windows.reshape(len(windows), WINDOW_SAMPLES, 2, 3)
    return np.einsum("nij,ntsj->ntsi", rotations, sensors).reshape(windows.shape)


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    """Return the Keras model from windows to logits, as it is trained or as it is deployed.

    For training it has batch normalisation, which is then folded into the convolutions, and dropout.
    Conv2D with (k, 1) kernels stands for a one-dimensional convolution, which tfmot's quantization refuses.
    """
    from tf_keras import Model, layers

    inputs = layers.Input((WINDOW_SAMPLES, 1, len(AXES)), batch_size=batch_size, name="window")
    x = inputs
    for number, (filters, kernel, pool) in enumerate(CONVOLUTIONS, start=1):
        x = layers.Conv2D(filters, (kernel, 1), padding="same", use_bias=not training, name=f"conv{number}")(x)
        if training:
            x = layers.BatchNormalization(momentum=0.95, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D((pool, 1), name=f"pool{number}")(x)
    x = layers.Flatten(name="features")(x)
    if training:
        x = layers.Dropout(0.3, name="dropout")(x)
    return Model(inputs, layers.Dense(len(class_names()), name="logits")(x), name="gesture")
