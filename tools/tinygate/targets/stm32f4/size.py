"""What a firmware takes of flash and RAM, per section and per component: read from the linker's map.

Flash is what the image takes, initialized data included; static RAM is what data and bss take. The two stacks, and the
pool that arena and console are taken from at boot, are told apart, as a chip with a heap takes these from there.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from tinygate.errors import InputError
from tinygate.targets.sizes import Memory, Sizes
from tinygate.targets.stm32f4.build import NAME

FLASH_BYTES, RAM_BYTES = 1 << 20, 128 << 10
_IN_FLASH = (".vectors", ".app_sha256", ".text", ".rodata", ".ARM.exidx", ".data")
_STATIC = (".data", ".bss")
_STACKS = (".stacks",)
_OUTPUT = re.compile(r"^(\.[\w.]+)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)")
_INPUT = re.compile(r"^ (?:\.\S+|COMMON)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S.*)$")
_OBJECT = re.compile(r"([^/]+\.a)\(|/(model)/model\.cpp")


def sizes_of(folder: Path) -> Sizes:
    """Return the sizes of the firmware in a build folder. Raises InputError if there is no map."""
    path = folder / f"{NAME}.map"
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: no linker map ({error.strerror}); build the firmware again") from error
    return parse(text)


def parse(text: str) -> Sizes:
    """Read a map that GNU ld wrote.

    Raises:
        InputError: no section of a firmware is in it.
    """
    lines = list(_whole_lines(text.partition("Linker script and memory map")[2]))
    sections = {found[1]: int(found[2], 16) for line in lines if (found := _OUTPUT.match(line))}
    if not sections.keys() >= {".text", ".bss"}:
        raise InputError("the linker map names no .text and no .bss; build the firmware again")
    memories = (
        _memory("flash", FLASH_BYTES, _IN_FLASH, sections),
        _memory("RAM", RAM_BYTES, _STATIC, sections, holds_static_data=True),
        _memory("stacks", 0, _STACKS, sections),
    )
    return Sizes(memories, dict(_components(lines).most_common()))


def _memory(
    name: str, total: int, wanted: tuple[str, ...], sections: Mapping[str, int], holds_static_data: bool = False
) -> Memory:
    found = {section: sections[section] for section in wanted if section in sections}
    return Memory(name, sum(found.values()), total, found, holds_static_data)


def _components(lines: list[str]) -> Counter[str]:
    """Count what stands in the sections of flash and static RAM, by archive or by part of the firmware."""
    counted: Counter[str] = Counter()
    wanted = False
    for line in lines:
        if output := _OUTPUT.match(line):
            wanted = output[1] in (*_IN_FLASH, *_STATIC)
        elif wanted and (found := _INPUT.match(line)):
            counted[_component_of(found[2])] += int(found[1], 16)
    return Counter({name: size for name, size in counted.items() if size})


def _component_of(file: str) -> str:
    found = _OBJECT.search(file)
    return found[1] or found[2] if found else "main"


def _whole_lines(text: str) -> Iterator[str]:
    """Yield lines; the linker breaks one after a long name."""
    begun = ""
    for line in text.splitlines():
        if re.fullmatch(r" ?[.\w][\w.$]*", line):
            begun = line
        else:
            yield begun + line
            begun = ""
