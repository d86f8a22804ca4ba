"""Puts together a small model, operator by operator: for demonstrations and tests that need one of known content."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tinygate.tflite import schema
from tinygate.tflite.model import NUMPY_TYPES, Buffer, Operator, OperatorCode, Subgraph, Tensor, TfliteModel
from tinygate.tflite.options import Options

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass
class ModelBuilder:
    """Collects tensors and operators of one subgraph.

    Tensors are numbered as they are added; `tensor` and `constant` return that number.
    """

    tensors: list[Tensor] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    codes: list[OperatorCode] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=lambda: [Buffer(b"", 0)])

    def tensor(
        self,
        name: str,
        shape: Sequence[int],
        dtype: str,
        scales: Sequence[float] = (),
        zero_points: Sequence[int] = (),
        *,
        axis: int = 0,
        data: bytes = b"",
    ) -> int:
        """Add a tensor, a constant one if it has data."""
        buffer = 0
        if data:
            buffer = len(self.buffers)
            self.buffers.append(Buffer(data, 0))
        tensor = Tensor(
            index=len(self.tensors),
            name=name,
            shape=tuple(shape),
            shape_signature=(),
            dtype=dtype,
            buffer=buffer,
            data=data,
            scales=struct.unpack(f"{len(scales)}f", struct.pack(f"{len(scales)}f", *scales)),  # files hold float32
            zero_points=tuple(int(zero_point) for zero_point in zero_points),
            quantized_dimension=axis,
            minimum=(),
            maximum=(),
            quantization_details="",
            is_variable=False,
            is_sparse=False,
            external_buffer=0,
        )
        self.tensors.append(tensor)
        return tensor.index

    def constant(
        self,
        name: str,
        values: NDArray[Any],
        scales: Sequence[float] = (),
        zero_points: Sequence[int] = (),
        *,
        axis: int = 0,
    ) -> int:
        """Add a constant tensor of the array's own type."""
        dtype = next(name for name, code in NUMPY_TYPES.items() if values.dtype == code)
        return self.tensor(name, values.shape, dtype, scales, zero_points, axis=axis, data=values.tobytes())

    def operator(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: Sequence[int],
        options: Options | None = None,
        *,
        version: int = 1,
    ) -> int:
        """Add an operator, a custom one if the schema does not know its name; return its number."""
        code = OperatorCode(name, "", version) if name in schema.OPERATORS else OperatorCode("CUSTOM", name, version)
        if code not in self.codes:
            self.codes.append(code)
        number = len(self.operators)
        self.operators.append(
            Operator(
                number, name, self.codes.index(code), version, tuple(inputs), tuple(outputs), (), options or Options()
            )
        )
        return number

    def model(self, inputs: Sequence[int], outputs: Sequence[int]) -> TfliteModel:
        """Return the model with these input and output tensors; write it with `write_model`."""
        graph = Subgraph(0, "main", tuple(self.tensors), tuple(inputs), tuple(outputs), tuple(self.operators))
        return TfliteModel(
            identifier=schema.FILE_IDENTIFIER,
            version=schema.SCHEMA_VERSION,
            description="",
            size_bytes=0,
            operator_codes=tuple(self.codes),
            subgraphs=(graph,),
            buffers=tuple(self.buffers),
            metadata=(),
            signatures=(),
        )
