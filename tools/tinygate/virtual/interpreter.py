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
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.protocol import Tensor
from tinygate.protocol.values import DTYPE_BYTES

ALIGNMENT = 16
_AMPLE_ARENA_BYTES = 64 << 20  # untouched pages cost nothing
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
class ArenaFacts:
    """What the interpreter recorded after an invocation, in bytes."""

    used_bytes: int
    head_bytes: int
    tail_bytes: int


class Interpreter:
    """The interpreter with its tensors allocated; it has run once, on zeros, so that the arena's figures are known.

    Attributes:
        inputs, outputs: the model's, in its order.
        operators: names of the operators in the order they run.
    """

    pointer_bits = 64  # the wheel is built for x86-64

    def __init__(self, model: bytes, arena_bytes: int, is_trial: bool = False) -> None:
        """Load the model; `is_trial` lets an arena that is too small abort or fault, as it does on a chip.

        Raises:
            ModelRefusedError: wrong schema, unknown operator, arena too small.
        """
        from tflite_micro.python.tflite_micro import runtime

        graph, self.operators = _read(runtime, model)
        # Its end would be aligned otherwise, and the figures depend on the size.
        size = arena_bytes // ALIGNMENT * ALIGNMENT
        self._load: Callable[[], Any] = lambda: _loaded(runtime, model, size)
        if not is_trial:
            _check_arena(runtime, model, size)
        self._interpreter = self._load()
        self._initializes_itself = "CALL_ONCE" in self.operators
        self.inputs = tuple(_tensor(self._interpreter.get_input_details(i)) for i in range(len(graph.inputs)))
        self.outputs = tuple(_tensor(self._interpreter.get_output_details(i)) for i in range(len(graph.outputs)))
        self.invoke(bytes(self.window_bytes))
        self._recorded = _captured(self._interpreter.print_allocations)[1]
        self.reset()

    @property
    def window_bytes(self) -> int:
        """Bytes of all inputs together."""
        return sum(tensor.size_bytes for tensor in self.inputs)

    @property
    def arena(self) -> ArenaFacts:
        """The arena's figures."""
        return _arena_facts(self._recorded)

    @property
    def structures(self) -> dict[str, int]:
        """Size of each structure in the arena, from the recorded allocations."""
        found = _STRUCTURE_LINE.findall(self._recorded)
        return {name: int(used) // int(count) for name, used, count in found if int(count) and name[0].isupper()}

    def invoke(self, window: bytes) -> bytes:
        """Run one window, the raw little-endian inputs one after the other; return the raw outputs likewise."""
        start = 0
        for index, tensor in enumerate(self.inputs):
            values: NDArray[Any] = np.frombuffer(window[start : start + tensor.size_bytes], tensor.dtype)
            self._interpreter.set_input(values.reshape(tensor.shape), index)
            start += tensor.size_bytes
        self._interpreter.invoke()
        return b"".join(self._interpreter.get_output(index).tobytes() for index in range(len(self.outputs)))

    def reset(self) -> None:
        """Put variable tensors and resource variables back to what they were when the model was loaded.

        TFLM's own reset zeroes the variables that a CALL_ONCE has set and does not run it again: load anew.
        """
        if self._initializes_itself:
            self._interpreter = self._load()
        else:
            self._interpreter.reset()


def runtime_version() -> str:
    """Return the version of the TFLM package."""
    return version("tflite_micro")


def _read(runtime: Any, model: bytes) -> tuple[Any, tuple[str, ...]]:
    """Return the main subgraph and the names of its operators."""
    try:
        tree = runtime.convert_bytearray_to_object(model)
        if tree.version != _SCHEMA_VERSION:
            raise ModelRefusedError("schema", f"schema version {tree.version}, expected {_SCHEMA_VERSION}")
        return tree.subgraphs[0], _operator_names(runtime, tree)
    except (TypeError, ValueError, AttributeError, IndexError, struct.error) as error:
        raise ModelRefusedError("schema", f"the model is no readable flatbuffer: {error}") from error


def _check_arena(runtime: Any, model: bytes, size: int) -> None:
    """Refuse an arena that is smaller than what the model uses: some of those sizes abort or fault when they are tried.

    One that is larger may still be too small, for what planning needs for a moment.
    """
    ample = _loaded(runtime, model, _AMPLE_ARENA_BYTES)
    used = _arena_facts(_captured(ample.print_allocations)[1]).used_bytes
    if used > size:
        raise ModelRefusedError(
            "arena_too_small", f"the model needs an arena of at least {used} bytes, {size} are configured"
        )


def _loaded(runtime: Any, model: bytes, size: int) -> Any:
    try:
        interpreter, _ = _captured(lambda: runtime.Interpreter.from_bytes(model, arena_size=size))
    except _PrintedError as failure:
        if _UNKNOWN_OPERATOR.search(failure.printed):
            status = "unknown_operator"
        else:
            status = "arena_too_small" if _OUT_OF_ARENA.search(failure.printed) else "internal"
        raise ModelRefusedError(status, failure.printed) from failure
    return interpreter


def _arena_facts(recorded: str) -> ArenaFacts:
    figures = {what: int(size) for what, size in _ARENA_LINE.findall(recorded)}
    return ArenaFacts(figures["total"], figures["head"], figures["tail"])


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


def _tensor(details: dict[str, Any]) -> Tensor:
    quantization = details["quantization_parameters"]
    scales, zero_points = quantization["scales"], quantization["zero_points"]
    dtype, shape = np.dtype(details["dtype"]), tuple(int(size) for size in details["shape"])
    if dtype.name not in DTYPE_BYTES:
        raise ModelRefusedError("internal", f"an input or output of type {dtype.name}, which the protocol cannot carry")
    return Tensor(
        dtype.name,
        shape,
        float(scales[0]) if len(scales) else 0.0,
        int(zero_points[0]) if len(zero_points) else 0,
        dtype.itemsize * prod(shape),
    )


def _operator_names(runtime: Any, tree: Any) -> tuple[str, ...]:
    builtin = runtime.schema_fb.BuiltinOperator
    names = {value: name for name, value in vars(builtin).items() if not name.startswith("_")}
    codes = [runtime.get_builtin_code_from_operator_code(code) for code in tree.operatorCodes]
    return tuple(names.get(codes[operator.opcodeIndex], "UNKNOWN") for operator in tree.subgraphs[0].operators)
