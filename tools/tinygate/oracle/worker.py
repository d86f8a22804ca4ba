"""The process in which an interpreter runs: reads requests on stdin, answers on the descriptor it is given.

A program of its own (it imports nothing of tinygate), because TensorFlow Lite Micro aborts or faults on models that it
does not like, and writes to file descriptors 1 and 2. Its parent is `tinygate.oracle.process`; a message is

    8 bytes little-endian length, that many bytes of JSON, then the bytes of each array named in `arrays`

where `arrays` is a list of {"dtype", "shape"}. It ends when stdin ends, and on Linux with its parent at once, even
in the middle of a long request.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import signal
import sys
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

_PR_SET_PDEATHSIG = 1

Arrays = list[NDArray[Any]]
_ARENA_BYTES = 64 << 20  # untouched pages cost nothing; the figures reported are of use, not of size


class TflmRunner:
    """TensorFlow Lite Micro on one model.

    Attributes:
        tensors: indices of tensors of the main subgraph to return instead of the outputs; [] for the outputs.
    """

    def __init__(self, model: bytes, tensors: list[int], output_count: int, *, initializes_itself: bool) -> None:
        from tflite_micro.python.tflite_micro import runtime

        modes = runtime.InterpreterConfig
        mode = modes.kPreserveAllTensors if tensors else modes.kAllocationRecording
        self.tensors, self.output_count, self.initializes_itself = tensors, output_count, initializes_itself
        self._load = partial(runtime.Interpreter.from_bytes, model, arena_size=_ARENA_BYTES, intrepreter_config=mode)
        self.interpreter = self._load()

    def invoke(self, inputs: Arrays) -> Arrays:
        """Run one sample."""
        for index, value in enumerate(inputs):
            self.interpreter.set_input(value, index)
        self.interpreter.invoke()
        if self.tensors:
            return [self.interpreter.GetTensor(index, 0)["tensor_data"] for index in self.tensors]
        return [self.interpreter.get_output(index) for index in range(self.output_count)]

    def reset(self) -> None:
        """Put state back to what it was after loading.

        The interpreter's own reset covers variable tensors and resource variables, but clears those that a CALL_ONCE
        has set without running it again.
        """
        if self.initializes_itself:
            self.interpreter = self._load()
        else:
            self.interpreter.reset()

    def finish(self) -> None:
        """Print the arena figures, which the interpreter knows after an invocation, to descriptor 2."""
        if not self.tensors:
            self.interpreter.print_allocations()


class LiteRtRunner:
    """LiteRT on one model: its reference kernels, or what it takes by default (XNNPACK)."""

    def __init__(self, model: bytes, tensors: list[int], *, reference_kernels: bool, has_resources: bool) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        self.has_resources = has_resources
        self._load = partial(
            Interpreter,
            model_content=model,
            num_threads=1,
            experimental_op_resolver_type=OpResolverType.BUILTIN_REF if reference_kernels else OpResolverType.AUTO,
            experimental_preserve_all_tensors=bool(tensors),
        )
        self.interpreter = self._load()
        self.interpreter.allocate_tensors()
        self.places = [detail["index"] for detail in self.interpreter.get_input_details()]
        self.tensors = tensors or [detail["index"] for detail in self.interpreter.get_output_details()]

    def invoke(self, inputs: Arrays) -> Arrays:
        """Run one sample."""
        for place, value in zip(self.places, inputs, strict=True):
            self.interpreter.set_tensor(place, value)
        self.interpreter.invoke()
        return [self.interpreter.get_tensor(index) for index in self.tensors]

    def reset(self) -> None:
        """Put state back to what it was after loading; LiteRT's own reset leaves resource variables alone."""
        if self.has_resources:
            self.interpreter = self._load()
            self.interpreter.allocate_tensors()
        else:
            self.interpreter.reset_all_variables()

    def finish(self) -> None:
        """Nothing to report."""


Runner = TflmRunner | LiteRtRunner


def _runner(wanted: dict[str, Any], model: bytes) -> Runner:
    runtime, tensors, resources = wanted["runtime"], wanted["tensors"], wanted["resources"]
    if runtime == "tflm":
        return TflmRunner(model, tensors, wanted["output_count"], initializes_itself="CALL_ONCE" in resources)
    reference_kernels = runtime == "litert-ref"
    return LiteRtRunner(model, tensors, reference_kernels=reference_kernels, has_resources=bool(resources))


def _run(runner: Runner, inputs: Arrays, sample_shapes: list[list[int]], resets: list[int] | None) -> Arrays:
    """Return the stacked results of all samples, [N, ...] each, streamed in order.

    State is reset before the samples in `resets`, before all of them if that is None. The runner may have served
    another request before: it begins reset.
    """
    collected: list[Arrays] = []
    wanted = set(range(len(inputs[0])) if resets is None else [0, *resets])
    for n in range(len(inputs[0])):
        if n in wanted:
            runner.reset()
        results = runner.invoke([x[n].reshape(shape) for x, shape in zip(inputs, sample_shapes, strict=True)])
        collected.append([np.array(value) for value in results])
        if n == 0:
            runner.finish()
    return [np.stack(values) for values in zip(*collected, strict=True)]


class Reader(Protocol):
    """Gives bytes."""

    def read(self, size: int, /) -> bytes:
        """Return that many bytes, fewer at the end."""


class Writer(Protocol):
    """Takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Write all of it."""

    def flush(self) -> object:
        """Let the other end have it."""


def read_message(stream: Reader) -> tuple[dict[str, Any], Arrays] | None:
    """Return the next message's JSON and arrays, None at the end of the stream."""
    size = stream.read(8)
    if len(size) < 8:
        return None
    header: dict[str, Any] = json.loads(stream.read(int.from_bytes(size, "little")))
    arrays = []
    for entry in header["arrays"]:
        dtype, shape = np.dtype(entry["dtype"]), tuple(entry["shape"])
        data = stream.read(dtype.itemsize * int(np.prod(shape, dtype=np.int64)))
        arrays.append(np.frombuffer(data, dtype).reshape(shape))
    return header, arrays


def write_message(stream: Writer, header: dict[str, Any], arrays: Arrays) -> None:
    """Write one message."""
    entries = [{"dtype": array.dtype.str, "shape": list(array.shape)} for array in arrays]
    text = json.dumps(header | {"arrays": entries}).encode()
    stream.write(len(text).to_bytes(8, "little") + text)
    for array in arrays:
        stream.write(np.ascontiguousarray(array).tobytes())
    stream.flush()


def _limit(memory_bytes: int) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # macOS refuses limits on address space
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _serve(requests: Reader, answers: Writer) -> None:
    key, runner = "", None
    while (message := read_message(requests)) is not None:
        request, (model, *inputs) = message
        try:
            wanted = hashlib.sha256(model.tobytes() + json.dumps(request["runner"]).encode()).hexdigest()
            if runner is None or wanted != key:
                runner = None  # gives the old arena back first
                runner, key = _runner(request["runner"], model.tobytes()), wanted
            results = _run(runner, inputs, request["sample_shapes"], request["resets"])
        except Exception as error:
            runner = None
            write_message(answers, {"error": f"{type(error).__name__}: {error}"}, [])
        else:
            write_message(answers, {"error": ""}, results)
        sys.stdout.flush()


def end_with_parent(parent: int) -> None:
    """Let Linux kill this process when the thread that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before this could be asked for
            os._exit(1)


def main() -> None:
    """Serve until stdin ends. Arguments: descriptor for answers, memory limit in bytes, the parent's process id."""
    answers, memory_bytes, parent = map(int, sys.argv[1:])
    end_with_parent(parent)
    _limit(memory_bytes)
    with os.fdopen(answers, "wb") as stream:
        _serve(sys.stdin.buffer, stream)


if __name__ == "__main__":
    main()
