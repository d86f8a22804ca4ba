"""What an ESP32 prints around an application: ROM, second-stage bootloader, start-up, panic.

Landmarks (reset and boot-mode line, log format, backtrace, ELF hash) are those of recorded consoles, since tools look
for them. A line says that the board is virtual, and no register values are made up.
"""

from __future__ import annotations

from signal import Signals

from tinygate.virtual.esp32.boot import ResetReason
from tinygate.virtual.esp32.image import Application

_BANNER = "ets Jul 29 2019 12:21:46\r\n\r\n"


def download_mode(reason: ResetReason) -> str:
    """Return what the ROM prints when IO0 was low."""
    mode = "boot:0x3 (DOWNLOAD_BOOT(UART0/UART1/SDIO_REI_REO_V2))"
    return f"{_BANNER}rst:{reason.rom_text},{mode}\r\nwaiting for download\r\n"


def flash_boot(reason: ResetReason) -> str:
    """Return what the ROM prints when IO0 was high."""
    return (
        f"{_BANNER}rst:{reason.rom_text},boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
        "configsip: 0, SPIWP:0xee\r\n"
        "clk_drv:0x00,q_drv:0x00,d_drv:0x00,cs0_drv:0x00,hd_drv:0x00,wp_drv:0x00\r\n"
        "mode:DIO, clock div:2\r\n" + log("I", "boot", "tinygate virtual board: second-stage bootloader")
    )


def image_loaded(app: Application) -> str:
    """Return the lines about a good image."""
    lines = [
        log(
            "I",
            "esp_image",
            f"segment {index}: paddr={segment.flash_address:08x} vaddr={segment.address:08x} "
            f"size={len(segment.data):05x}h ({len(segment.data):6d}) {'map' if segment.mapped else 'load'}",
        )
        for index, segment in enumerate(app.segments)
    ]
    lines.append(log("I", "boot", "Loaded app from partition at offset 0x10000"))
    facts = {
        "Project name": app.project,
        "App version": app.version,
        "ELF file SHA256": f"{app.elf_sha256[:16]}...",
        "ESP-IDF": app.idf_version,
    }
    lines += [log("I", "cpu_start", f"{name + ':':<17}{value}") for name, value in facts.items()]
    return "".join(lines) + log("I", "main_task", "Calling app_main()")


def image_rejected(why: str) -> str:
    """Return the lines about an image that cannot be booted."""
    return (
        log("E", "esp_image", why)
        + log("E", "boot", "Factory app partition is not bootable")
        + log("E", "boot", "No bootable app partitions in the partition table")
    )


def panic(signal: int, app: Application) -> str:
    """Return what is printed when the application's process died of `signal`."""
    where = f"{app.entry:#010x}"
    if signal == Signals.SIGABRT:
        cause = f"\r\nabort() was called at PC {where} on core 0\r\n"
    else:
        name = {Signals.SIGFPE: "IntegerDivideByZero", Signals.SIGILL: "IllegalInstruction"}.get(
            Signals(signal), "LoadProhibited"
        )
        cause = f"Guru Meditation Error: Core  0 panic'ed ({name}). Exception was unhandled.\r\n"
    return (
        f"{cause}\r\n\r\nBacktrace: {where}:0x3ffb0000\r\n\r\n\r\n\r\n\r\n"
        f"ELF file SHA256: {app.elf_sha256[:16]}\r\n\r\nRebooting...\r\n"
    )


def log(level: str, tag: str, text: str) -> str:
    """Return a line as ESP-IDF's logging prints it; the time stays 0, since an emulated board's says nothing."""
    colour = {"I": "32", "W": "33", "E": "31"}[level]
    return f"\x1b[0;{colour}m{level} (0) {tag}: {text}\x1b[0m\r\n"
