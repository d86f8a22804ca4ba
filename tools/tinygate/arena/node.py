"""An operator as its kernel sees it while TensorFlow Lite Micro allocates: what it looks at and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Protocol, TypeVar

from tinygate.arena.layout import Layout
from tinygate.arena.memory import ALIGNMENT, Memory, Owner
from tinygate.errors import ModelFileError
from tinygate.tflite.model import Operator, Subgraph, Tensor
from tinygate.tflite.options import Options

O = TypeVar("O", bound=Options)  # noqa: E741

TYPE_BYTES = {
    "float16": 2, "bfloat16": 2, "float32": 4, "float64": 8, "int16": 2, "int32": 4, "uint32": 4, "uint8": 1,
    "uint16": 2, "int8": 1, "int64": 8, "uint64": 8, "bool": 1, "resource": 4, "complex64": 8, "complex128": 16,
    "int4": 1,
}  # fmt: skip
"""Bytes per element in the arena, as TFLM counts them: int4 is not packed there."""


class Taker(Protocol):
    """Takes `size_bytes` of memory: `Memory.persistent` or `Memory.temporary`."""

    def __call__(self, size_bytes: int, alignment: int, kind: str) -> None:
        """Take it."""


@dataclass(frozen=True)
class Scratch:
    """A scratch buffer: memory of the head that an operator has while it runs."""

    owner: Owner
    size_bytes: int
    kind: str


@dataclass
class Graphs:
    """What operators change for all that follow: shapes, data set early, scratch requests, resource variables.

    Attributes:
        layout: sizes of structures.
        shapes: of tensors whose shape a kernel has computed, by (subgraph, tensor).
        has_data: tensors that point at a kernel's data: they take no memory in the head.
        scratch: every scratch buffer, in the order asked for.
        variables: resource variables by (container, name).
        handles: which variable a tensor holds, by (subgraph, tensor).
        stored: variables that have got their memory.
        unknown: what cannot be computed, in sentences.
    """

    layout: Layout
    shapes: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)
    has_data: set[tuple[int, int]] = field(default_factory=set)
    scratch: list[Scratch] = field(default_factory=list)
    variables: dict[tuple[str, str], int] = field(default_factory=dict)
    handles: dict[tuple[int, int], int] = field(default_factory=dict)
    stored: set[int] = field(default_factory=set)
    unknown: list[str] = field(default_factory=list)

    def shape(self, graph: Subgraph, index: int) -> tuple[int, ...]:
        """Return a tensor's shape as it is by now."""
        return self.shapes.get((graph.index, index), graph.tensors[index].shape)

    def size_bytes(self, graph: Subgraph, index: int) -> int:
        """Return how much memory a tensor's values take in the arena.

        Raises:
            ModelFileError: its type has no size in TFLM, or a dimension is negative.
        """
        tensor, shape = graph.tensors[index], self.shape(graph, index)
        if tensor.dtype not in TYPE_BYTES:
            raise ModelFileError(
                f"tensor {index} {tensor.name!r} is of type {tensor.dtype}, which TensorFlow Lite Micro cannot hold."
            )
        if any(size < 0 for size in shape):
            raise ModelFileError(
                f"tensor {index} {tensor.name!r} has shape {shape}: TensorFlow Lite Micro plans no open dimensions. "
                "Export the model with fixed shapes."
            )
        return prod(shape) * TYPE_BYTES[tensor.dtype]


@dataclass(frozen=True)
class Node:
    """One operator, the memory and what is known of the graphs."""

    graph: Subgraph
    operator: Operator
    graphs: Graphs
    memory: Memory

    @property
    def layout(self) -> Layout:
        """Sizes of structures."""
        return self.graphs.layout

    def options(self, kind: type[O]) -> O:
        """Return the operator's options; defaults if the file gives none of that kind."""
        return self.operator.options if isinstance(self.operator.options, kind) else kind()

    def input(self, number: int) -> Tensor | None:
        """Return an input, None if it is left out."""
        return self._tensor(self.operator.inputs, number)

    def output(self, number: int = 0) -> Tensor | None:
        """Return an output, None if there is none."""
        return self._tensor(self.operator.outputs, number)

    def needs(self, tensor: Tensor | None, what: str) -> Tensor:
        """Return `tensor`. Raises ModelFileError if it is left out."""
        if tensor is None:
            raise ModelFileError(f"{self} has no {what}. Export the model again.")
        return tensor

    def shape(self, tensor: Tensor, rank: int = 0) -> tuple[int, ...]:
        """Return the shape as it is by now. Raises ModelFileError if it has fewer than `rank` dimensions."""
        shape = self.graphs.shape(self.graph, tensor.index)
        if len(shape) < rank:
            raise ModelFileError(
                f"{self}: tensor {tensor.index} {tensor.name!r} has shape {shape}, expected {rank} dimensions."
            )
        return shape

    def count(self, tensor: Tensor) -> int:
        """Return the number of elements."""
        return prod(self.shape(tensor))

    def temporaries(self, spec: str) -> None:
        """Look at tensors: `i0` the first input, `o0` the first output, `i*` all inputs. Left out ones are free."""
        for word in spec.split():
            tensors = self.operator.inputs if word[0] == "i" else self.operator.outputs
            for number in range(len(tensors)) if word[1:] == "*" else (int(word[1:]),):
                tensor = self._tensor(tensors, number)
                if tensor is not None:
                    describe(tensor, self.layout, self.memory.temporary)
                    self.memory.unread_bytes = _unread_bytes(tensor, self.layout)

    def data(self, size_bytes: int, kind: str, *, is_filled: bool = True) -> None:
        """Ask for memory for good; `is_filled` if the kernel writes it at once."""
        self.memory.persistent(size_bytes, ALIGNMENT, kind, is_filled=is_filled)

    def structure(self, name: str, kind: str = "operator data") -> None:
        """Ask for a structure for good."""
        self.data(self.layout.size(name), kind)

    def scratch(self, size_bytes: int, kind: str) -> None:
        """Ask for a scratch buffer."""
        self.graphs.scratch.append(Scratch(self.memory.owner, size_bytes, kind))

    def set_shape(self, shape: tuple[int, ...]) -> None:
        """Copy the output's shape into the arena and change it."""
        output = self.needs(self.output(), "output")
        self.data(self.layout.size("TfLiteIntArray") + 4 * len(self.shape(output)), "computed shape")
        self.graphs.shapes[self.graph.index, output.index] = shape

    def say_unknown(self, sentence: str) -> None:
        """Note what cannot be computed."""
        self.graphs.unknown.append(f"{self}: {sentence}")

    def __str__(self) -> str:
        return f"operator {self.operator.index} {self.operator.name}"

    def _tensor(self, indices: tuple[int, ...], number: int) -> Tensor | None:
        index = indices[number] if number < len(indices) else -1
        return self.graph.tensors[index] if index >= 0 else None


def is_quantized(tensor: Tensor) -> bool:
    """Return whether TFLM sees the tensor as quantized."""
    return bool(tensor.scales and tensor.zero_points)


def describe(tensor: Tensor, layout: Layout, take: Taker) -> None:
    """Take memory for TFLM's description of a tensor: TfLiteTensor and, if quantized, its parameters."""
    take(layout.size("TfLiteTensor"), layout.alignment("TfLiteTensor"), "TfLiteTensor")
    if is_quantized(tensor):
        name = "TfLiteAffineQuantization"
        take(layout.size(name), layout.alignment(name), name)
        name = "TfLiteIntArray"
        take(layout.size(name) + 4 * len(tensor.scales), layout.alignment(name), "zero points")


def _unread_bytes(tensor: Tensor, layout: Layout) -> int:
    """Return how much of a description's end kernels have read when they ask for memory: the channel dimension, the
    last member of TfLiteAffineQuantization, and the zero points.
    """
    if not is_quantized(tensor):
        return 0
    return layout.size("pointer") + layout.size("TfLiteIntArray") + 4 * len(tensor.scales)
