"""What a virtual board says of itself in hello, and the flashed model as an interpreter takes or refuses it.

What an emulated board cannot know it does not say: no cycles, no microseconds, clocks of 0 MHz.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from tinygate.protocol import PROTOCOL_VERSION, tensor_lists
from tinygate.virtual.esp32.boot import Boot
from tinygate.virtual.interpreter import Interpreter, ModelRefusedError, runtime_version
from tinygate.virtual.line_rate import BOOT_BAUD, MAX_BAUD

TARGET = "esp32"
RX_LINE_BYTES, RX_WINDOW_BYTES, DATA_BYTES = 4096, 12_288, 8192

# The fields of hello that are the same for every application and boot.
_BOARD: dict[str, Any] = {
    "protocol": PROTOCOL_VERSION,
    "app": "tinygate",
    "target": TARGET,
    "chip_revision": "3.0",
    "cores": 2,
    "cpu_mhz": 0,
    "flash_mhz": 0,
    "flash_mode": "dio",
    "external_ram_mhz": 0,
    "external_ram_bytes": 0,
    "optimization": "none",
    "kernels": "reference",
    "arena_placement": "host",
    "sdk": "none",
    "emulated": "virtual",
    "timing": "none",
    "rx_window_bytes": RX_WINDOW_BYTES,
    "data_bytes": DATA_BYTES,
    "baud": BOOT_BAUD,
    "max_baud": MAX_BAUD,
}


@dataclass(frozen=True)
class Refusal:
    """Why there is no interpreter: the hello record's word, and what the interpreter printed."""

    status: str
    detail: str


def load(model: bytes, arena_bytes: int, is_trial: bool = False) -> Interpreter | Refusal:
    """Return the interpreter for `model`, or why there is none; a trial may abort the process, as on a chip."""
    try:
        return Interpreter(model, arena_bytes, is_trial)
    except ModelRefusedError as error:
        return Refusal(error.status, str(error).strip())


def description(boot: Boot, loaded: Interpreter | Refusal) -> dict[str, Any]:
    """Return the fields of hello that do not change while an application runs."""
    app = boot.app
    return _BOARD | {
        "app_version": app.version,
        "app_sha256": app.elf_sha256,
        "model_sha256": hashlib.sha256(app.model).hexdigest(),
        "model_bytes": len(app.model),
        "chip_id": boot.mac.hex(":"),
        "flash_bytes": boot.flash_bytes,
        "tflm_version": runtime_version(),
        "reset_reason": boot.reason.word,
        **({"model_status": loaded.status} if isinstance(loaded, Refusal) else _model_fields(loaded)),
    }


def _model_fields(interpreter: Interpreter) -> dict[str, Any]:
    tensors = {**tensor_lists("input", interpreter.inputs), **tensor_lists("output", interpreter.outputs)}
    return {"model_status": "ok", **tensors}
