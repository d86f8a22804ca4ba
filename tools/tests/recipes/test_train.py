"""Training learns, repeats itself, and fine-tuning starts from the ranges the float model spans."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygate.data import Dataset, Split
from tinygate.recipes.hyperparameters import Hyperparameters
from tinygate.recipes.train import mix_pairs, train_float, train_qat


def split(seed: int) -> Split:
    generator = np.random.default_rng(seed)
    labels = np.arange(128, dtype=np.int64) % 2
    inputs = generator.normal(size=(128, 8, 1, 2)).astype(np.float32) + 1.5 * (2 * labels - 1)[:, None, None, None]
    return Split(inputs.astype(np.float32), labels, labels, labels, labels)


DATASET = Dataset(split(0), split(1), split(2), ("low", "high"), "0" * 64, {})


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    from tf_keras import Model, layers

    inputs = layers.Input((8, 1, 2), batch_size=batch_size)
    x = layers.Conv2D(4, (3, 1), use_bias=not training, name="conv")(inputs)
    x = layers.BatchNormalization(momentum=0.8, name="norm")(x) if training else x
    x = layers.GlobalAveragePooling2D(name="average")(layers.ReLU(name="relu")(x))
    return Model(inputs, layers.Dense(2, name="logits")(x))


HYPER = Hyperparameters(seed=1, epochs=6, batch_size=16, learning_rate=0.02, ema_decay=0.9, qat_epochs=1)
RECIPE = SimpleNamespace(TRAINING=HYPER, build_model=build_model)


def accuracy(weights: dict[str, Any]) -> float:
    from tinygate.recipes.weights import set_weights

    model = build_model(training=False)
    set_weights(model, weights)
    return float((model(DATASET.test.inputs).numpy().argmax(axis=1) == DATASET.test.labels).mean())


def test_mixed_pairs_keep_their_targets_in_step() -> None:
    labels = np.arange(40) % 4
    targets = np.eye(4, dtype=np.float32)[labels]
    inputs, mixed = mix_pairs(targets.copy(), targets, 0.3, np.random.default_rng(0))
    np.testing.assert_allclose(inputs, mixed, atol=1e-6)
    np.testing.assert_allclose(mixed.sum(axis=1), 1, atol=1e-6)
    assert (mixed[np.arange(40), labels] >= 0.5 - 1e-6).all()
    assert (mixed < 0.99).any()


def test_no_mixing_leaves_everything_alone() -> None:
    targets = np.eye(4, dtype=np.float32)
    inputs, mixed = mix_pairs(targets, targets, 0.0, np.random.default_rng(0))
    assert inputs is targets
    assert mixed is targets


@pytest.mark.train
def test_training_learns_and_repeats_itself() -> None:
    heard: list[int] = []
    first = train_float(RECIPE, DATASET, heard.append)
    second = train_float(RECIPE, DATASET, heard.append)
    assert heard == [*range(1, 7), *range(1, 7)]
    assert accuracy(first) > 0.9
    assert all((first[name] == second[name]).all() for name in first)


@pytest.mark.train
def test_fine_tuning_starts_from_the_spanned_ranges() -> None:
    floats = train_float(RECIPE, DATASET, lambda _: None)
    fine = train_qat(RECIPE, DATASET, floats, lambda _: None)
    low, high = fine["quantize_layer/quantize_layer_min"], fine["quantize_layer/quantize_layer_max"]
    assert low == pytest.approx(DATASET.train.inputs.min(), rel=0.3)
    assert high == pytest.approx(DATASET.train.inputs.max(), rel=0.3)
    np.testing.assert_allclose(fine["conv/kernel"], floats["conv/kernel"], atol=0.02)
