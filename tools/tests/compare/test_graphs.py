"""What a comparison measures: against formulas, against damage done on purpose, against the clock."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_writer import write_model
from tools.tests.compare.graph import FIRST, INPUTS, RESULT_SCALE, SECOND, branches, fused, unfused

from tinygate.compare import execution as executions
from tinygate.compare.graphs import Comparison, compare_answers, compare_graphs
from tinygate.compare.measure import sqnr_db
from tinygate.compare.render import as_json
from tinygate.compare.sensitivity import sensitivity
from tinygate.compare.simulate import Coarse, simulate
from tinygate.data.classes import classes_of
from tinygate.errors import DataError, ModelFileError
from tinygate.model.folder import load_model
from tinygate.oracle.execution import default_runtime, execution
from tinygate.quant.affine import per_tensor
from tinygate.tflite import read_model
from tinygate.tflite.edit import rewrite

GESTURE = load_model(Path("models/gesture"))
FLOAT, INT8 = (GESTURE.variant(name).content for name in ("float32", "ptq_int8"))
WEIGHTED = [op.index for op in read_model(INT8).main.operators if op.name in ("CONV_2D", "FULLY_CONNECTED")]


@cache
def windows() -> Any:
    return GESTURE.dataset.test


def compared(reference: bytes, candidate: bytes, samples: Any = None, labels: Any = None) -> Comparison:
    inputs = windows().inputs[::5] if samples is None else samples
    return compare_graphs(execution(reference, inputs), execution(candidate, inputs), ("a", "b"), labels, None, 1.0)


def widened(content: bytes, operator: int, factor: float) -> bytes:
    """The model with one operator's weights that many times too large."""

    def change(model: Any) -> None:
        weights = model.subgraphs[0].tensors[model.subgraphs[0].operators[operator].inputs[1]]
        weights.quantization.scale = [factor * scale for scale in weights.quantization.scale]

    return rewrite(content, change)


def test_figures_are_those_of_the_formulas() -> None:
    (layer,) = compared(write_model(unfused()), write_model(fused()), INPUTS).layers
    exact = np.maximum(INPUTS @ FIRST.T + 0.5, 0)
    codes = np.clip(np.round(exact / RESULT_SCALE), 0, 255)
    got = execution(write_model(fused()), INPUTS).real([2], slice(None))[0]
    assert layer.sqnr_db == pytest.approx(10 * math.log10((exact**2).sum() / ((got - exact) ** 2).sum()), abs=0.01)
    assert sum(layer.lsb_histogram) == pytest.approx(1)
    assert layer.lsb_mean == pytest.approx(float((got / RESULT_SCALE - codes).mean()), abs=0.02)
    assert layer.clipped == pytest.approx((exact / RESULT_SCALE > 255.5).mean(), abs=0.005)


def test_a_model_against_itself_is_equal_everywhere() -> None:
    comparison = compared(INT8, INT8)
    assert {layer.sqnr_db for layer in comparison.layers} == {math.inf}
    assert comparison.first_divergence is None
    assert (comparison.answers.output_flips, comparison.answers.logit_sqnr_db) == (0, math.inf)


@pytest.mark.parametrize("operator", WEIGHTED)
def test_the_first_divergence_is_the_damaged_operator(operator: int) -> None:
    comparison = compared(FLOAT, widened(INT8, operator, 1.5))
    assert comparison.first_divergence is not None
    assert comparison.first_divergence.candidate_operator == operator
    assert comparison.steepest_loss.candidate_operator == operator


def test_without_labels_every_flip_is_a_loss() -> None:
    answers = compared(FLOAT, widened(INT8, WEIGHTED[-1], -1.0)).answers
    assert not answers.labelled
    assert answers.paired.lost == answers.output_flips > 0


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DataError, match=r"labels of shape \(3,\)"):
        compared(FLOAT, INT8, labels=np.zeros(3, np.int64))


def test_models_on_other_numbers_of_samples_are_refused() -> None:
    one, other = execution(FLOAT, windows().inputs[:3]), execution(INT8, windows().inputs[:4])
    with pytest.raises(DataError, match="3 samples for one model"):
        compare_graphs(one, other, ("a", "b"), None, None, 1.0)


def test_inputs_of_another_shape_are_refused() -> None:
    with pytest.raises(DataError, match=r"do not fit the model's input"):
        execution(INT8, np.zeros((2, 49, 1, 6), np.float32))


def test_the_size_of_chunks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = compared(FLOAT, INT8)
    monkeypatch.setattr(executions, "CHUNK_BYTES", 1 << 20)
    chunked = compared(FLOAT, INT8)
    assert chunked.answers == whole.answers
    for ours, theirs in zip(chunked.layers, whole.layers, strict=True):
        assert ours.sqnr_db == pytest.approx(theirs.sqnr_db, abs=1e-3)
        assert ours.lsb_histogram == pytest.approx(theirs.lsb_histogram)


def test_a_thousand_samples_layer_by_layer_take_seconds() -> None:
    started = time.perf_counter()
    compared(FLOAT, INT8, windows().inputs[:1000])
    assert time.perf_counter() - started < 30


def test_all_layers_simulated_together_lose_what_the_integer_model_loses() -> None:
    inputs = windows().inputs[::5]
    costs = sensitivity(execution(FLOAT, inputs), execution(INT8, inputs))
    assert costs[-1].kind == "all"
    assert costs[-1].both is not None
    assert costs[-1].both.logit_sqnr_db == pytest.approx(compared(FLOAT, INT8).answers.logit_sqnr_db, abs=1.0)


def test_the_layer_with_coarse_weights_costs_most() -> None:
    inputs = windows().inputs[::20]
    costs = sensitivity(execution(FLOAT, inputs), execution(widened(INT8, WEIGHTED[1], 1.1), inputs))
    alone = [cost for cost in costs if cost.both and cost.kind != "all"]
    worst = min(alone, key=lambda cost: cost.both.logit_sqnr_db if cost.both else 0)
    assert worst.operator == WEIGHTED[1]
    assert worst.weights is not None
    assert worst.activation is not None
    assert worst.weights.logit_sqnr_db < worst.activation.logit_sqnr_db


def test_sensitivity_needs_a_float_reference() -> None:
    one = execution(INT8, windows().inputs[:2])
    with pytest.raises(DataError, match="needs the float model"):
        sensitivity(one, one)


def test_floats_run_in_litert_integers_in_tflm() -> None:
    one, other = execution(FLOAT, windows().inputs[:1]), execution(INT8, windows().inputs[:1])
    assert (one.runtime, other.runtime) == ("litert", "tflm")
    assert default_runtime(fused()) == "tflm"


def test_litert_computes_floats_as_tflm_does() -> None:
    inputs = windows().inputs[:200]
    one, other = (execution(FLOAT, inputs, runtime) for runtime in ("litert", "tflm"))
    comparison = compare_graphs(one, other, ("litert", "tflm"), None, None, 1.0)
    assert min(layer.sqnr_db for layer in comparison.layers) > 100
    assert comparison.answers.output_flips == 0


@pytest.mark.parametrize(
    ("signal", "noise", "expected"), [(1.0, 0.0, math.inf), (0.0, 1.0, -math.inf), (100.0, 1.0, 20.0)]
)
def test_decibels_at_the_ends(signal: float, noise: float, expected: float) -> None:
    assert sqnr_db(signal, noise) == expected


def test_a_tie_goes_to_the_lowest_class_and_one_value_is_a_threshold() -> None:
    assert classes_of(np.array([[1.0, 3.0, 3.0]])).tolist() == [1]
    assert classes_of(np.array([[0.4], [0.6]])).tolist() == [0, 1]


def test_a_comparison_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        compared(INT8, INT8).samples = 0  # type: ignore[misc]


@pytest.mark.parametrize("scale", [math.nan, math.inf, 0.0, -0.01, 1e-40, 1e30])
@pytest.mark.parametrize("which", ["activation", "weights", "logits", "output"])
def test_a_corrupt_scale_ends_in_figures_or_a_refusal(which: str, scale: float) -> None:
    def change(model: Any) -> None:
        graph = model.subgraphs[0]
        last = graph.operators[-1]
        index = {
            "activation": graph.operators[0].outputs[0],
            "weights": graph.operators[0].inputs[1],
            "logits": last.inputs[0],
            "output": last.outputs[0],
        }[which]
        quantization = graph.tensors[index].quantization
        quantization.scale = [scale] * len(quantization.scale)

    with contextlib.suppress(ModelFileError, DataError):
        comparison = compared(FLOAT, rewrite(INT8, change), windows().inputs[:40])
        assert json.dumps(as_json(comparison), allow_nan=False)


def test_floats_that_overflow_do_not_stop_a_comparison() -> None:
    inputs = np.full((4, 50, 1, 6), 3e36, np.float32)
    comparison = compared(FLOAT, INT8, inputs)
    assert comparison.first_divergence is not None


def test_ties_are_samples_whose_highest_output_is_shared() -> None:
    reference = np.array([[3, 1, 0], [0, 3, 1], [1, 0, 3]], np.float32)
    candidate = np.array([[3, 3, 0], [0, 3, 1], [2, 2, 2]], np.float32)
    answers = compare_answers((reference, reference), (reference, candidate), [0, 1, 2], None, 1.0)
    assert (answers.ties, answers.output_flips, answers.logit_flips) == (2, 1, 0)
    assert (answers.reference_accuracy_percent, answers.paired.lost) == (100, 1)


def test_simulated_models_run_in_any_runtime() -> None:
    """TFLM runs operators in the order of the file: what is inserted must stand behind what it reads."""
    inputs = windows().inputs[:60]
    one, other = (
        sensitivity(execution(FLOAT, inputs, runtime), execution(INT8, inputs)) for runtime in ("litert", "tflm")
    )
    for ours, theirs in zip(one, other, strict=True):
        assert ours.both is not None
        assert theirs.both is not None
        assert ours.both.logit_sqnr_db == pytest.approx(theirs.both.logit_sqnr_db, abs=0.5)


def test_layers_that_only_move_values_have_no_cost_of_their_own() -> None:
    inputs = windows().inputs[:20]
    kinds = {cost.kind for cost in sensitivity(execution(FLOAT, inputs), execution(INT8, inputs))}
    assert kinds == {"input", "CONV_2D", "FULLY_CONNECTED", "all"}


def test_an_output_can_be_made_coarse() -> None:
    model = branches((0, 1))
    coarse = Coarse({}, {model.output.index: per_tensor(0.5, 0)})
    run = execution(simulate(write_model(model), coarse), INPUTS)
    (values,) = run.real((run.model.output.index,), slice(None))
    np.testing.assert_array_equal(values, np.round(values * 2) / 2)
    exact = np.clip(INPUTS @ (FIRST + SECOND).T, -64, 63.5)
    assert np.abs(values - exact).max() <= 0.2501
