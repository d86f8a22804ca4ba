"""A .tflite file as frozen dataclasses: what the rest of tinygate sees of the format."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import TYPE_CHECKING, Any

from tinygate.errors import ModelFileError
from tinygate.tflite.options import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray

NUMPY_TYPES = {
    "float16": "<f2", "float32": "<f4", "float64": "<f8", "bool": "?", "int8": "i1", "uint8": "u1", "int16": "<i2",
    "uint16": "<u2", "int32": "<i4", "uint32": "<u4", "int64": "<i8", "uint64": "<u8",
}  # fmt: skip
"""NumPy type code of each tensor type that NumPy has."""


@dataclass(frozen=True)
class Buffer:
    """Raw constant data.

    Attributes:
        data: the bytes, empty for tensors computed at run time.
        offset_bytes: where they start in the file; 0 if empty.
    """

    data: bytes
    offset_bytes: int


@dataclass(frozen=True)
class Tensor:
    """One tensor of a subgraph.

    Attributes:
        index: its number in the subgraph.
        name: its name in the file.
        shape: elements per dimension; () for a scalar.
        shape_signature: the same with -1 for a dimension left open; () if the file gives none.
        dtype: "int8", "float32", …; "unknown(77)" for a type outside the schema.
        buffer: index of its buffer; 0 by convention means no constant data.
        data: the constant's raw bytes, empty if it has none (or if `buffer` dangles).
        scales, zero_points: affine parameters, real = scale · (q - zero_point); empty if not quantized, one value if
            quantized per tensor, one per index of `quantized_dimension` if per channel.
        quantized_dimension: the channel dimension.
        minimum, maximum: ranges recorded by the converter, usually empty.
        quantization_details: "" for affine quantization, else "custom", "blockwise", "multi_axis".
        is_variable: whether it keeps state between invocations.
        is_sparse: whether its data are stored sparse.
        external_buffer: 1-based entry of data outside the file; 0 for none.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    shape_signature: tuple[int, ...]
    dtype: str
    buffer: int
    data: bytes
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    quantized_dimension: int
    minimum: tuple[float, ...]
    maximum: tuple[float, ...]
    quantization_details: str
    is_variable: bool
    is_sparse: bool
    external_buffer: int

    @property
    def element_count(self) -> int:
        """Number of elements; 1 for a scalar."""
        return prod(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether the file holds its values."""
        return bool(self.data) or self.external_buffer != 0

    def array(self) -> NDArray[Any]:
        """Return the constant's values, read-only, in `shape`; int4 is not unpacked.

        Raises:
            ModelFileError: data and shape disagree, or the type has no NumPy counterpart.
        """
        import numpy as np

        if self.dtype not in NUMPY_TYPES:
            raise ModelFileError(f"tensor {self.index} {self.name!r}: type {self.dtype} cannot be read as an array.")
        dtype = np.dtype(NUMPY_TYPES[self.dtype])
        if any(size < 0 for size in self.shape) or self.element_count * dtype.itemsize != len(self.data):
            raise ModelFileError(
                f"tensor {self.index} {self.name!r}: {len(self.data)} bytes of data do not fill shape {self.shape} "
                f"of {self.dtype}. Export the model again."
            )
        return np.frombuffer(self.data, dtype).reshape(self.shape)


@dataclass(frozen=True)
class OperatorCode:
    """An operator that the model uses.

    Attributes:
        name: "CONV_2D", …; "unknown(300)" for a code outside the schema.
        custom: the name of a custom operator, empty for a builtin one.
        version: the operator's version that the model needs.
    """

    name: str
    custom: str
    version: int


@dataclass(frozen=True)
class Operator:
    """One node of a subgraph, in execution order.

    Attributes:
        index: its number in the subgraph.
        name: the operator's name; a custom operator's own name; "dangling(9)" if the code index dangles.
        code: index of its OperatorCode.
        version: version of its OperatorCode.
        inputs: tensor indices, -1 for an input left out.
        outputs: tensor indices.
        options: its options, decoded as far as tinygate knows them.
        options_type: their type's number in the schema's union BuiltinOptions; 0 if the file gives no options.
        custom_options: a custom operator's options, a FlexBuffer by convention.
    """

    index: int
    name: str
    code: int
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    intermediates: tuple[int, ...]
    options: Options
    options_type: int = field(default=0, compare=False)
    custom_options: bytes = b""


@dataclass(frozen=True)
class Subgraph:
    """A graph of operators over tensors; inputs and outputs are tensor indices."""

    index: int
    name: str
    tensors: tuple[Tensor, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    operators: tuple[Operator, ...]


@dataclass(frozen=True)
class Metadata:
    """A named buffer beside the graph, "min_runtime_version" for example."""

    name: str
    buffer: int


@dataclass(frozen=True)
class Signature:
    """A named entry point: names of tensors (subgraph indices) that go in and out."""

    key: str
    subgraph: int
    inputs: tuple[tuple[str, int], ...]
    outputs: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class TfliteModel:
    """A whole file.

    Attributes:
        identifier: bytes 4 to 8 of the file, "TFL3".
        version: schema version, 3.
        size_bytes: size of the file.
    """

    identifier: str
    version: int
    description: str
    size_bytes: int
    operator_codes: tuple[OperatorCode, ...]
    subgraphs: tuple[Subgraph, ...]
    buffers: tuple[Buffer, ...]
    metadata: tuple[Metadata, ...]
    signatures: tuple[Signature, ...]

    @property
    def main(self) -> Subgraph:
        """The subgraph that runs. Raises ModelFileError if there is none."""
        if not self.subgraphs:
            raise ModelFileError("the model has no subgraph: nothing to run. Export it again.")
        return self.subgraphs[0]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """Input tensors of the main subgraph."""
        return tuple(self.main.tensors[i] for i in self.main.inputs)

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """Output tensors of the main subgraph."""
        return tuple(self.main.tensors[i] for i in self.main.outputs)

    @property
    def input(self) -> Tensor:
        """The only input tensor. Raises ModelFileError if there are none or several."""
        return self._only(self.inputs, "input")

    @property
    def output(self) -> Tensor:
        """The only output tensor. Raises ModelFileError if there are none or several."""
        return self._only(self.outputs, "output")

    @staticmethod
    def _only(tensors: tuple[Tensor, ...], what: str) -> Tensor:
        if len(tensors) != 1:
            raise ModelFileError(f"the model has {len(tensors)} {what} tensors; expected one.")
        return tensors[0]
