"""Is each variant as good as it must be, by its model's metric, and does it lose no more than it may?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tinygate.judge.margin import judge_margin
from tinygate.judge.metric import judge_agreement, judge_metric, judge_pinned_metric
from tinygate.judge.oracle import run_oracle
from tinygate.model.config import Margin
from tinygate.model.folder import Model, Variant
from tinygate.oracle import run_litert
from tinygate.tflite import TfliteModel
from tinygate.verdict import Finding

Judge = Callable[[Finding], None]


def test_the_metric_reaches_its_floor(variant: Variant, judge: Judge) -> None:
    judge(judge_metric(variant))


def test_the_metric_is_what_the_manifest_says(variant: Variant, judge: Judge) -> None:
    judge(judge_pinned_metric(variant))


def test_it_agrees_with_the_reference(variant: Variant, judge: Judge) -> None:
    finding = judge_agreement(variant)
    if finding is None:
        pytest.skip("it is the reference")
    judge(finding)


def test_what_is_lost_is_within_the_margin(margin: tuple[Model, Margin], judge: Judge) -> None:
    judge(judge_margin(*margin))


def test_litert_reference_kernels_tell_the_same_story(variant: Variant) -> None:
    """They round FULLY_CONNECTED differently from TFLM: a unit of a logit here and there, never a different model."""
    oracle = run_oracle(variant)
    if variant.model.config.task != "classification":
        pytest.skip("what a unit in a logit can do to a probability says nothing of other outputs")
    other = run_litert(variant.content, oracle.inputs, reference_kernels=True).outputs
    difference = np.abs(other.astype(np.float64) - oracle.reference.outputs.astype(np.float64))
    assert difference.max() <= _largest_excusable_difference(oracle.tflite)
    assert (difference >= _noticeable(oracle.tflite)).any(axis=-1).mean() <= 0.01


def _noticeable(tflite: TfliteModel) -> float:
    """A probability of 1/256 in units of the output: one code of int8, a hundred of int16."""
    return 1e-5 if tflite.output.dtype == "float32" else 1 / 256 / tflite.output.scales[0]


def _largest_excusable_difference(tflite: TfliteModel) -> float:
    """What one unit in every logit can move a softmax output by: a probability's slopes add up to at most a half."""
    if tflite.output.dtype == "float32":
        return 1e-5
    softmax = tflite.main.operators[-1]
    assert softmax.name == "SOFTMAX"
    logit_scale = tflite.main.tensors[softmax.inputs[0]].scales[0]
    return max(1.0, logit_scale / 2 / tflite.output.scales[0])
