"""The ESP32 registers that a flashing tool reads: chip magic, eFuses, UART divider, and the SPI flash controller.

Addresses and fields are those of the ESP32 Technical Reference Manual (eFuse, UART and SPI chapters).
"""

from __future__ import annotations

from tinygate.virtual.esp32.flash import Flash

_MAGIC = 0x40001000, 0x00F01D83  # the word of ROM by which a flashing tool tells the chip
_UART_CLKDIV = 0x3FF40014
_CRYSTAL_HZ = 40_000_000
_EFUSE_BLK0 = 0x3FF5A000
_SPI1_CMD, _SPI1_USR, _SPI1_USR2, _SPI1_W0 = 0x3FF42000, 0x3FF4201C, 0x3FF42024, 0x3FF42080
_SPI_CMD_USR, _SPI_USR_COMMAND = 1 << 18, 1 << 31
_RDID, _RDSR = 0x9F, 0x05

DEFAULT_MAC = bytes.fromhex("024e47000001")  # locally administered: no vendor's


class Registers:
    """A sparse register file; reading a register that nobody wrote gives 0."""

    def __init__(self, flash: Flash, mac: bytes = DEFAULT_MAC) -> None:
        self.baud = 115200
        self.mac = mac
        self._flash = flash
        high, low = int.from_bytes(mac[:2], "big"), int.from_bytes(mac[2:], "big")
        self._words = {
            _MAGIC[0]: _MAGIC[1],
            _EFUSE_BLK0 + 0x04: low,
            _EFUSE_BLK0 + 0x08: _crc8(mac) << 16 | high,
            _EFUSE_BLK0 + 0x0C: 1 << 15
            | 1 << 13
            | 1 << 9,  # revision ≥ 1; rated and running at 240 MHz; D0WDQ6's package
            _EFUSE_BLK0 + 0x14: 1 << 20,  # revision ≥ 2
            0x3FF6607C: 1 << 31,  # APB_CTRL_DATE: revision 3
        }

    def read(self, address: int) -> int:
        """Return the 32-bit word at `address`."""
        if address == _UART_CLKDIV:
            return _CRYSTAL_HZ // self.baud
        return self._words.get(address, 0)

    def write(self, address: int, value: int, mask: int) -> None:
        """Write the bits of `mask`; writing SPI_CMD.USR runs the SPI transaction that the other registers describe."""
        value = self.read(address) & ~mask | value & mask
        if address == _SPI1_CMD and value & _SPI_CMD_USR:
            self._run_spi_transaction()
            value &= ~_SPI_CMD_USR
        self._words[address] = value & 0xFFFFFFFF

    def _run_spi_transaction(self) -> None:
        if not self.read(_SPI1_USR) & _SPI_USR_COMMAND:
            return
        command = self.read(_SPI1_USR2) & 0xFF
        self._words[_SPI1_W0] = {_RDID: self._flash.jedec_id, _RDSR: 0}.get(command, 0)


def _crc8(data: bytes) -> int:
    """CRC-8 of the MAC as stored in eFuse (polynomial 0x31 reflected, as in 1-Wire)."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8C if crc & 1 else 0)
    return crc
