"""Console text as ESP-IDF prints it, and the faults it shows."""

import pytest

from tinygate.board.console import KEPT_LINE_CHARS, KEPT_LINES, Console, classify
from tinygate.errors import LabError, TargetError
from tinygate.targets.esp32.console import SIGNS as ESP32
from tinygate.targets.faults import FaultKind

POWER_ON = "rst:0x1 (POWERON_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)"
SOFTWARE_RESET = "rst:0xc (SW_CPU_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)"
CLEAN = ("ets Jun  8 2016 00:22:57", POWER_ON, "\x1b[0;32mI (80) boot: Multicore bootloader\x1b[0m", "ready")
SIGNS = {
    "Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.": FaultKind.PANIC,
    "Guru Meditation Error: Core  1 panic'ed (Interrupt wdt timeout on CPU1). ": FaultKind.INTERRUPT_WATCHDOG,
    "abort() was called at PC 0x400d35b5 on core 0": FaultKind.ABORT,
    "assert failed: app_main main.c:19 (sink==42)": FaultKind.ASSERT,
    "CORRUPT HEAP: Bad head at 0x3ffaffa4. Expected 0xabba1234 got 0xaaaaaaaa": FaultKind.HEAP,
    "E (5311) task_wdt: Task watchdog got triggered. The following tasks did not reset it": FaultKind.TASK_WATCHDOG,
    "***ERROR*** A stack overflow in task main has been detected.": FaultKind.STACK,
    "rst:0x8 (TG1WDT_SYS_RESET),boot:0x12 (SPI_FAST_FLASH_BOOT)": FaultKind.HARDWARE_WATCHDOG,
    "invalid header: 0xffffffff": FaultKind.BAD_IMAGE,
    "Undefined behavior of type out_of_bounds": FaultKind.UNDEFINED_BEHAVIOUR,
    "Panic handler entered multiple times. Abort panic handling. Rebooting ...": FaultKind.PANIC,
    "Re-entered core dump! Exception happened during core dump!": FaultKind.PANIC,
    "Entering gdb stub now.": FaultKind.PANIC,
    "CPU halted.": FaultKind.PANIC,
    "ELF file SHA256: 0123456789abcdef": FaultKind.PANIC,
    "ESP_ERROR_CHECK failed: esp_err_t 0x102 (ESP_ERR_INVALID_ARG) at 0x400d1234": FaultKind.ASSERT,
    "rst:0x12 (CPU_LOCKUP),boot:0x8 (SPI_FAST_FLASH_BOOT)": FaultKind.HARDWARE_WATCHDOG,
}


def fault_kind(*lines: str) -> FaultKind | None:
    fault = classify(lines, ESP32)
    return fault.kind if fault else None


def test_a_clean_boot_shows_no_fault() -> None:
    assert classify(CLEAN, ESP32) is None


@pytest.mark.parametrize("line", SIGNS)
def test_a_fault_is_found_and_blamed_on_the_target(line: str) -> None:
    fault = classify([*CLEAN, line], ESP32)
    assert fault is not None
    assert fault.kind is SIGNS[line]
    assert isinstance(fault.error(), TargetError)


def test_the_first_fault_is_the_cause() -> None:
    heap_then_assert = ("CORRUPT HEAP: Bad head at 0x3ffaffa4.", "assert failed: multi_heap_free", SOFTWARE_RESET)
    assert fault_kind(*CLEAN, *heap_then_assert) is FaultKind.HEAP


def test_a_fault_is_not_forgotten_when_the_board_answers_again() -> None:
    assert fault_kind(*CLEAN, "abort() was called at PC 0x400d35b5 on core 0", *CLEAN) is FaultKind.ABORT


def test_a_brown_out_is_blamed_on_the_lab_even_when_a_panic_came_first() -> None:
    fault = classify([*CLEAN, "Guru Meditation Error: Core  0 panic'ed", "Brownout detector was triggered"], ESP32)
    assert fault is not None
    assert isinstance(fault.error(), LabError)


def test_three_resets_are_a_boot_loop_before_any_deadline() -> None:
    assert fault_kind(POWER_ON, SOFTWARE_RESET) is None
    assert fault_kind(POWER_ON, SOFTWARE_RESET, SOFTWARE_RESET) is FaultKind.BOOT_LOOP


@pytest.mark.parametrize(("line", "kind"), [(SOFTWARE_RESET, FaultKind.RESET), (POWER_ON, FaultKind.POWER)])
def test_one_reset_after_the_app_has_started_is_a_fault(line: str, kind: FaultKind) -> None:
    console = Console(ESP32)
    console.feed(POWER_ON)
    console.started()
    console.feed(line)
    assert console.fault is not None
    assert console.fault.kind is kind


def test_a_flood_is_kept_in_bounds() -> None:
    console = Console(ESP32)
    for number in range(10_000):
        console.feed(f"{number} " + "x" * 10_000)
    assert len(console.tail(10**6)) == KEPT_LINES
    assert max(map(len, console.tail(10**6))) == KEPT_LINE_CHARS


def test_hostile_text_is_shown_without_control_characters() -> None:
    console = Console(ESP32)
    console.feed("\x1b[31mred\x1b[0m \x07\x00\u202e end")
    assert console.tail() == ("red ??? end",)


@pytest.mark.parametrize("before", [0, 150, 250, 5_000, 300_000])
def test_a_fault_is_found_however_much_stands_before_it_on_its_line(before: int) -> None:
    fault = classify(["x" * before + "abort() was called at PC 0x400d35b5 on core 0"], ESP32)
    assert fault is not None
    assert fault.kind is FaultKind.ABORT
    assert "abort() was" in fault.line
    assert len(fault.line) <= KEPT_LINE_CHARS


@pytest.mark.parametrize("reason", ["SW_CPU_RESET", "UNHEARD_OF", "???", ""])
def test_a_reset_for_any_reason_is_a_fault_once_the_application_runs(reason: str) -> None:
    console = Console(ESP32)
    console.started()
    console.feed(f"rst:0x7f ({reason}),boot:0x12 (SPI_FAST_FLASH_BOOT)")
    assert console.fault is not None


@pytest.mark.parametrize(
    "reason", ["RTCWDT_BROWN_OUT_RESET", "BROWN_OUT_RST", "PWR_GLITCH_RESET", "USB_UART_CHIP_RESET"]
)
def test_supply_and_reset_line_are_the_labs(reason: str) -> None:
    console = Console(ESP32)
    console.started()
    console.feed(f"rst:0xf ({reason}),boot:0x12 (SPI_FAST_FLASH_BOOT)")
    assert console.fault is not None
    assert isinstance(console.fault.error(), LabError)


def test_a_clean_boot_names_the_elf_file_without_being_a_panic() -> None:
    assert classify(["I (268) cpu_start: ELF file SHA256:  0123456789abcdef..."], ESP32) is None
