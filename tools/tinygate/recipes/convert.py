"""Turns trained weights into .tflite files: one row of `METHODS` per variant says how it is made."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Split
from tinygate.errors import ConfigError, DataError
from tinygate.model.config import ModelConfig
from tinygate.recipes.framework import framework
from tinygate.recipes.train import quantization_aware
from tinygate.recipes.trained import PRUNED_PERCENT
from tinygate.recipes.weights import Weights, set_weights

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Method:
    """How a variant is made.

    Attributes:
        made: one sentence for the manifest.
        weights: which trained weights it starts from: a name of `tinygate.recipes.trained.TRAINED`, the stem of a file.
        configure: sets a TFLiteConverter up; also given the calibration windows [N, ...].
        is_fake_quantized: whether those weights are of a model with fake quantization.
    """

    made: str
    weights: str
    configure: Callable[[Any, Floats], None]
    is_fake_quantized: bool = False


def _keep_float(converter: Any, calibration: Floats) -> None:
    pass


def _weights_only(converter: Any, calibration: Floats) -> None:
    """Quantize large weights to int8 and compute in floating point; ranges of activations are found while running."""
    converter.optimizations = [framework().tf.lite.Optimize.DEFAULT]


def _full_integer(converter: Any, calibration: Floats) -> None:
    """Quantize inputs, outputs and everything between to int8; ranges come from the calibration windows."""
    tf = framework().tf
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _samples(calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


def _full_integer_per_tensor(converter: Any, calibration: Floats) -> None:
    """As `_full_integer`, but one scale for all channels of a weight tensor; the converter's default is one each."""
    _full_integer(converter, calibration)
    converter._experimental_disable_per_channel = True  # TensorFlow 2.21 has no other switch


def _wide_activations(converter: Any, calibration: Floats) -> None:
    """Quantize weights to int8 and inputs, outputs and everything between to int16, symmetrically."""
    tf = framework().tf
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: _samples(calibration)
    wide = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
    converter.target_spec.supported_ops = [wide]
    converter.inference_input_type = tf.int16
    converter.inference_output_type = tf.int16
    # esp-tflite-micro 1.4.0 ignores the channels' multipliers in an int16 FULLY_CONNECTED: docs/firmware.md.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True


def _learnt_ranges(converter: Any, calibration: Floats) -> None:
    """Quantize to int8 with the ranges that fine-tuning left in the fake-quantization nodes."""
    tf = framework().tf
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.inference_input_type = tf.int8
    converter.inference_output_type = tf.int8


def method_of(config: ModelConfig, variant: str) -> Method:
    """Return how a variant is made. Raises ConfigError for a name that is no method."""
    name = config.variants[variant].method or variant
    if name not in METHODS:
        raise ConfigError(
            f"variants.{variant}: method {name!r} is not known; set method to one of {', '.join(METHODS)}."
        )
    return METHODS[name]


METHODS: Mapping[str, Method] = {
    "float32": Method("converted as trained", "float_weights", _keep_float),
    "dynamic_range": Method(
        "post-training quantization of large weights to int8 per channel; float activations, input and output",
        "float_weights",
        _weights_only,
    ),
    "ptq_int8": Method(
        "post-training quantization: int8 weights per channel, int8 activations, input and output, ranges from the "
        "calibration samples",
        "float_weights",
        _full_integer,
    ),
    "ptq_int8_per_tensor": Method(
        "post-training quantization: int8 weights with one scale per tensor, int8 activations, input and output, "
        "ranges from the calibration samples",
        "float_weights",
        _full_integer_per_tensor,
    ),
    "ptq_int16x8": Method(
        "post-training quantization: int8 weights, per channel in convolutions and per tensor in dense layers, int16 "
        "activations, input and output, ranges from the calibration samples",
        "float_weights",
        _wide_activations,
    ),
    "qat_int8": Method(
        "quantization-aware fine-tuning towards the float model's own answers, activation ranges seeded from its "
        "activations; int8 weights per channel in convolutions, int8 input and output",
        "qat_weights",
        _learnt_ranges,
        is_fake_quantized=True,
    ),
    **{
        f"pruned{percent}_int8": Method(
            f"{percent} % of the weights of every kernel pruned to zero, then post-training quantization as ptq_int8",
            f"pruned{percent}_weights",
            _full_integer,
        )
        for percent in PRUNED_PERCENT
    },
    **{
        f"pruned{percent}_qat_int8": Method(
            f"{percent} % of the weights of every kernel pruned to zero, then quantization-aware fine-tuning as "
            "qat_int8 which leaves the zeros",
            f"pruned{percent}_qat_weights",
            _learnt_ranges,
            is_fake_quantized=True,
        )
        for percent in PRUNED_PERCENT
    },
}


def convert(recipe: Any, method: Method, weights: Weights, calibration: Floats, task: str = "classification") -> bytes:
    """Return the .tflite of one variant, batch 1: from window to probabilities, or to what the model answers.

    In a process that built no model before, the same weights give the same bytes.
    """
    keras = framework().keras
    model = recipe.build_model(training=False, batch_size=1)
    if method.is_fake_quantized:
        model = quantization_aware(model)
    set_weights(model, weights)
    if task != "classification":
        return _to_tflite(model, method, calibration)
    answer = keras.layers.Softmax(name="probabilities")(model.output)
    return _to_tflite(keras.Model(model.input, answer, name=model.name), method, calibration)


def _to_tflite(model: Any, method: Method, calibration: Floats) -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter warns about what was asked for: statistics given, none needed
        converter = framework().tf.lite.TFLiteConverter.from_keras_model(model)
        method.configure(converter, calibration)
        return bytes(converter.convert())


def _samples(calibration: Floats) -> Iterator[list[Floats]]:
    for window in calibration:
        yield [window[np.newaxis]]


def choose_calibration(split: Split, count: int, seed: int) -> NDArray[np.int64]:
    """Return sorted indices [count] of windows, evenly spaced through all of them by class, recording and time.

    Systematic sampling from a seeded start: every class and recording gets its share, as in training.

    Raises:
        DataError: the split has fewer windows, or a class so few that it gets none.
    """
    if count > len(split):
        raise DataError(f"{count} calibration samples are wanted of {len(split)} training windows; ask for fewer")
    labels = split.column("labels")
    order = np.lexsort((split.column("starts"), split.column("recordings"), labels))
    offset = np.random.default_rng(seed).uniform()
    chosen = np.sort(order[((np.arange(count) + offset) * len(split) / count).astype(np.int64)])
    absent = np.setdiff1d(labels, labels[chosen])
    if len(absent):
        raise DataError(f"classes {absent.tolist()} get none of {count} calibration samples; ask for more samples")
    return chosen
