"""A .tflite on the windows of a test set: what it is fed, who computes, and its answers in real units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.compare.execution import real_values
from tinygate.data import Judged, Split
from tinygate.errors import DataError
from tinygate.oracle import ReferenceRun, quantize_tensor, resets_of, run_suitable
from tinygate.oracle.state import StateScope
from tinygate.tflite import Tensor, TfliteModel, read_model
from tinygate.tflite.model import NUMPY_TYPES

Raw = NDArray[Any]


@dataclass(frozen=True)
class Evaluation:
    """A model and its answers to a test set.

    Attributes:
        tflite: the parsed model.
        fed: the bytes it was given: one array [N, ...] per input, in the input's own type.
        resets: the windows before which state is reset; None for all of them.
        reference: raw outputs, and who computed them.
        judged: the windows with the answers in real units.
    """

    tflite: TfliteModel
    fed: tuple[Raw, ...]
    resets: tuple[int, ...] | None
    reference: ReferenceRun
    judged: Judged


def evaluate(content: bytes, split: Split, name: str, state: StateScope = "none") -> Evaluation:
    """Run every window of a part of a data set through the oracle that suits the model.

    `state` says before which windows a model that keeps state forgets it, see `tinygate.oracle.state`.

    Raises:
        ModelFileError: the .tflite is malformed, or the oracle refuses it.
        DataError: the inputs are not those of the model: another number, shape or type; `name` says whose.
    """
    tflite = read_model(content)
    fed = feed(tflite, split, name)
    resets = _resets(split, state)
    reference = run_suitable(content, list(fed), resets)
    return Evaluation(tflite, fed, resets, reference, judged(tflite, split, reference.all_outputs))


def judged(tflite: TfliteModel, split: Split, outputs: Sequence[Raw]) -> Judged:
    """Return windows with a model's answers in real units.

    Args:
        tflite: whose outputs they are.
        split: the windows.
        outputs: raw values of the first outputs, all of them or fewer, [N, ...] each: from the oracle or from a board.
    """
    real = tuple(real_values(tensor, raw) for tensor, raw in zip(tflite.outputs, outputs, strict=False))
    return Judged(split, real, np.arange(len(split), dtype=np.int64))


def _resets(split: Split, state: StateScope) -> tuple[int, ...] | None:
    recordings = split.column("recordings") if split.has("recordings") else None
    try:
        return resets_of(state, len(split), recordings)
    except DataError as error:
        raise DataError(f"{split.source}: {split.part or 'test'}_recordings: {error}") from error


def feed(tflite: TfliteModel, split: Split, name: str) -> tuple[Raw, ...]:
    """Return what the model is given: one array per input, in the input's own type.

    Real values are quantized as the firmware does it; integers pass as they are into an input of their own type.

    Raises:
        DataError: the file has other inputs than the model, or of another shape or type; it names file and array.
    """
    arrays = _by_input(tflite, split, name)
    return tuple(_fed(tensor, *arrays[tensor.index], name) for tensor in tflite.inputs)


def real_windows(tflite: TfliteModel, split: Split, name: str) -> bytes | None:
    """Return all windows in real values, each one's inputs one after the other, float32; None if some are no reals.

    Raises:
        DataError: as for `feed`.
    """
    arrays = _by_input(tflite, split, name)
    inputs = [arrays[tensor.index][0] for tensor in tflite.inputs]
    if any(array.dtype != np.float32 for array in inputs):
        return None
    return np.concatenate([array.reshape(len(array), -1) for array in inputs], axis=1).astype("<f4").tobytes()


def input_name(tensor: Tensor) -> str:
    """Return what an input is called in a data file: its name without what converters add around it."""
    return tensor.name.removeprefix("serving_default_").split(":")[0]


def _by_input(tflite: TfliteModel, split: Split, name: str) -> dict[int, tuple[Raw, str]]:
    """Return array and its place in the file, by the index of the input tensor."""
    part, given = split.part or "test", split.all_inputs
    if len(tflite.inputs) == 1 and len(given) == 1:
        (key,) = given
        return {tflite.inputs[0].index: (given[key], f"{split.source}: {part}_inputs{f'_{key}' if key else ''}")}
    wanted = {input_name(tensor): tensor for tensor in tflite.inputs}
    if set(wanted) != set(given):
        found = ", ".join(f"{part}_inputs{f'_{key}' if key else ''}" for key in given)
        expected = ", ".join(f"{part}_inputs_{key}" for key in wanted)
        raise DataError(f"{split.source}: {found}; {name} takes {len(wanted)} inputs, expected {expected}.")
    return {tensor.index: (given[key], f"{split.source}: {part}_inputs_{key}") for key, tensor in wanted.items()}


def _fed(tensor: Tensor, array: Raw, where: str, name: str) -> Raw:
    squeezed = [tuple(size for size in shape if size != 1) for shape in (array.shape[1:], tensor.shape)]
    if squeezed[0] != squeezed[1]:
        raise DataError(
            f"{where} has windows of shape {array.shape[1:]}, {name} takes {_window_shape(tensor)}; "
            "expected the shape of the model's input."
        )
    if tensor.dtype not in NUMPY_TYPES:
        raise DataError(f"{where}: {name} takes {tensor.dtype}, which can be fed neither here nor on a chip.")
    raw_type = np.dtype(NUMPY_TYPES[tensor.dtype])
    is_real = array.dtype.kind == "f"
    if array.dtype == raw_type and not is_real:
        return array
    if is_real and (tensor.dtype == "float32" or tensor.scales):
        return quantize_tensor(tensor, array)
    if not is_real and not tensor.scales and raw_type.kind in "iub":
        return _cast(array, raw_type, where, name)
    codes = f" or {tensor.dtype}, its own codes" if tensor.scales else ""
    expected = "real values, float32" + codes if tensor.dtype == "float32" or tensor.scales else f"{tensor.dtype}"
    raise DataError(f"{where} is {array.dtype}, {name} takes {tensor.dtype}; expected {expected}.")


def _window_shape(tensor: Tensor) -> tuple[int, ...]:
    """Return what one window is: the input without its batch, which is a batch only where it is 1."""
    return tensor.shape[1:] if tensor.shape[:1] == (1,) and len(tensor.shape) > 1 else tensor.shape


def _cast(array: Raw, raw_type: np.dtype[Any], where: str, name: str) -> Raw:
    cast = array.astype(raw_type)
    if not np.array_equal(cast, array):
        raise DataError(f"{where} holds values that {raw_type}, which {name} takes, has not; mend the data.")
    return cast
