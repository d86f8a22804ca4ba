"""Packages that come with an extra of tinygate, and the sentence for those that are not there.

`pip install tinygate` brings what `tinygate audit` needs; what needs more says what could not be done without it.
"""

from __future__ import annotations

import importlib.util

from tinygate.errors import InputError

EXTRAS: dict[str, tuple[str, ...]] = {
    "gate": (
        "pytest", "_pytest", "pytest_embedded", "pytest_embedded_idf", "pytest_embedded_serial_esp",
        "esp_idf_panic_decoder", "esptool", "serial", "pexpect", "scipy", "ai_edge_litert", "flatbuffers", "matplotlib",
        "jinja2", "markupsafe", "ruptures", "zstandard",
    ),
    "oracle": ("tflite_micro",),
    "audio": ("pymicro_features",),
    "lab": ("pytest_embedded_qemu",),
    "train": ("tensorflow", "tf_keras", "tensorflow_model_optimization"),
}  # fmt: skip
"""Extra → the modules that it brings, as pyproject.toml lists their packages."""


class MissingExtraError(InputError):
    """A package is not installed that an extra would have brought."""

    def __init__(self, undone: str, module: str) -> None:
        extra = extra_of(module)
        super().__init__(f"{undone}: {module} is not installed; pip install 'tinygate[{extra}]'")


def extra_of(module: str) -> str | None:
    """Return the extra that brings a module; None if none does."""
    root = module.partition(".")[0]
    return next((extra for extra, modules in EXTRAS.items() if root in modules), None)


def is_installed(module: str) -> bool:
    """Return whether a top-level module could be imported, without importing it."""
    return importlib.util.find_spec(module) is not None


def require(module: str, undone: str) -> None:
    """Raise MissingExtraError if a module is not there; `undone` says what cannot be done or judged without it."""
    if not is_installed(module):
        raise MissingExtraError(undone, module)
