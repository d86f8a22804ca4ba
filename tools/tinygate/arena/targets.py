"""What an arena can be predicted for: a layout of structures and a set of kernels each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinygate.arena import cmsis_nn, esp_nn, kernels
from tinygate.arena.layout import Layout, load_layout
from tinygate.errors import ConfigError


@dataclass(frozen=True)
class Target:
    """Where a model is to run.

    Attributes:
        name: as the command line calls it.
        layout_name: the data file with its sizes.
        kernels: its operators.
        recording: whether the interpreter's allocators are those that record.
    """

    name: str
    layout_name: str
    kernels: Mapping[str, kernels.Kernel]
    recording: bool = False

    @property
    def layout(self) -> Layout:
        """Sizes of structures."""
        return load_layout(self.layout_name)


_ESP = "esp-tflite-micro-1.4.0-esp-nn-1.2.3-ilp32"

TARGETS: dict[str, Target] = {
    target.name: target
    for target in (
        Target("reference32", "esp-tflite-micro-1.4.0-reference-ilp32", kernels.REFERENCE),
        Target("esp32", _ESP, esp_nn.GENERIC),
        Target("esp32c3", _ESP, esp_nn.GENERIC),
        Target("esp32s3", _ESP, esp_nn.ESP32S3),
        Target("esp32p4", _ESP, esp_nn.ESP32P4),
        Target("stm32f4", "tflite-micro-2026-08-20-cmsis-nn-4ab83cc-ilp32", cmsis_nn.CORTEX_M4),
        Target("wheel64", "tflite-micro-wheel-reference-lp64", kernels.REFERENCE, recording=True),
    )
}


def target_named(name: str) -> Target:
    """Return a target. Raises ConfigError for an unknown name."""
    if name not in TARGETS:
        raise ConfigError(f"{name!r} is no target whose arena is known; known: {', '.join(TARGETS)}.")
    return TARGETS[name]
