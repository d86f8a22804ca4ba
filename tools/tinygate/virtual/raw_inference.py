"""Raw windows on a virtual board: put together, made into the model's input, invoked, and answered."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from tinygate.protocol import (
    INPUT_CRC_BYTES,
    Error,
    ErrorCode,
    InferRaw,
    InferRawRequest,
    Message,
    Tensor,
    WindowAssembly,
)
from tinygate.virtual.description import DATA_BYTES
from tinygate.virtual.interpreter import Interpreter
from tinygate.virtual.packed import plain
from tinygate.virtual.preprocessing import load_preprocessor
from tinygate.virtual.test_set import TestSet


class RawInference:
    """What an application does with raw windows.

    Args:
        content: its image's preprocessing.
        inputs: its model's.
        kept: the test set that the board keeps.
    """

    def __init__(self, content: bytes, inputs: Sequence[Tensor], kept: TestSet) -> None:
        self._kept = kept
        self._preprocessor = load_preprocessor(content, inputs) if inputs else None
        self._windows = WindowAssembly(self._preprocessor.raw_bytes if self._preprocessor else 0)
        self._made = bytearray(self._preprocessor.input_bytes if self._preprocessor else 0)  # as the last one left it

    @property
    def hello(self) -> dict[str, Any]:
        """The fields of hello that tell of it; none where raw windows mean nothing."""
        return self._preprocessor.hello if self._preprocessor else {}

    def infer(self, interpreter: Interpreter, request: InferRawRequest) -> tuple[Message, bytes | None]:
        """Return the answer, and the model's input of the last window; None where none was made."""
        try:
            windows = [] if (refusal := self._refusal(interpreter)) else self._windows_of(request)
        except ValueError as error:
            refusal = Error(ErrorCode.BAD_REQUEST, str(error))
        return (refusal, None) if refusal else self._infer_windows(interpreter, request, windows)

    def _refusal(self, interpreter: Interpreter) -> Error | None:
        if self._preprocessor is None:
            return Error(ErrorCode.UNSUPPORTED, "the app knows no preprocessing")
        made, taken = self._preprocessor.input_bytes, interpreter.window_bytes
        if made == taken:
            return None
        return Error(ErrorCode.INTERNAL, f"the preprocessing makes {made} bytes of input, the model takes {taken}")

    def _windows_of(self, request: InferRawRequest) -> list[bytes]:
        assert self._preprocessor is not None
        size = self._preprocessor.raw_bytes
        if request.data:
            return self._windows.add(plain(request, size, DATA_BYTES))
        self._windows.forget()
        return self._kept.raw_windows(request.first, request.count, size)

    def _infer_windows(
        self, interpreter: Interpreter, request: InferRawRequest, windows: list[bytes]
    ) -> tuple[Message, bytes | None]:
        assert self._preprocessor is not None
        answers, made = bytearray(), self._made
        for index, raw in enumerate(windows):
            if request.reset and (request.reset.is_each or index == 0):
                interpreter.reset()
            self._preprocessor.run(raw, request.settings or 0, made)
            answers += interpreter.invoke(bytes(made))
            answers += made if request.inputs else zlib.crc32(made).to_bytes(INPUT_CRC_BYTES, "little")
        return InferRaw(request.first, len(windows), bytes(answers)), bytes(made) if windows else None
