"""Is this the board, the application and the model that were asked for? Nothing is measured before that is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.errors import IdentityError, TargetError
from tinygate.protocol import Hello


@dataclass(frozen=True)
class Expected:
    """Who must answer.

    Attributes:
        target: the chip, "esp32".
        emulated: what kind of emulation the place is: "none", "virtual" or "qemu".
        app_elf_sha256: sha256 of the application's ELF file, hex; None when only the flashed image is at hand.
        model_sha256: sha256 of the pinned .tflite, hex.
        mac: the board's MAC, lower case; None when the lab does not name one.
    """

    target: str
    emulated: str
    app_elf_sha256: str | None
    model_sha256: str
    mac: str | None = None


def prove_identity(hello: Hello, expected: Expected) -> None:
    """Compare what the board says of itself with what was asked for.

    Raises:
        IdentityError: another chip, board, application or model answered; the message names all that differ.
        TargetError: it is the right application, and it cannot use its model.
    """
    wrong = list(_differences(hello, expected))
    if wrong:
        raise IdentityError(
            f"the board that answered is not the one that was asked for: {'; '.join(wrong)}. Nothing was measured; "
            "flash it again and check which board is on the port"
        )
    if hello.model_status != "ok":
        raise TargetError(f"the application is up and cannot use its model: model_status is {hello.model_status}")


def _differences(hello: Hello, expected: Expected) -> Iterator[str]:
    pairs = (
        ("chip", hello.target, expected.target),
        ("emulation", hello.emulated, expected.emulated),
        ("MAC", hello.mac.lower(), expected.mac),
        ("application ELF sha256", hello.app_elf_sha256, expected.app_elf_sha256),
        ("model sha256", hello.model_sha256, expected.model_sha256),
    )
    for what, found, wanted in pairs:
        if wanted is not None and found != wanted:
            yield f"{what} is {found[:16]}, expected {wanted[:16]}"
