"""How faults look on the console of an ESP32: the wordings of its ROM and of ESP-IDF, 5.1 and newer."""

from __future__ import annotations

import re

from tinygate.targets.faults import ConsoleSigns, FaultKind, compiled

SIGNS = ConsoleSigns(
    # Panic handler, heap, FreeRTOS port and ROM.
    faults=compiled(
        (r"Brownout detector was triggered", FaultKind.BROWN_OUT),
        (r"Guru Meditation Error: .*Interrupt wdt timeout", FaultKind.INTERRUPT_WATCHDOG),
        (r"Guru Meditation Error: .*(Stack canary|Stack protection)", FaultKind.STACK),
        (r"Guru Meditation Error", FaultKind.PANIC),
        (r"Task watchdog got triggered", FaultKind.TASK_WATCHDOG),
        (r"A stack overflow in task .* has been detected", FaultKind.STACK),
        (r"Stack smashing protect failure", FaultKind.STACK),
        (r"Undefined behavior of type ", FaultKind.UNDEFINED_BEHAVIOUR),
        (r"ESP_ERROR_CHECK failed: esp_err_t 0x", FaultKind.ASSERT),
        (r"CORRUPT HEAP:", FaultKind.HEAP),
        (r"assert failed: ", FaultKind.ASSERT),
        (r"abort\(\) was called at PC", FaultKind.ABORT),
        (r"Fatal exception \(", FaultKind.PANIC),
        # What a panic prints next: its first line may have been lost in a record that it cut off.
        (
            r"register dump:|^Backtrace:|^Rebooting\.\.\.|^Rebooting in |^ELF file SHA256: |^CPU halted\.",
            FaultKind.PANIC,
        ),
        (r"Panic handler entered multiple times|Re-entered core dump!|^Entering gdb stub now", FaultKind.PANIC),
        (r"^invalid header: 0x", FaultKind.BAD_IMAGE),
        (r"esp_image: (Checksum failed|Image hash failed|image at .* has invalid magic byte)", FaultKind.BAD_IMAGE),
        (r"boot: No bootable app partitions", FaultKind.BAD_IMAGE),
    ),
    reset_line=re.compile(r"rst:0x[0-9a-f]+ \((?P<reason>[^)]*)\),boot:0x[0-9a-f]+"),
    resets=compiled(
        (r"BROWN|GLITCH", FaultKind.BROWN_OUT),
        (r"^POWERON(_RESET)?$|^(USB|JTAG)_|^EXT", FaultKind.POWER),
        (r"WDT|LOCKUP", FaultKind.HARDWARE_WATCHDOG),
    ),
)
