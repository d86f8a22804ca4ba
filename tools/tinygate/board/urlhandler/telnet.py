"""Telnet's commands taken out of a stream of bytes (RFC 854): data in whole pieces, however the stream was cut."""

from __future__ import annotations

from collections.abc import Callable

IAC, DONT, DO, WONT, WILL, SB, SE = (bytes([code]) for code in (255, 254, 253, 252, 251, 250, 240))


class TelnetStream:
    """Separates data from commands.

    Args:
        negotiate: called with DO, DONT, WILL or WONT and an option.
        subnegotiate: called with what stands between SB and SE.
    """

    def __init__(self, negotiate: Callable[[bytes, bytes], object], subnegotiate: Callable[[bytes], object]) -> None:
        self._negotiate, self._subnegotiate = negotiate, subnegotiate
        self._rest = b""
        self._suboption: bytearray | None = None

    def feed(self, received: bytes) -> bytes:
        """Return the data in `received`, after carrying out the commands in it; half a command waits for its rest."""
        data, rest = bytearray(), self._rest + received
        while rest:
            plain, command, rest = rest.partition(IAC)
            (data if self._suboption is None else self._suboption).extend(plain)
            length = self._command(rest, data) if command else 0
            if length is None:
                self._rest = IAC + rest
                return bytes(data)
            rest = rest[length:]
        self._rest = b""
        return bytes(data)

    def _command(self, rest: bytes, data: bytearray) -> int | None:
        """Carry out what follows an IAC; return how many bytes it was, None if some are still to come."""
        code = rest[:1]
        if not code or (code in (DO, DONT, WILL, WONT) and len(rest) < 2):
            return None
        if code == IAC:
            (data if self._suboption is None else self._suboption).extend(IAC)
        elif code == SB:
            self._suboption = bytearray()
        elif code == SE:
            suboption, self._suboption = self._suboption, None
            if suboption is not None:
                self._subnegotiate(bytes(suboption))
        elif code in (DO, DONT, WILL, WONT):
            self._negotiate(code, rest[1:2])
            return 2
        return 1
