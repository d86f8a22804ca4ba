"""TensorFlow Lite Micro on the flashed model, in an arena of the configured size.

The interpreter prints what it has to say to file descriptor 2; here it is caught, since it holds the arena's figures
and the reason of a refusal. It may also fault or abort on an arena that is too small: whoever runs it is a process
that may die.
"""

from __future__ import annotations

import os
import re
import struct
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ARENA_ALIGNMENT = 16
_SCHEMA_VERSION = 3
_ARENA_LINE = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
_STRUCTURE_LINE = re.compile(r"'(?:Persistent )?(\w+) (?:data|struct)' used (\d+) bytes .* for (\d+) ")
_OUT_OF_ARENA = re.compile(r"Failed to (?:allocate|resize)|Too many buffers|Unable to allocate")
_UNKNOWN_OPERATOR = re.compile(r"Didn't find op")


class ModelRefusedError(Exception):
    """The interpreter does not take the model; `status` is the word for it in a hello record."""

    def __init__(self, status: str, printed: str) -> None:
        super().__init__(printed)
        self.status = status


@dataclass(frozen=True)
class TensorFacts:
    """An input or output of the model; `dtype` is numpy's name, `scale` 0 when it is not quantized."""

    dtype: str
    shape: tuple[int, ...]
    scale: float
    zero_point: int

    @property
    def size_bytes(self) -> int:
        """Bytes of one tensor, as they travel."""
        return int(np.dtype(self.dtype).itemsize * np.prod(self.shape))


@dataclass(frozen=True)
class ArenaFacts:
    """What the interpreter recorded after an invocation, in bytes."""

    used_bytes: int
    head_bytes: int
    tail_bytes: int


class Interpreter:
    """The interpreter with its tensors allocated; it has run once, on zeros, so that the arena's figures are known.

    Attributes:
        operators: names of the operators in the order they run.
        structures: size in bytes of each structure in the arena whose allocations were recorded.
    """

    pointer_bits = 64  # the wheel is built for x86-64

    def __init__(self, model: bytes, arena_bytes: int) -> None:
        """Load the model.

        Raises:
            ModelRefusedError: wrong schema, unknown operator, arena too small.
        """
        from tflite_micro.python.tflite_micro import runtime

        try:
            tree = runtime.convert_bytearray_to_object(model)
            if tree.version != _SCHEMA_VERSION:
                raise ModelRefusedError("schema", f"schema version {tree.version}, expected {_SCHEMA_VERSION}")
            self.operators = _operator_names(runtime, tree)
            self._stateful = any(tensor.isVariable for tensor in tree.subgraphs[0].tensors)
        except (TypeError, ValueError, AttributeError, IndexError, struct.error) as error:
            raise ModelRefusedError("schema", f"the model is no readable flatbuffer: {error}") from error
        # Its end would be aligned otherwise, and the figures depend on the size.
        size = arena_bytes // _ARENA_ALIGNMENT * _ARENA_ALIGNMENT
        self._interpreter = _loaded(lambda: runtime.Interpreter.from_bytes(model, arena_size=size))
        self.input = _facts(self._interpreter.get_input_details(0))
        self.output = _facts(self._interpreter.get_output_details(0))
        self.invoke(bytes(self.input.size_bytes))
        self._recorded = _captured(self._interpreter.print_allocations)[1]

    @property
    def arena(self) -> ArenaFacts:
        """The arena's figures."""
        figures = {what: int(size) for what, size in _ARENA_LINE.findall(self._recorded)}
        return ArenaFacts(figures["total"], figures["head"], figures["tail"])

    @property
    def structures(self) -> dict[str, int]:
        """Size of each structure in the arena, from the recorded allocations."""
        found = _STRUCTURE_LINE.findall(self._recorded)
        return {name: int(used) // int(count) for name, used, count in found if int(count) and name[0].isupper()}

    def invoke(self, window: bytes) -> bytes:
        """Run one window of raw little-endian input; return the raw output."""
        if self._stateful:
            self._interpreter.reset()
        values: NDArray[Any] = np.frombuffer(window, self.input.dtype).reshape(self.input.shape)
        self._interpreter.set_input(values, 0)
        self._interpreter.invoke()
        return bytes(self._interpreter.get_output(0).tobytes())


def runtime_version() -> str:
    """Return the version of the TFLM package."""
    return version("tflite_micro")


def _loaded(load: Callable[[], Any]) -> Any:
    try:
        interpreter, _ = _captured(load)
    except _PrintedError as failure:
        if _UNKNOWN_OPERATOR.search(failure.printed):
            status = "unknown_operator"
        else:
            status = "arena_too_small" if _OUT_OF_ARENA.search(failure.printed) else "internal"
        raise ModelRefusedError(status, failure.printed) from failure
    return interpreter


class _PrintedError(Exception):
    def __init__(self, printed: str) -> None:
        super().__init__(printed)
        self.printed = printed


def _captured(call: Callable[[], Any]) -> tuple[Any, str]:
    """Call, and return the result with what was printed to descriptor 2; on an error the print-out is raised."""
    with tempfile.TemporaryFile() as file:
        saved = os.dup(2)
        os.dup2(file.fileno(), 2)
        failure: Exception | None = None
        result: Any = None
        try:
            result = call()
        except (RuntimeError, ValueError) as error:
            failure = error
        finally:
            os.dup2(saved, 2)
            os.close(saved)
        file.seek(0)
        printed = file.read().decode(errors="replace")
    if failure is not None:
        raise _PrintedError(printed or str(failure))
    return result, printed


def _facts(details: dict[str, Any]) -> TensorFacts:
    quantization = details["quantization_parameters"]
    scales, zero_points = quantization["scales"], quantization["zero_points"]
    return TensorFacts(
        np.dtype(details["dtype"]).name,
        tuple(int(size) for size in details["shape"]),
        float(scales[0]) if len(scales) else 0.0,
        int(zero_points[0]) if len(zero_points) else 0,
    )


def _operator_names(runtime: Any, tree: Any) -> tuple[str, ...]:
    builtin = runtime.schema_fb.BuiltinOperator
    names = {value: name for name, value in vars(builtin).items() if not name.startswith("_")}
    codes = [runtime.get_builtin_code_from_operator_code(code) for code in tree.operatorCodes]
    return tuple(names.get(codes[operator.opcodeIndex], "UNKNOWN") for operator in tree.subgraphs[0].operators)
