"""Raw windows on a virtual board: put together, made into the model's input, invoked, and answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tinygate.protocol import Error, ErrorCode, InferRaw, InferRawRequest, Message, Tensor, WindowAssembly
from tinygate.virtual.interpreter import Interpreter
from tinygate.virtual.preprocessing import load_preprocessor


class RawInference:
    """What an application does with raw windows; `content` is its image's preprocessing, `inputs` are its model's."""

    def __init__(self, content: bytes, inputs: Sequence[Tensor]) -> None:
        self._preprocessor = load_preprocessor(content, inputs) if inputs else None
        self._windows = WindowAssembly(self._preprocessor.raw_bytes if self._preprocessor else 0)

    @property
    def hello(self) -> dict[str, Any]:
        """The fields of hello that tell of it; none where raw windows mean nothing."""
        return self._preprocessor.hello if self._preprocessor else {}

    def infer(self, interpreter: Interpreter, request: InferRawRequest, window: bytes) -> tuple[Message, bytes]:
        """Return the answer, and the model's input of the last window; `window` is that of the one before."""
        try:
            windows = [] if (refusal := self._refusal(interpreter)) else self._windows.add(request)
        except ValueError as error:
            refusal = Error(ErrorCode.BAD_REQUEST, str(error))
        return (refusal, window) if refusal else self._infer_windows(interpreter, request, windows, bytearray(window))

    def _refusal(self, interpreter: Interpreter) -> Error | None:
        if self._preprocessor is None:
            return Error(ErrorCode.UNSUPPORTED, "the app knows no preprocessing")
        made, taken = self._preprocessor.input_bytes, interpreter.window_bytes
        if made == taken:
            return None
        return Error(ErrorCode.INTERNAL, f"the preprocessing makes {made} bytes of input, the model takes {taken}")

    def _infer_windows(
        self, interpreter: Interpreter, request: InferRawRequest, windows: list[bytes], made: bytearray
    ) -> tuple[Message, bytes]:
        assert self._preprocessor is not None
        answers = b""
        for index, raw in enumerate(windows):
            if request.reset and (request.reset.is_each or index == 0):
                interpreter.reset()
            self._preprocessor.run(raw, request.settings or 0, made)
            answers += interpreter.invoke(bytes(made)) + (bytes(made) if request.inputs else b"")
        return InferRaw(request.first, len(windows), answers), bytes(made)
