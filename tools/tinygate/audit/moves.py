"""Output shapes of operators that move values, inferred from inputs, constants and options."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tinygate.audit.product import values_of
from tinygate.audit.view import View
from tinygate.tflite.model import Operator, Tensor
from tinygate.tflite.options import ConcatenationOptions, CountAxisOptions, ReducerOptions, StridedSliceOptions

Shape = tuple[int, ...]
_MOST_VALUES = 64  # of a constant that describes a shape


def moved_shapes(view: View, operator: Operator) -> Iterator[tuple[Tensor, Shape | None]]:
    """Yield each output with the shape it must have, None if inputs contradict each other; nothing if unknown."""
    infer = _INFER.get(operator.name)
    inputs = [tensor for tensor in view.inputs(operator) if tensor is not None]
    if infer is None or len(inputs) != len(operator.inputs):
        return
    try:
        shapes = infer(operator, inputs)
    except (LookupError, _UnknownError):
        return  # constants or inputs that are missing: other rules
    outputs = view.outputs(operator)
    known: list[Shape | None] = [*shapes] if shapes is not None else [None]
    yield from zip(outputs, known * len(outputs) if len(known) == 1 else known, strict=False)


class _UnknownError(Exception):
    """A shape that is known at run time only."""


def _values(tensor: Tensor) -> list[int]:
    """Return a small integer constant's values."""
    values = values_of(tensor)
    if values is None or values.dtype.kind not in "iu" or values.size > _MOST_VALUES:
        raise _UnknownError
    return [int(value) for value in values.reshape(-1)]


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise _UnknownError  # TG-Q040
    return axis % rank


def _concatenation(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    first = inputs[0].shape
    if not isinstance(operator.options, ConcatenationOptions):
        raise _UnknownError
    axis = _axis(operator.options.axis, len(first))
    rest = {(*t.shape[:axis], *t.shape[axis + 1 :]) for t in inputs if len(t.shape) == len(first)}
    if len(rest) > 1 or any(len(t.shape) != len(first) for t in inputs):
        return None
    return [(*first[:axis], sum(t.shape[axis] for t in inputs), *first[axis + 1 :])]


def _split(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, parts = inputs[1].shape, max(len(operator.outputs), 1)
    axis = _axis(_values(inputs[0])[0], len(shape))
    if shape[axis] % parts:
        return None
    return [(*shape[:axis], shape[axis] // parts, *shape[axis + 1 :])]


def _split_v(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, sizes = inputs[0].shape, _values(inputs[1])
    axis = _axis(_values(inputs[2])[0], len(shape))
    rest = shape[axis] - sum(size for size in sizes if size >= 0)
    sizes = [rest if size == -1 else size for size in sizes]
    if sum(sizes) != shape[axis] or len(sizes) != len(operator.outputs):
        return None
    return [(*shape[:axis], size, *shape[axis + 1 :]) for size in sizes]


def _pack(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape = inputs[0].shape
    if not isinstance(operator.options, CountAxisOptions):
        raise _UnknownError
    axis = _axis(operator.options.axis, len(shape) + 1)
    if any(tensor.shape != shape for tensor in inputs):
        return None
    return [(*shape[:axis], len(inputs), *shape[axis:])]


def _unpack(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape = inputs[0].shape
    if not isinstance(operator.options, CountAxisOptions):
        raise _UnknownError
    axis = _axis(operator.options.axis, len(shape))
    return [(*shape[:axis], *shape[axis + 1 :])] if shape[axis] == len(operator.outputs) else None


def _pad(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, paddings = inputs[0].shape, _values(inputs[1])
    if len(paddings) != 2 * len(shape):
        return None
    return [tuple(size + paddings[2 * d] + paddings[2 * d + 1] for d, size in enumerate(shape))]


def _slice(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, begin, size = inputs[0].shape, _values(inputs[1]), _values(inputs[2])
    if not len(begin) == len(size) == len(shape):
        return None
    sizes = [shape[d] - begin[d] if size[d] == -1 else size[d] for d in range(len(shape))]
    fits = all(begin[d] >= 0 and 0 <= sizes[d] <= shape[d] - begin[d] for d in range(len(shape)))
    return [tuple(sizes)] if fits else None


def _strided_slice(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, options = inputs[0].shape, operator.options
    begin, end, strides = _values(inputs[1]), _values(inputs[2]), _values(inputs[3])
    if not isinstance(options, StridedSliceOptions) or options.ellipsis_mask or options.new_axis_mask:
        raise _UnknownError
    if not len(begin) == len(end) == len(strides) <= len(shape) or 0 in strides:
        return None
    result: list[int] = []
    for d, size in enumerate(shape):
        if d >= len(begin):
            result.append(size)
        elif not options.shrink_axis_mask >> d & 1:
            first = None if options.begin_mask >> d & 1 else begin[d]
            last = None if options.end_mask >> d & 1 else end[d]
            result.append(len(range(size)[first : last : strides[d]]))
        elif not -size <= begin[d] < size:
            return None
    return [tuple(result)]


def _transpose(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape, order = inputs[0].shape, _values(inputs[1])
    if sorted(axis % max(len(shape), 1) for axis in order) != list(range(len(shape))):
        return None
    return [tuple(shape[axis] for axis in order)]


def _reduce(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    shape = inputs[0].shape
    axes = {_axis(axis, len(shape)) for axis in _values(inputs[1])}
    if not isinstance(operator.options, ReducerOptions):
        raise _UnknownError
    if operator.options.keep_dims:
        return [tuple(1 if d in axes else size for d, size in enumerate(shape))]
    return [tuple(size for d, size in enumerate(shape) if d not in axes)]


def _shape(operator: Operator, inputs: list[Tensor]) -> list[Shape] | None:
    return [(len(inputs[0].shape),)]


_INFER: dict[str, Callable[[Operator, list[Tensor]], list[Shape] | None]] = {
    "CONCATENATION": _concatenation, "SPLIT": _split, "SPLIT_V": _split_v, "PACK": _pack, "UNPACK": _unpack,
    "PAD": _pad, "PADV2": _pad, "SLICE": _slice, "STRIDED_SLICE": _strided_slice, "TRANSPOSE": _transpose,
    "MEAN": _reduce, "SUM": _reduce, "REDUCE_MAX": _reduce, "REDUCE_MIN": _reduce, "SHAPE": _shape,
}  # fmt: skip
