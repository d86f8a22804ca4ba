"""Hands the reference runtimes to comparisons: a model, real samples and a runtime become an `Execution`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.execution import Execution, Run
from tinygate.errors import ConfigError, DataError
from tinygate.oracle.conversion import quantize_inputs
from tinygate.oracle.oracle import ReferenceRun, run_litert, run_tflm, tflm_is_installed
from tinygate.oracle.process import LANES
from tinygate.tflite import Tensor, TfliteModel, read_model
from tinygate.tflm.operators import hybrid_operator

TIMEOUT_S = 600.0
_WORTH_SPLITTING = 32  # samples; fewer are done before a second process has started


def _run_xnnpack(*args: Any, **options: Any) -> ReferenceRun:
    return run_litert(*args, reference_kernels=False, **options)


def _in_a_process(ask: Callable[..., ReferenceRun]) -> Run:
    def run(content: bytes, inputs: NDArray[Any], tensors: Sequence[int]) -> Sequence[NDArray[Any]]:
        return ask(content, inputs, tensors=tensors, use_cache=False, timeout_s=TIMEOUT_S).all_outputs

    return run


def _in_numpy(content: bytes, inputs: NDArray[Any], tensors: Sequence[int]) -> Sequence[NDArray[Any]]:
    from tinygate.interpreter import interpret

    computed = interpret(read_model(content), inputs).tensors
    return [computed[index] for index in tensors]


_RUNTIMES: dict[str, Run] = {
    "tflm": _in_a_process(run_tflm),
    "litert-ref": _in_a_process(run_litert),
    "litert": _in_a_process(_run_xnnpack),
    "numpy": _in_numpy,
}
RUNTIMES = tuple(_RUNTIMES)
"""TFLM; LiteRT's reference kernels; LiteRT as it comes (XNNPACK); tinygate's own interpreter of integer models."""


def default_runtime(model: TfliteModel) -> str:
    """Return who computes a model in a comparison.

    TFLM for integers. LiteRT for floats: many times faster, and equal up to the order of summation. LiteRT's reference
    kernels for what TFLM refuses: integer weights on floating-point inputs.
    """
    tensors = model.main.tensors
    if hybrid_operator(model) is not None:
        return "litert-ref"
    return "tflm" if any(tensor.scales for tensor in tensors) else "litert"


def execution(content: bytes, samples: NDArray[Any], runtime: str = "") -> Execution:
    """Return a model ready to run on real `samples` [N, ...], which are quantized as its input demands.

    Large batches are shared between two processes. Results are not kept on disk: intermediate tensors are large.
    `runtime` is one of RUNTIMES, by default `default_runtime`.

    Raises:
        ConfigError: an unknown runtime.
        DataError: samples of another shape than the model takes, or not finite.
        ModelFileError: the file is malformed.
    """
    if runtime and runtime not in _RUNTIMES:
        raise ConfigError(f"{runtime!r} is no runtime; known: {', '.join(RUNTIMES)}.")
    model = read_model(content)
    runtime = runtime or default_runtime(model)
    if runtime == "tflm" and not tflm_is_installed():
        runtime = "litert-ref"  # stands in, as in `run_tflm`; whoever reads the result is told so
    _check_shape(model.input, samples)
    return Execution(content, model, quantize_inputs(model, np.asarray(samples, np.float32)), _runner(runtime), runtime)


def _runner(runtime: str) -> Run:
    part = _RUNTIMES[runtime]

    def run(content: bytes, inputs: NDArray[Any], tensors: Sequence[int]) -> Sequence[NDArray[Any]]:
        if len(inputs) < _WORTH_SPLITTING or part is _in_numpy:
            return part(content, inputs, tensors)
        with ThreadPoolExecutor(LANES) as pool:
            parts = list(pool.map(lambda rows: part(content, rows, tensors), np.array_split(inputs, LANES)))
        return [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]

    return run


def _check_shape(tensor: Tensor, samples: NDArray[Any]) -> None:
    wanted = tuple(size for size in tensor.shape if size != 1)
    if samples.ndim < 1 or tuple(size for size in samples.shape[1:] if size != 1) != wanted or not len(samples):
        raise DataError(
            f"inputs of shape {samples.shape} do not fit the model's input {tensor.name!r} of shape {tensor.shape}; "
            "expected at least one sample along the first dimension."
        )
