"""Runs a model in a reference interpreter and returns raw outputs and arena figures: the oracle of every comparison."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError, ModelFileError
from tinygate.extras import is_installed, require
from tinygate.oracle import cache as result_cache
from tinygate.oracle import process
from tinygate.oracle.state import resets_that_matter, resource_operators
from tinygate.tflite import TfliteModel, read_model
from tinygate.tflite.model import NUMPY_TYPES
from tinygate.tflm.work import multiplications

TIMEOUT_S = 120.0
_WINDOW_S = 0.003  # per window on top: ten times what an idle core takes for a small model
_MULTIPLICATIONS_PER_S = 10e6  # reference kernels do several times that
_PACKAGES = {"tflm": "tflite_micro", "litert-ref": "ai-edge-litert", "litert": "ai-edge-litert"}
_MODULES = {"tflm": "tflite_micro", "litert-ref": "ai_edge_litert", "litert": "ai_edge_litert"}
_ARENA_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")

Inputs = NDArray[Any] | Sequence[NDArray[Any]]


@dataclass(frozen=True)
class ReferenceRun:
    """What an interpreter made of a batch.

    Attributes:
        outputs: the model's first output in its own type, [N, ...] without the model's batch dimension of 1.
        all_outputs: every output (or tensor asked for), likewise.
        oracle: who computed: "tflm", or "litert-ref" (LiteRT's reference kernels, a weaker oracle: its FULLY_CONNECTED
            rounds differently), or "litert" (LiteRT as it comes).
        version: version of that runtime's package.
        arena_used_bytes: total that the 64-bit TFLM interpreter recorded, None for other runtimes. A 32-bit chip needs
            less: pointers and structures shrink.
        arena_head_bytes: activations and scratch buffers: the same on a chip with the same kernels.
        arena_tail_bytes: persistent structures.
        from_cache: whether the result was read from disk.
    """

    outputs: NDArray[Any]
    all_outputs: tuple[NDArray[Any], ...]
    oracle: str
    version: str
    arena_used_bytes: int | None
    arena_head_bytes: int | None
    arena_tail_bytes: int | None
    from_cache: bool


def tflm_is_installed() -> bool:
    """Return whether the TFLM wheel is there; it exists for Linux on x86-64 only."""
    return is_installed("tflite_micro")


def run_tflm(
    model: bytes,
    inputs: Inputs,
    *,
    tensors: Sequence[int] = (),
    resets: Collection[int] | None = None,
    use_cache: bool = True,
    timeout_s: float | None = None,
) -> ReferenceRun:
    """Run every sample through TensorFlow Lite Micro, in order, in a process of its own.

    Where the TFLM wheel is not installed, LiteRT's reference kernels stand in and `oracle` says "litert-ref".

    Args:
        model: content of a .tflite file whose batch dimension is 1.
        inputs: [N, ...] in the model's own input type; for several inputs one such array each.
        tensors: indices of tensors of the main subgraph to return instead of the outputs (no arena figures then).
        resets: samples before which the model's state is reset, by number from 0, as a board is told to; None for all.
            The first one finds the model as it is after loading in any case.
        use_cache: read and write results on disk.
        timeout_s: for the whole batch; None for what its size and the model's demand, on a busy machine.

    Raises:
        ModelFileError: the file is malformed, or the interpreter refused it, died or took too long.
        DataError: inputs of another type or size than the model takes.
    """
    runtime = "tflm" if tflm_is_installed() else "litert-ref"
    return _run(runtime, model, inputs, tensors, resets, use_cache, timeout_s)


def run_litert(
    model: bytes,
    inputs: Inputs,
    *,
    reference_kernels: bool = True,
    tensors: Sequence[int] = (),
    resets: Collection[int] | None = None,
    use_cache: bool = True,
    timeout_s: float | None = None,
) -> ReferenceRun:
    """Run every sample through LiteRT; arguments and errors as for `run_tflm`.

    Args:
        reference_kernels: LiteRT's reference kernels, close to TFLM's; else its default, XNNPACK, which differs from
            TFLM by up to 15 units of the last place in a third of the samples of a small int8 CNN.
    """
    runtime = "litert-ref" if reference_kernels else "litert"
    return _run(runtime, model, inputs, tensors, resets, use_cache, timeout_s)


def _run(
    runtime: str,
    model: bytes,
    inputs: Inputs,
    tensors: Sequence[int],
    resets: Collection[int] | None,
    use_cache: bool,
    timeout_s: float | None,
) -> ReferenceRun:
    require(_MODULES[runtime], "no reference interpreter can run the model")
    parsed = read_model(model)
    batches = [inputs] if isinstance(inputs, np.ndarray) else list(inputs)
    _check_inputs(parsed, batches)
    request = _request(runtime, parsed, tensors, resets_that_matter(parsed, resets, len(batches[0])))
    arrays = [np.frombuffer(model, np.uint8), *batches]
    key = result_cache.key_of(request, arrays, _version(runtime)) if use_cache else ""
    stored = result_cache.load(key) if use_cache else None
    patience_s = _patience_s(parsed, len(batches[0])) if timeout_s is None else timeout_s
    results, printed = stored or process.ask(runtime, request, arrays, patience_s)
    if use_cache and not stored:
        result_cache.save(key, results, printed)
    return _reference_run(runtime, results, printed, stored is not None)


def _patience_s(model: TfliteModel, count: int) -> float:
    return TIMEOUT_S + count * max(_WINDOW_S, multiplications(model) / _MULTIPLICATIONS_PER_S)


def _request(runtime: str, model: TfliteModel, tensors: Sequence[int], resets: Sequence[int] | None) -> dict[str, Any]:
    for index in tensors:
        if not 0 <= index < len(model.main.tensors):
            raise DataError(f"tensor {index} was asked for, the model has {len(model.main.tensors)}.")
    return {
        "runner": {
            "runtime": runtime,
            "tensors": list(tensors),
            "output_count": len(model.outputs),
            "resources": resource_operators(model),
        },
        "sample_shapes": [list(tensor.shape) for tensor in model.inputs],
        "resets": resets if resets is None else list(resets),
    }


def _check_inputs(model: TfliteModel, batches: list[NDArray[Any]]) -> None:
    if len(batches) != len(model.inputs) or not batches:
        raise DataError(f"{len(batches)} inputs given, the model takes {len(model.inputs)}.")
    for tensor, batch in zip(model.inputs, batches, strict=True):
        expected = NUMPY_TYPES.get(tensor.dtype)
        if expected is None:
            raise ModelFileError(f"input {tensor.name!r} is of type {tensor.dtype}, which cannot be fed.")
        if batch.dtype != np.dtype(expected):
            raise DataError(
                f"input {tensor.name!r} takes {tensor.dtype}, got {batch.dtype}: use quantize_inputs() on real values."
            )
        if len(batch) == 0 or len(batch) != len(batches[0]) or batch[0].size != tensor.element_count:
            raise DataError(
                f"input {tensor.name!r} takes samples of shape {tensor.shape}, at least one; got {batch.shape}."
            )


def _reference_run(runtime: str, results: list[NDArray[Any]], printed: str, from_cache: bool) -> ReferenceRun:
    unbatched = tuple(a.reshape(a.shape[0], *a.shape[2:]) if a.ndim > 1 and a.shape[1] == 1 else a for a in results)
    arena = {what: int(size) for what, size in _ARENA_LINE.findall(printed)}
    return ReferenceRun(
        outputs=unbatched[0],
        all_outputs=unbatched,
        oracle=runtime,
        version=_version(runtime),
        arena_used_bytes=arena.get("total"),
        arena_head_bytes=arena.get("head"),
        arena_tail_bytes=arena.get("tail"),
        from_cache=from_cache,
    )


@cache
def _version(runtime: str) -> str:
    return importlib.metadata.version(_PACKAGES[runtime])
