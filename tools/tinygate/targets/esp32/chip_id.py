"""Who is on a port, and whether its flash answers: what the chip's ROM tells, whatever application is there."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import Any

from tinygate.errors import LabError

_ATTEMPTS = 3
_NO_FLASH = (0x000000, 0xFFFFFF)
_LOOKED_AT_BYTES = 4096


def chip_id(chip: str, port: str) -> str:
    """Return the MAC of the chip on a port, lower case; the chip is reset for that.

    Raises:
        LabError: none of this kind answers.
    """
    with _rom(chip, port) as rom:
        return ":".join(f"{byte:02x}" for byte in rom.read_mac())


def flash_id(chip: str, port: str) -> str:
    """Return what the flash of the chip on a port says of itself, once its content could be read too.

    Raises:
        LabError: chip or flash do not answer.
    """
    from esptool.cmds import attach_flash

    with _rom(chip, port) as rom:
        attach_flash(rom)
        found = int(rom.flash_id())
        if found in _NO_FLASH:
            raise LabError(
                f"{port}: the flash does not answer (id {found:#08x}); check its supply and what is on GPIO12"
            )
        rom.flash_md5sum(0, _LOOKED_AT_BYTES)
    return f"{found:#08x}"


@contextlib.contextmanager
def _rom(chip: str, port: str) -> Iterator[Any]:
    import esptool

    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            esptool.connect_esp(port, chip, connect_attempts=_ATTEMPTS) as rom,
        ):
            yield rom
            rom.hard_reset()
    except (esptool.FatalError, OSError) as error:
        why = " ".join(str(error).split())
        raise LabError(f"{port}: no {chip} answers the flashing tool ({why}); check power, cable and chip") from error
