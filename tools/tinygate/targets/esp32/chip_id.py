"""Who is on a port: the MAC that the chip's ROM tells, whatever application is in its flash."""

from __future__ import annotations

import contextlib
import io

from tinygate.errors import LabError

_ATTEMPTS = 3


def chip_id(chip: str, port: str) -> str:
    """Return the MAC of the chip on a port, lower case; the chip is reset for that.

    Raises:
        LabError: none of this kind answers.
    """
    import esptool

    try:
        with (
            contextlib.redirect_stdout(io.StringIO()),
            esptool.connect_esp(port, chip, connect_attempts=_ATTEMPTS) as rom,
        ):
            found = ":".join(f"{byte:02x}" for byte in rom.read_mac())
            rom.hard_reset()
    except (esptool.FatalError, OSError) as error:
        raise LabError(f"{port}: no {chip} tells its MAC ({error}); check power, cable and which chip it is") from error
    return found
