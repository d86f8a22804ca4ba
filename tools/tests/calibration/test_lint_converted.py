"""Models that TensorFlow really calibrated on noise, on one class, on another scale: the lint names each."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.calibration.activations import FloatModel, ranged_tensors
from tinygate.calibration.lint import lint, lint_tflite
from tinygate.model.folder import load_model
from tinygate.tflite import read_model

pytestmark = pytest.mark.train
GESTURE = load_model(Path("models/gesture"))
FLOAT = GESTURE.variant("float32").content


def calibration_set(kind: str) -> Any:
    generator, train = np.random.default_rng(5), GESTURE.dataset.train
    shape = (200, *train.inputs.shape[1:])
    sets = {
        "rand": lambda: generator.random(shape),
        "randn": lambda: generator.standard_normal(shape),
        "one class": lambda: train.inputs[train.labels == 0][:200],
        "another scale": lambda: train.inputs[::14] / 4,
        "twenty": lambda: train.inputs[::140][:20],
    }
    return sets[kind]().astype(np.float32)


@cache
def converted(kind: str) -> bytes:
    from tinygate.recipes.build import load_pinned_weights
    from tinygate.recipes.convert import METHODS, convert

    weights = load_pinned_weights(GESTURE.folder / "artifacts", GESTURE.manifest)
    return convert(GESTURE.recipe, METHODS["ptq_int8"], weights["float_weights"], calibration_set(kind))


@pytest.mark.parametrize(("kind", "code"), [("rand", "TG-D030"), ("randn", "TG-D031")])
def test_a_model_calibrated_on_noise_betrays_it(kind: str, code: str) -> None:
    assert lint_tflite(converted(kind), kind).codes == {code}


@pytest.mark.parametrize("kind", ["rand", "randn", "one class", "another scale", "twenty"])
def test_ranges_are_predicted_as_the_converter_finds_them(kind: str) -> None:
    bench, model = FloatModel(FLOAT), read_model(converted(kind))
    tensors = ranged_tensors(bench.model, model)
    extremes = bench.extremes(calibration_set(kind), [tensor.float_index for tensor in tensors])
    for tensor, found in zip(tensors, extremes, strict=True):
        assert tensor.from_values(*found).scale == pytest.approx(tensor.scale, rel=1e-4), tensor.place


@pytest.mark.parametrize("kind", ["rand", "one class", "another scale"])
def test_the_ranges_of_a_bad_set_clip_real_windows(kind: str) -> None:
    report = lint(GESTURE.dataset.train.inputs[::14], GESTURE.dataset, {kind: converted(kind)}, float_tflite=FLOAT)
    assert any(finding.code in ("TG-D002", "TG-D003") and finding.place.startswith(kind) for finding in report.errors)
    assert "TG-D019" in report.codes


def test_noise_of_the_right_size_is_named_by_the_set_and_by_the_inner_ranges() -> None:
    noise = calibration_set("randn")
    report = lint(noise, GESTURE.dataset, converted("randn"), float_tflite=FLOAT)
    assert {"TG-D012", "TG-D013"} <= {finding.code for finding in report.errors}
    assert {"TG-D002", "TG-D003"} & report.codes


def test_quantization_aware_ranges_that_were_never_trained_are_named() -> None:
    from tinygate.recipes.convert import METHODS, convert
    from tinygate.recipes.framework import framework
    from tinygate.recipes.train import quantization_aware
    from tinygate.recipes.weights import get_weights

    plain = GESTURE.recipe.build_model(training=False)
    weights = get_weights(quantization_aware(plain))
    framework().keras.backend.clear_session()  # else TensorFlow numbers the next model's layers on
    untrained = convert(GESTURE.recipe, METHODS["qat_int8"], weights, np.zeros((0,), np.float32))
    assert "TG-D032" in {finding.code for finding in lint_tflite(untrained, "qat").errors}
