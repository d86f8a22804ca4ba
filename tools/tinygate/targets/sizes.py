"""What a firmware takes of a chip's memories, per section and per component."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Memory:
    """One kind of memory: what the linker put there.

    Attributes:
        name: the toolchain's word, "DRAM", "IRAM", "Flash Code", …
        used_bytes: in all its sections.
        total_bytes: what there is; 0 when the linker script does not say.
        sections: bytes per section, ".bss", ".data", …
        holds_static_data: whether it is RAM in which initialized and zeroed data stand.
    """

    name: str
    used_bytes: int
    total_bytes: int
    sections: Mapping[str, int]
    holds_static_data: bool = False


@dataclass(frozen=True)
class Part:
    """What one part of a firmware takes (`tinygate.figures.PARTS`): of flash, and of RAM with data."""

    flash_bytes: int
    static_ram_bytes: int


@dataclass(frozen=True)
class Sizes:
    """Sizes of one firmware.

    Attributes:
        memories: one per kind of memory that is used.
        components: bytes per component (archive) over all memories, largest first.
        parts: each part of the firmware but the rest; empty where a build does not tell.
    """

    memories: tuple[Memory, ...]
    components: Mapping[str, int]
    parts: Mapping[str, Part] = field(default_factory=dict)

    @property
    def static_ram_bytes(self) -> int:
        """RAM that is taken before the first instruction: initialized and zeroed data."""
        return sum(memory.used_bytes for memory in self.memories if memory.holds_static_data)

    def left_of(self, ram_bytes: int, arena_bytes: int) -> str:
        """Say what static data and an arena from the heap leave of a RAM budget to the rest of the application."""
        left = ram_bytes - self.static_ram_bytes - arena_bytes
        largest = ", ".join(f"{name} {size:,}" for name, size in list(self.components.items())[:3])
        return (
            f"With an arena of {arena_bytes:,} bytes, {left:,} of {ram_bytes:,} bytes of RAM are left for the rest of "
            f"the application; the largest components: {largest} bytes."
        )
