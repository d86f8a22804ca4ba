"""A transfer-learning model of two classes, MobileNetV2 with random weights: published sizes, and why int8 is larger."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tinygate.packing.breakdown import breakdown

pytestmark = pytest.mark.train

PUBLISHED_MIB = {"float32": 8.46, "dynamic_range": 2.39, "ptq_int8": 2.59}


def build_model(*, training: bool, batch_size: int | None = None) -> Any:
    from tf_keras import Model, applications, layers

    image = layers.Input((224, 224, 3), batch_size=batch_size, name="image")
    base = applications.MobileNetV2(input_tensor=image, include_top=False, weights=None)
    features = layers.GlobalAveragePooling2D(name="features")(base.output)
    return Model(image, layers.Dense(2, name="logits")(features), name="transfer")


@pytest.fixture(scope="module")
def contents() -> dict[str, bytes]:
    from tinygate.recipes.convert import METHODS, convert
    from tinygate.recipes.framework import framework, seed_everything
    from tinygate.recipes.weights import get_weights

    framework()
    seed_everything(1)
    weights = get_weights(build_model(training=False))
    images = np.random.default_rng(0).uniform(-1, 1, (1, 224, 224, 3)).astype(np.float32)
    recipe = SimpleNamespace(build_model=build_model)
    return {name: convert(recipe, METHODS[name], weights, images) for name in PUBLISHED_MIB}


def test_sizes_are_the_published_ones_within_five_per_cent(contents: dict[str, bytes]) -> None:
    for name, published in PUBLISHED_MIB.items():
        assert len(contents[name]) / 2**20 == pytest.approx(published, rel=0.05), name


def test_full_int8_is_larger_by_its_quantization_parameters(contents: dict[str, bytes]) -> None:
    dynamic, full = (breakdown(contents[name]) for name in ("dynamic_range", "ptq_int8"))
    grown = {purpose: full[purpose] - dynamic[purpose] for purpose in full}
    assert max(grown, key=lambda purpose: grown[purpose]) == "quantization parameters"
    assert grown["quantization parameters"] > 0.5 * (len(contents["ptq_int8"]) - len(contents["dynamic_range"]))
