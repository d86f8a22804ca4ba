"""What a device says of itself: who it is, the configuration that moves latency, its model's tensors, its limits."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Annotated

from tinygate.protocol.schema import Message
from tinygate.protocol.values import (
    DTYPE_BYTES,
    RAW_DTYPES,
    U32,
    U64,
    DtypeList,
    F32List,
    I32List,
    Name,
    Sha256,
    ShapeList,
    TextValue,
    U32List,
    choice,
)

PROTOCOL_VERSION = 3
_MODEL_STATUS = choice("ok", "no_model", "schema", "unknown_operator", "arena_too_small", "internal")


@dataclass(frozen=True)
class Tensor:
    """An input or output of the model.

    Attributes:
        dtype: "int8", "float32", "bool", …
        shape: elements per dimension, batch included; () for a scalar.
        scale, zero_point: real = scale · (q - zero_point); scale 0 when it is not quantized.
        size_bytes: of one tensor, as it travels.
    """

    dtype: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int
    size_bytes: int


@dataclass(frozen=True)
class Hello(Message):
    """Identity, configuration, tensors and limits; docs/protocol.md has the table. 0 MHz or bytes: none, or not known.

    The lists `input_…` and `output_…` have one element per tensor, and are there exactly when `model_status` is ok.
    """

    KIND = "hello"
    protocol: U32
    app: Name
    app_version: TextValue
    app_sha256: Sha256
    model_sha256: Sha256
    model_bytes: U32
    model_status: Annotated[str, _MODEL_STATUS]
    target: Name
    chip_revision: Name
    chip_id: TextValue
    cores: U32
    cpu_mhz: U32
    flash_mhz: U32
    flash_mode: Name
    flash_bytes: U32
    external_ram_mhz: U32
    external_ram_bytes: U32
    optimization: Name
    kernels: TextValue
    arena_placement: Annotated[str, choice("internal", "external", "host")]
    arena_configured_bytes: U32
    sdk: TextValue
    tflm_version: TextValue
    reset_reason: Name
    uptime_us: U64
    emulated: Annotated[str, choice("none", "virtual", "qemu")]
    timing: Annotated[str, choice("cycles", "none")]
    rx_line_bytes: U32
    rx_window_bytes: U32
    data_bytes: U32
    baud: U32
    max_baud: U32
    store_bytes: U32
    preprocessing: TextValue | None = None
    raw_dtype: Annotated[str, choice(*RAW_DTYPES)] | None = None
    raw_samples: U32 | None = None
    raw_axes: U32 | None = None
    raw_bytes: U32 | None = None
    input_dtypes: DtypeList = ()
    input_shapes: ShapeList = ()
    input_scales: F32List = ()
    input_zero_points: I32List = ()
    input_bytes: U32List = ()
    output_dtypes: DtypeList = ()
    output_shapes: ShapeList = ()
    output_scales: F32List = ()
    output_zero_points: I32List = ()
    output_bytes: U32List = ()

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The model's inputs, in its order; none when it cannot be invoked."""
        lists = (self.input_dtypes, self.input_shapes, self.input_scales, self.input_zero_points, self.input_bytes)
        return tuple(Tensor(*values) for values in zip(*lists, strict=True))

    @property
    def outputs(self) -> tuple[Tensor, ...]:
        """The model's outputs, likewise."""
        lists = (self.output_dtypes, self.output_shapes, self.output_scales, self.output_zero_points, self.output_bytes)
        return tuple(Tensor(*values) for values in zip(*lists, strict=True))

    @property
    def window_bytes(self) -> int:
        """Bytes of one window: all inputs, one after the other."""
        return sum(self.input_bytes)

    @property
    def result_bytes(self) -> int:
        """Bytes of what one window gives: all outputs, one after the other."""
        return sum(self.output_bytes)

    def _counts(self, prefix: str) -> tuple[int, ...]:
        lists = ("dtypes", "shapes", "scales", "zero_points", "bytes")
        return tuple(len(getattr(self, f"{prefix}_{name}")) for name in lists)

    def check(self) -> None:
        """Raise ValueError when what it says of the model's tensors cannot be."""
        for what, counts in (("inputs", self._counts("input")), ("outputs", self._counts("output"))):
            if len(set(counts)) > 1:
                listed = ", ".join(map(str, counts))
                raise ValueError(f"of its {what} it lists {listed} types, shapes, scales, zero points and sizes")
        for what, tensors in (("inputs", self.inputs), ("outputs", self.outputs)):
            if bool(tensors) != (self.model_status == "ok"):
                raise ValueError(f"model_status is {self.model_status}, and {len(tensors)} {what} are described")
            for tensor in tensors:
                expected = DTYPE_BYTES[tensor.dtype] * prod(tensor.shape)
                if tensor.size_bytes != expected or not expected:
                    shape = "x".join(map(str, tensor.shape)) or "scalar"
                    raise ValueError(f"{what}: {tensor.size_bytes} bytes of {tensor.dtype} in shape {shape}")


def tensor_lists(prefix: str, tensors: tuple[Tensor, ...]) -> dict[str, tuple[object, ...]]:
    """Return the five lists of hello that describe `tensors`; `prefix` is "input" or "output"."""
    return {
        f"{prefix}_dtypes": tuple(tensor.dtype for tensor in tensors),
        f"{prefix}_shapes": tuple(tensor.shape for tensor in tensors),
        f"{prefix}_scales": tuple(tensor.scale for tensor in tensors),
        f"{prefix}_zero_points": tuple(tensor.zero_point for tensor in tensors),
        f"{prefix}_bytes": tuple(tensor.size_bytes for tensor in tensors),
    }
