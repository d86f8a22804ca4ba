"""One job per board: ports found by USB serial number and locked for a session. Nothing is opened to find out."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from tinygate.errors import LabError

LOCK_DIR_VARIABLE = "TINYGATE_LOCK_DIR"
_POLL_S = 0.2


class ListedPort(Protocol):
    """As much of pyserial's list of ports as is needed."""

    device: str
    serial_number: str | None


def listed_ports() -> list[ListedPort]:
    """Return the ports that the operating system lists; opens none of them."""
    from serial.tools.list_ports import comports

    return list(comports())


def find_port(usb_serial: str, ports: Iterable[ListedPort]) -> str:
    """Return the device of the one port with this USB serial number; a chip's own USB shows its MAC there.

    Raises:
        LabError: none or more than one has it.
    """
    known = {port.device: port.serial_number for port in ports if port.serial_number}
    found = [device for device, number in known.items() if _plain(str(number)) == _plain(usb_serial)]
    if len(found) == 1:
        return found[0]
    listing = ", ".join(f"{device} ({number})" for device, number in known.items()) or "none with a serial number"
    what = "no port has" if not found else f"{' and '.join(found)} have"
    raise LabError(f"{what} the USB serial number {usb_serial}; listed: {listing}. Name the port with --port")


def require_port(port: str | None, usb_serial: str | None) -> None:
    """Find out before anything runs whether there is such a port; opens nothing.

    Raises:
        LabError: no such device, or no port with this USB serial number.
    """
    if port and "://" not in port and not Path(port).exists():
        listed = ", ".join(listing.device for listing in listed_ports()) or "none"
        raise LabError(f"{port}: there is no such port; the operating system lists: {listed}")
    if usb_serial:
        find_port(usb_serial, listed_ports())


def lock_key(port: str, ports: Iterable[ListedPort]) -> str:
    """Return what a board is locked by: its adapter's USB serial number, else the device or URL."""
    return usb_serial_of(port, ports) or _real(port)


def usb_serial_of(port: str, ports: Iterable[ListedPort]) -> str | None:
    """Return the USB serial number of what a port belongs to, None if it has none."""
    real = _real(port)
    return next((str(p.serial_number) for p in ports if p.device == real and p.serial_number), None)


def _real(port: str) -> str:
    return port if "://" in port else os.path.realpath(port)


@contextmanager
def locked(key: str, wait_s: float = 0.0, folder: Path | None = None) -> Iterator[None]:
    """Hold a board's lock; the operating system releases it when this process ends, however it ends.

    Args:
        key: see `lock_key`.
        wait_s: how long to wait for another job to finish.
        folder: where lock files live; by default that of TINYGATE_LOCK_DIR, or one in the temporary folder.

    Raises:
        LabError: another job holds it; the message says which.
    """
    try:
        path = _folder(folder) / f"{re.sub(r'[^A-Za-z0-9._-]', '_', key)}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        where = LOCK_DIR_VARIABLE if folder is None else "--build-root"
        raise LabError(
            f"{error.filename}: no lock can be made there ({error.strerror}); name another folder with {where}"
        ) from error
    try:
        _acquire(descriptor, path, time.monotonic() + wait_s)
        holder = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%FT%T%z")})
        with suppress(OSError):  # a full disk: it is locked all the same, and nobody can read by whom
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, holder.encode(), 0)
        yield
    finally:
        os.close(descriptor)  # never unlinked: whoever waits holds the same file


def _acquire(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 4096, 0).decode(errors="replace") or "unknown"
                raise LabError(f"in use by another job: {holder} holds {path}; wait for it to end") from None
        time.sleep(_POLL_S)


def _folder(folder: Path | None) -> Path:
    chosen = folder or Path(os.environ.get(LOCK_DIR_VARIABLE) or Path(tempfile.gettempdir(), "tinygate-locks"))
    if not chosen.is_dir():
        chosen.mkdir(parents=True, exist_ok=True)
        chosen.chmod(0o1777)  # every user of the lab's machine locks here
    return chosen


def _plain(number: str) -> str:
    return number.replace(":", "").replace("-", "").lower()
