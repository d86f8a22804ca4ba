"""The chip: how reset, straps, ROM loader, bootloader and application follow each other."""

from __future__ import annotations

import socket
from collections.abc import Callable

from tinygate.virtual.esp32 import console_text
from tinygate.virtual.esp32.boot import Boot, ResetReason, RtcMemory, UartRate
from tinygate.virtual.esp32.bootloader import Loader
from tinygate.virtual.esp32.cpu import Cpu
from tinygate.virtual.esp32.flash import Flash
from tinygate.virtual.esp32.image import Application, ImageRejectedError, read_application
from tinygate.virtual.esp32.registers import Registers
from tinygate.virtual.esp32.reset_lines import ResetLines, Strap

_REJECTED_RESET_S = 0.4  # from power-up to the reset of a bootloader that found nothing to boot
_PANIC_RESET_S = 0.3  # printing a panic and starting again
_RESTART_S = 0.05
_STORE = (0x190000, 0x270000)  # address and size, as the firmware's partition table has it
_TAKE_AGAIN_S = 0.002  # how soon an application that was busy is offered what is left of its input

RunApplication = Callable[[Boot, socket.socket], None]


class Chip:
    """An ESP32 behind a serial line (a `link.Device`)."""

    def __init__(self, flash: Flash, registers: Registers, run_application: RunApplication) -> None:
        """Make a chip that is powered but not started; `start` or the reset line starts it."""
        self._flash = flash
        self._registers = registers
        self._run_application = run_application
        self._lines = ResetLines()
        self._rtc = RtcMemory()
        self._uart = UartRate()
        self._output = bytearray()
        self._loader: Loader | None = None
        self._cpu: Cpu | None = None
        self._app: Application | None = None
        self._reset_at: float | None = None
        self._advanced_at = 0.0
        self._next_reason = ResetReason.POWER_ON

    # link.Device

    def set_lines(self, dtr: bool, rts: bool, now: float) -> None:
        """Follow the reset circuit."""
        strap = self._lines.change(dtr, rts, now)
        if self._lines.in_reset and self._lines.deadline is None:
            self.power_off()
        self._start_with(strap, ResetReason.POWER_ON, now)

    def set_baud(self, baud: int) -> None:
        """Take over the line's rate, as the ROM's automatic detection does."""
        self._registers.baud = baud

    def baud(self) -> int | None:
        """Return the rate that the application has set; a chip that boots, and the loader, have the client's."""
        return self._uart.baud

    def receive(self, data: bytes, now: float) -> None:
        """Give bytes to whatever runs; a chip in reset hears nothing."""
        if self._cpu is not None:
            self._cpu.send(data)
        elif self._loader is not None:
            self._output += self._loader.receive(data)
            if self._loader.leave:
                self._start_with(Strap.RUN, ResetReason.RESTART, now)

    def advance(self, now: float, room: int) -> bytes:
        """Let time pass and collect what was printed."""
        self._advanced_at = now
        self._start_with(self._lines.settled(now), ResetReason.POWER_ON, now)
        if self._reset_at is not None and now >= self._reset_at:
            self._start_with(Strap.RUN, self._next_reason, now)
        self._read_application_output(now, room)
        output = bytes(self._output)
        self._output.clear()
        return output

    def deadline(self) -> float | None:
        """Return the next time at which something happens by itself."""
        pending = [at for at in (self._lines.deadline, self._reset_at) if at is not None]
        if self._cpu is not None and self._cpu.waiting_bytes:
            pending.append(self._advanced_at + _TAKE_AGAIN_S)
        return min(pending, default=None)

    def descriptors(self) -> list[int]:
        """Return the application's UART."""
        return [] if self._cpu is None else [self._cpu.fileno()]

    # reset and boot

    def start(self, now: float) -> None:
        """Power up with IO0 high."""
        self._start_with(Strap.RUN, ResetReason.POWER_ON, now)

    def power_off(self) -> None:
        """Stop whatever runs."""
        if self._cpu is not None:
            self._cpu.kill()
        self._cpu = self._loader = self._app = self._reset_at = None
        self._uart.baud = None
        self._output.clear()

    def _start_with(self, strap: Strap | None, reason: ResetReason, now: float) -> None:
        if strap is None:
            return
        printed = bytes(self._output)  # has left the UART, whatever happens now
        self.power_off()
        self._output += printed
        if strap is Strap.DOWNLOAD:
            self._print(console_text.download_mode(reason))
            self._loader = Loader(self._flash, self._registers)
        else:
            self._boot(reason, now)

    def _boot(self, reason: ResetReason, now: float) -> None:
        if reason is ResetReason.POWER_ON:
            self._rtc.next_arena_bytes = 0
        self._print(console_text.flash_boot(reason))
        try:
            app = read_application(self._flash)
        except ImageRejectedError as error:
            self._print(console_text.image_rejected(str(error)))
            self._reset_later(ResetReason.REJECTED, now + _REJECTED_RESET_S)
            return
        self._print(console_text.image_loaded(app))
        self._app = app
        store = self._flash.region(*_STORE)
        boot = Boot(app, reason, self._rtc, self._registers.mac, self._flash.size_bytes, self._uart, store)
        self._cpu = Cpu(lambda uart: self._run_application(boot, uart))

    def _read_application_output(self, now: float, room: int) -> None:
        if self._cpu is None:
            return
        self._cpu.flush()
        data = self._cpu.read(room) if room > 0 else b""
        if data is None:
            self._application_ended(now)
        else:
            self._output += data

    def _application_ended(self, now: float) -> None:
        assert self._cpu is not None
        assert self._app is not None
        signal = self._cpu.exit_signal()
        self._cpu.kill()
        self._cpu = None
        if signal:
            self._print(console_text.panic(signal, self._app))
            self._reset_later(ResetReason.PANIC, now + _PANIC_RESET_S)
        else:
            self._reset_later(ResetReason.RESTART, now + _RESTART_S)

    def _reset_later(self, reason: ResetReason, at: float) -> None:
        self._next_reason, self._reset_at = reason, at

    def _print(self, text: str) -> None:
        self._output += text.encode()
