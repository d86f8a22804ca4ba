"""Writes a model as C++ source for the firmware: its bytes, their sha256, and exactly the operators that it uses.

    python -m tinygate.tflm.source --model models/gesture/artifacts/ptq_int8.tflite --out build/model

Called by the firmware's build in ESP-IDF's own Python: standard library only. What TensorFlow Lite for
Microcontrollers cannot run is refused here, with the operator's name, not on the board.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from tinygate.errors import ModelFileError
from tinygate.tflite import Operator, Subgraph, Tensor, TfliteModel, read_model
from tinygate.tflm.known import ESP_TARGETS, known_errors
from tinygate.tflm.operators import is_hybrid, method_of

SCHEMA_VERSION = 3
SOURCE_NAME = "model.cpp"

_PROTOCOL_TYPES = ("float32", "int8", "uint8", "int16", "int32", "int64", "bool")
_MOST_DIMENSIONS = 8
_BYTES_PER_ROW = 24


def generate(model: bytes, name: str) -> str:
    """Return the C++ source for `model`, the content of a .tflite file; `name` says in messages which one.

    Raises:
        ModelFileError: malformed, or not for microcontrollers.
    """
    try:
        methods = check(read_model(model))
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {error}") from error
    return _SOURCE.format(
        name=name,
        sha256=hashlib.sha256(model).hexdigest(),
        rows="\n".join(_rows(model)),
        count=len(methods),
        conditions=" &&\n        ".join(f"resolver.Add{method}() == kTfLiteOk" for method in methods),
    )


def check(model: TfliteModel) -> tuple[str, ...]:
    """Return the names of the resolver methods that `model` needs, without "Add", in alphabetical order.

    Raises:
        ModelFileError: an operator, a type or the interface is none that the firmware can run.
    """
    if model.version != SCHEMA_VERSION:
        raise ModelFileError(f"schema version {model.version}, expected {SCHEMA_VERSION}. Convert the model again.")
    for main_graph in model.subgraphs[:1]:
        _check_interface(main_graph)
    operators = [operator for graph in model.subgraphs for operator in graph.operators]
    if not operators:
        raise ModelFileError("the model has no operator. Is this the right file?")
    for graph in model.subgraphs:
        _refuse(model, graph)
    return tuple(sorted({_method(model, operator) for operator in operators}))


def _check_interface(graph: Subgraph) -> None:
    for what, indices in (("input", graph.inputs), ("output", graph.outputs)):
        if not indices:
            raise ModelFileError(f"the model has no {what}: the device protocol needs one at least.")
        for index in indices:
            _check_tensor(what, graph.tensors[index])


def _check_tensor(what: str, tensor: Tensor) -> None:
    if tensor.dtype not in _PROTOCOL_TYPES:
        raise ModelFileError(f"{what} of type {tensor.dtype}; expected one of {', '.join(_PROTOCOL_TYPES)}.")
    if any(size < 1 for size in tensor.shape):
        raise ModelFileError(f"{what} shape {tensor.shape} is open. Fix every dimension, batch 1, and convert again.")
    if len(tensor.shape) > _MOST_DIMENSIONS:
        raise ModelFileError(f"{what} shape {tensor.shape} has more than {_MOST_DIMENSIONS} dimensions.")


def _refuse(model: TfliteModel, graph: Subgraph) -> None:
    """Refuse what LiteRT runs and TFLM does not, and what the pinned kernels take and compute wrongly."""
    for operator in graph.operators:
        tensors = [graph.tensors[i] if i >= 0 else None for i in operator.inputs]
        if is_hybrid(operator, tensors):
            raise ModelFileError(
                f"operator {operator.index} {operator.name} is hybrid (float32 activations, integer weights): "
                "dynamic-range models do not run on microcontrollers. Quantize activations too (full integer)."
            )
    for error, operator, numbers in known_errors(model, graph, ESP_TARGETS[0]):
        if not error.targets or (set(error.targets) >= set(ESP_TARGETS) and error.rule == "TG-Q058"):
            raise ModelFileError(
                f"operator {operator.index} {operator.name} has {numbers}, which {error.library} {error.seen} computes "
                f"wrongly without a word. {error.remedy}"
            )


def _method(model: TfliteModel, operator: Operator) -> str:
    is_custom = bool(model.operator_codes[operator.code].custom)
    method = None if is_custom else method_of(operator.name)
    if method is None:
        raise ModelFileError(
            f"operator {operator.index} {operator.name} is not supported by the firmware's TensorFlow Lite for "
            "Microcontrollers. Replace it in the architecture, or compute it outside the model."
        )
    return method


def _rows(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), _BYTES_PER_ROW):
        yield "    " + ",".join(map(str, data[start : start + _BYTES_PER_ROW])) + ","


_SOURCE = """\
// Generated by tinygate from {name}; not to be edited.
#include "tinygate/model.hpp"

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tinygate {{
namespace {{

// TFLM casts vectors of the file in place, so the file is aligned like the strictest of them.
alignas(16) constexpr uint8_t kBytes[] = {{
{rows}
}};

}}  // namespace

List<uint8_t> model_bytes() {{ return {{kBytes, sizeof kBytes}}; }}

const char* expected_model_sha256() {{ return "{sha256}"; }}

const tflite::MicroOpResolver* model_operators() {{
    static tflite::MicroMutableOpResolver<{count}> resolver;
    static const bool complete =
        {conditions};
    return complete ? &resolver : nullptr;
}}

}}  // namespace tinygate
"""


def main(arguments: list[str] | None = None) -> int:
    """Write `<out>/model.cpp`; return the exit code, 2 when the model is refused."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="the .tflite file")
    parser.add_argument("--out", type=Path, required=True, help="folder for the generated source")
    options = parser.parse_args(arguments)
    try:
        source = generate(_read(options.model), options.model.name)
    except ModelFileError as error:
        print(f"tinygate: {error}", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / SOURCE_NAME).write_text(source, encoding="utf-8")
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror}. Name the artifact of a variant.") from error


if __name__ == "__main__":
    sys.exit(main())
