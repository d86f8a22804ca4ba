"""How a virtual board makes the model's input of raw windows: by the C that a chip would run, compiled here.

Without a C compiler, or where the description comes to none, it takes the host's path, and hello says so.
"""

from __future__ import annotations

import ctypes
import json
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tinygate.preprocessing.kinds import Preparation, read_preparation
from tinygate.protocol import Tensor
from tinygate.quant.codes import input_codes

COMPILERS = ("cc", "gcc", "clang")
_SHIM = """
#include "preprocess.h"
const char *tg_name(void) { return TINYGATE_PREPROCESSING; }
const char *tg_raw_dtype(void) { return TINYGATE_RAW_DTYPE; }
uint32_t tg_raw_samples(void) { return TINYGATE_RAW_SAMPLES; }
uint32_t tg_raw_axes(void) { return TINYGATE_RAW_AXES; }
uint32_t tg_raw_bytes(void) { return TINYGATE_RAW_BYTES; }
uint32_t tg_input_bytes(void) { return TINYGATE_INPUT_BYTES; }
void tg_run(const void *raw, uint32_t settings, void *input) { tinygate_preprocess(raw, settings, input); }
"""


class Runs(Protocol):
    """Makes a model's input of a raw window, in place: what is not written stays as it was."""

    def __call__(self, raw: bytes, settings: int, window: bytearray) -> None:
        """Make it."""


@dataclass(frozen=True)
class Preprocessor:
    """What an application knows of raw windows; see the fields of hello.

    Attributes:
        input_bytes: what it makes of one.
        run: makes it.
    """

    name: str
    raw_dtype: str
    raw_samples: int
    raw_axes: int
    raw_bytes: int
    input_bytes: int
    run: Runs

    @property
    def hello(self) -> dict[str, Any]:
        """The fields of hello."""
        fields = {key: getattr(self, key) for key in ("raw_dtype", "raw_samples", "raw_axes", "raw_bytes")}
        return {"preprocessing": self.name, **fields}


def load_preprocessor(content: bytes, inputs: Sequence[Tensor]) -> Preprocessor | None:
    """Return what an image's preprocessing comes to here; None where there is none, or nothing to run it with.

    Raises:
        subprocess.CalledProcessError: the C does not compile.
    """
    if not content:
        return None
    found = json.loads(content)
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is not None and found["header"]:
        return _compiled(found["header"], compiler)
    return _on_the_host(read_preparation(found["described"]), inputs[0], compiler) if found["described"] else None


def _compiled(header: str, compiler: str) -> Preprocessor:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "preprocess.h").write_text(header, encoding="utf-8")
        Path(folder, "shim.c").write_text(_SHIM, encoding="utf-8")
        built = Path(folder, "preprocess.so")
        subprocess.run([compiler, "-O2", "-shared", "-fPIC", str(Path(folder, "shim.c")), "-o", str(built)], check=True)
        library = ctypes.CDLL(str(built))
    for name in ("tg_name", "tg_raw_dtype"):
        getattr(library, name).restype = ctypes.c_char_p

    def run(raw: bytes, settings: int, window: bytearray) -> None:
        library.tg_run(raw, ctypes.c_uint32(settings), (ctypes.c_char * len(window)).from_buffer(window))

    name = f"{library.tg_name().decode()}, C by {Path(compiler).name}"
    keys = ("raw_samples", "raw_axes", "raw_bytes", "input_bytes")
    samples, axes, raw_bytes, input_bytes = (int(getattr(library, f"tg_{key}")()) for key in keys)
    return Preprocessor(name, library.tg_raw_dtype().decode(), samples, axes, raw_bytes, input_bytes, run)


def _on_the_host(preparation: Preparation, tensor: Tensor, compiler: str | None) -> Preprocessor:
    given = preparation.raw

    def run(raw: bytes, settings: int, window: bytearray) -> None:
        samples = np.frombuffer(raw, given.dtype).reshape(1, *given.shape)
        values = preparation.inputs(samples, np.array([settings]))
        quantized = input_codes(values, tensor.scale, tensor.zero_point, tensor.dtype) if tensor.scale else values
        window[:] = quantized.tobytes()

    name = preparation.software if compiler else f"{preparation.software}: no C compiler here"
    return Preprocessor(name, given.dtype, *given.shape, given.size_bytes, tensor.size_bytes, run)
