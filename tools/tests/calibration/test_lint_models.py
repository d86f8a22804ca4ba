"""What the lint says of models: ranges too narrow, too wide, of another set, of noise, never trained."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.audit.finding import Severity
from tinygate.calibration.activations import FloatModel, ranged_tensors
from tinygate.calibration.finding import LintReport
from tinygate.calibration.lint import lint, lint_tflite
from tinygate.calibration.representative_set import from_samples
from tinygate.errors import ModelFileError
from tinygate.model.folder import load_model
from tinygate.tflite import read_model
from tinygate.tflite.edit import rewrite

GESTURE = load_model(Path("models/gesture"))
FLOAT, INT8 = (GESTURE.variant(name).content for name in ("float32", "ptq_int8"))


def with_affine(tensor: int, scale: float, zero_point: int) -> bytes:
    def change(model: Any) -> None:
        quantization = model.subgraphs[0].tensors[tensor].quantization
        quantization.scale, quantization.zeroPoint = [scale], [zero_point]

    return rewrite(INT8, change)


def input_with(scale: float, zero_point: int) -> bytes:
    return with_affine(read_model(INT8).input.index, scale, zero_point)


def result_of(operator: int) -> Any:
    graph = read_model(INT8).main
    return graph.tensors[graph.operators[operator].outputs[0]]


@cache
def of_model(content: bytes) -> LintReport:
    calibration = GESTURE.manifest.calibration
    assert calibration is not None
    given = from_samples(calibration.samples, GESTURE.dataset)
    return lint(given, GESTURE.dataset, content, float_tflite=FLOAT)


def test_every_calibrated_range_is_that_of_the_set() -> None:
    """The converter takes the smallest and largest value; so must we, to the last digit."""
    (finding,) = [f for f in of_model(INT8).findings if f.code == "TG-D019"]
    assert finding.severity is None, finding.values


def test_a_narrow_range_clips_held_out_data_and_covers_too_little() -> None:
    tensor = result_of(0)
    report = of_model(with_affine(tensor.index, tensor.scales[0] / 6, -128))
    assert {"TG-D002", "TG-D003"} <= {f.code for f in report.errors}
    assert any(f.place == "model: operator 0 CONV_2D" for f in report.errors)


def test_a_wide_range_wastes_its_codes() -> None:
    tensor = result_of(0)
    report = of_model(with_affine(tensor.index, tensor.scales[0] * 6, -128))
    assert {f.code for f in report.errors} == {"TG-D003"}


def test_a_range_of_another_set_is_noted_with_what_this_set_gives() -> None:
    tensor = result_of(0)
    report = of_model(with_affine(tensor.index, tensor.scales[0] * 1.5, -128))
    (finding,) = [f for f in report.broken if f.code == "TG-D019"]
    assert finding.values.startswith("1 of ")
    assert any("if calibrated on this set" in f.place for f in report.findings)


def test_one_class_gives_ranges_that_clip_the_others() -> None:
    train = GESTURE.dataset.train
    one = train.inputs[train.labels == 0][:200]
    report = lint(one, GESTURE.dataset, INT8, float_tflite=FLOAT)
    assert any(f.code == "TG-D002" and "if calibrated on this set" in f.place for f in report.errors)


def test_twenty_samples_give_unstable_ranges() -> None:
    report = lint(GESTURE.dataset.train.inputs[::140][:20], GESTURE.dataset, INT8, float_tflite=FLOAT)
    assert "TG-D001" in {f.code for f in report.errors}
    assert report.codes & {"TG-D002", "TG-D004"}


def test_without_a_float_model_the_set_alone_is_judged() -> None:
    report = lint(GESTURE.dataset.train.inputs[::14], GESTURE.dataset, INT8)
    assert not {"TG-D002", "TG-D003", "TG-D019"} & {f.code for f in report.findings}


def test_a_float_model_of_another_graph_is_refused() -> None:
    from tflite_writer import write_model
    from tools.tests.compare.graph import fused

    with pytest.raises(ModelFileError, match="no layer of the reference"):
        lint(GESTURE.dataset.train.inputs[::14], GESTURE.dataset, write_model(fused()), float_tflite=FLOAT)


@pytest.mark.parametrize(
    ("scale", "zero_point", "code"),
    [
        (np.random.default_rng(0).random(60_000).max() / 255, -128, "TG-D030"),
        (8.79 / 255, -1, "TG-D031"),
        (12 / 255, 0, "TG-D032"),
    ],
)
def test_the_input_range_alone_betrays_noise_and_untrained_ranges(scale: float, zero_point: int, code: str) -> None:
    assert lint_tflite(input_with(float(scale), zero_point), "model").codes == {code}


@pytest.mark.parametrize("seed", range(10))
def test_ranges_of_normal_noise_are_recognized_whatever_the_seed(seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal((200, 50, 6))
    scale = (noise.max() - noise.min()) / 255
    zero_point = round(-128 - noise.min() / scale)
    assert lint_tflite(input_with(float(scale), zero_point), "model").codes == {"TG-D031"}


@pytest.mark.parametrize("width", [8.0, 10.0, 6.0, 20.0, 2.0])
def test_a_clip_at_a_round_number_is_no_noise(width: float) -> None:
    assert lint_tflite(input_with(width / 255, 0), "model").broken == ()


def test_what_the_training_inputs_reach_explains_the_range() -> None:
    learnt = input_with(8.4 / 255, 0)  # as noise would have it, and as inputs clipped at ±4 have it after fine-tuning
    assert lint_tflite(learnt, "model").codes == {"TG-D031"}
    assert "TG-D031" not in of_model(learnt).codes


def test_an_inner_range_of_six_was_never_trained() -> None:
    (finding,) = lint_tflite(with_affine(result_of(2).index, 12 / 255, 0), "model").errors
    assert (finding.code, finding.place) == ("TG-D032", "model: operator 2 CONV_2D")


def test_codes_below_zero_behind_a_relu_are_half_learnt() -> None:
    report = lint_tflite(with_affine(result_of(2).index, 0.04, -43), "model")
    assert [(f.code, f.severity) for f in report.broken] == [("TG-D032", Severity.WARNING)]


def test_the_range_of_a_tensor_predicted_from_values_is_the_converters() -> None:
    bench, model = FloatModel(FLOAT), read_model(INT8)
    calibration = GESTURE.manifest.calibration
    assert calibration is not None
    inputs = from_samples(calibration.samples, GESTURE.dataset).inputs
    for tensor in ranged_tensors(bench.model, model):
        ((low, high),) = bench.extremes(inputs, [tensor.float_index])
        predicted = tensor.from_values(low, high)
        assert predicted.scale == pytest.approx(tensor.scale, rel=1e-5)
        assert predicted.zero_point == tensor.zero_point


def test_an_extreme_answer_alone_makes_no_set_unstable() -> None:
    """The gesture set's widest logit lies in one half only; what it costs to cut it off is no fault of the set."""
    (finding,) = [f for f in of_model(INT8).findings if f.code == "TG-D004"]
    kept = [float(value) for value in re.findall(r"([0-9.]+) dB", finding.values)]
    assert len(kept) == 2
    assert min(kept) > 30


def test_an_int16_range_is_symmetric_and_no_waste() -> None:
    content = GESTURE.variant("ptq_int16x8").content
    calibration = GESTURE.manifest.calibration
    assert calibration is not None
    report = lint(from_samples(calibration.samples, GESTURE.dataset), GESTURE.dataset, content, float_tflite=FLOAT)
    assert "TG-D019" not in report.codes
    assert "TG-D003" not in report.codes


@pytest.mark.parametrize("half", ["heavy", "light"])
def test_a_set_with_one_wild_sample_is_unstable(half: str) -> None:
    inputs = GESTURE.dataset.train.inputs[::14].copy()
    if half == "heavy":
        inputs[10] *= 20
    report = lint(inputs, GESTURE.dataset, INT8, float_tflite=FLOAT)
    (finding,) = [f for f in report.findings if f.code == "TG-D004"]
    kept = [float(value) for value in re.findall(r"([0-9.]+) dB", finding.values)]
    assert (abs(kept[0] - kept[1]) > 10) == (half == "heavy")
    assert half == "light" or finding.severity is Severity.WARNING
