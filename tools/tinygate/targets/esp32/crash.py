"""Where an application crashed: the addresses that its panic printed, as functions and lines (Espressif's decoder)."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

_ADDRESSES = re.compile(r"^(?:Backtrace:|MEPC\s*:|abort\(\) was called at PC )")
_PREFIXES = {"esp32": "xtensa-esp32-elf-", "esp32s3": "xtensa-esp32s3-elf-", "esp32c3": "riscv32-esp-elf-"}
_FRAMES = 10
_ELF = b"\x7fELF"


def where_it_crashed(lines: Sequence[str], folder: Path, chip: str) -> str:
    """Return the call stack that a console shows, outermost call last; "" if it shows none.

    Xtensa prints a backtrace, RISC-V the addresses of the instruction and of its caller. Where they cannot be decoded
    they are returned as they came, with what is missing.

    Args:
        lines: of the console, oldest first.
        folder: the build folder, with the ELF file that the application was made from.
        chip: what ran it.
    """
    line = next((line for line in lines if line.startswith("Backtrace:")), "")
    line = line or next((line for line in lines if _ADDRESSES.match(line)), "")
    if not line:
        return ""
    elf = next((path for path in sorted(folder.glob("*.elf")) if path.read_bytes()[:4] == _ELF), None)
    prefix = _PREFIXES[chip]
    if elf is None:
        return f"{line} (not decoded: no ELF file in {folder}; keep it there when a build is brought from elsewhere)"
    if shutil.which(f"{prefix}addr2line") is None:
        return f"{line} (not decoded: no {prefix}addr2line on PATH; activate ESP-IDF, `. $IDF_PATH/export.sh`)"
    return _decoded(line, elf, prefix) or f"{line} (not decoded: {elf.name} has none of these addresses)"


def _decoded(line: str, elf: Path, prefix: str) -> str:
    from esp_idf_panic_decoder import PcAddressDecoder

    stack = [place for _, places in PcAddressDecoder(prefix, str(elf)).translate_addresses(line) for place in places]
    shown = [f"{place.func} ({Path(place.path).name}:{place.line})" for place in stack[:_FRAMES]]
    more = f", and {len(stack) - _FRAMES} more" if len(stack) > _FRAMES else ""
    return f"It crashed in {', called by '.join(shown)}{more}." if shown else ""
