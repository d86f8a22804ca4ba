"""Is this the board, the application and the model that were asked for? Nothing is measured before that is proven."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tinygate.errors import IdentityError
from tinygate.protocol import Hello


@dataclass(frozen=True)
class Expected:
    """Who must answer.

    Attributes:
        target: the chip.
        emulated: what kind of emulation the place is: "none", "virtual" or "qemu".
        app_sha256: what the application was built as, hex: its ELF file's sha256; None when only the image is at hand.
        model_sha256: sha256 of the pinned .tflite, hex.
        chip_id: what tells the chip from others, lower case: its MAC, say; None when the lab does not name one.
        inputs, outputs: type and shape of the pinned model's, batch included; None when nobody has read it.
    """

    target: str
    emulated: str
    app_sha256: str | None
    model_sha256: str
    chip_id: str | None = None
    inputs: tuple[tuple[str, tuple[int, ...]], ...] | None = None
    outputs: tuple[tuple[str, tuple[int, ...]], ...] | None = None


def prove_chip(found: str | None, wanted: str) -> None:
    """Compare the chip on a port with the one that must be there, before anything is flashed.

    Args:
        found: its id, lower case; None where nobody can tell without an application.
        wanted: the lab's, lower case.

    Raises:
        IdentityError: it is another one.
    """
    if found is not None and found != wanted:
        raise IdentityError(
            f"the chip on this port is {found}, expected {wanted}. Nothing was flashed; check which board is there"
        )


def prove_identity(hello: Hello, expected: Expected) -> None:
    """Compare what the board says of itself with what was asked for.

    Raises:
        IdentityError: another chip, board, application or model answered; the message names all that differ.
    """
    wrong = list(_differences(hello, expected))
    if wrong:
        raise IdentityError(
            f"the board that answered is not the one that was asked for: {'; '.join(wrong)}. Nothing was measured; "
            "flash it again and check which board is on the port"
        )


def _differences(hello: Hello, expected: Expected) -> Iterator[str]:
    pairs = (
        ("chip", hello.target, expected.target),
        ("emulation", hello.emulated, expected.emulated),
        ("chip id", hello.chip_id.lower(), expected.chip_id),
        ("application sha256", hello.app_sha256, expected.app_sha256),
        ("model sha256", hello.model_sha256, expected.model_sha256),
    )
    for what, found, wanted in pairs:
        if wanted is not None and found != wanted:
            yield f"{what} is {found[:16]}, expected {wanted[:16]}"
