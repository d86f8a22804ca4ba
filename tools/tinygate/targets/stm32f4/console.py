"""How faults look on the console of an STM32F4: the wordings of firmware/stm32f4, which has no ROM that says a word."""

from __future__ import annotations

import re

from tinygate.targets.faults import ConsoleSigns, FaultKind, compiled

SIGNS = ConsoleSigns(
    faults=compiled(
        (r"brown-out: the supply is below", FaultKind.BROWN_OUT),
        (r"watchdog: the application has not come back", FaultKind.TASK_WATCHDOG),
        (r"fault: stack overflow: ", FaultKind.STACK),
        (r"fault: (HardFault|MemManage|BusFault|UsageFault|NMI|unexpected exception|main returned)", FaultKind.PANIC),
        (r"assert: .+:\d+: ", FaultKind.ASSERT),
        (r"abort: called from 0x", FaultKind.ABORT),
        # What a fault prints next: its first line may have been lost in a record that it cut off.
        (r"fault: (CFSR=0x|PC=0x|R0=0x|stack 0x)", FaultKind.PANIC),
    ),
    reset_line=re.compile(r"boot: reset by (?P<reason>[a-z_]+), RCC_CSR=0x[0-9a-f]+"),
    resets=compiled(
        (r"^brownout$", FaultKind.BROWN_OUT),
        (r"^(poweron|ext)$", FaultKind.POWER),
        (r"^wdt$", FaultKind.HARDWARE_WATCHDOG),
    ),
)
