"""A firmware's memory: what each part takes of flash and static RAM, and what was in use of RAM at most."""

from __future__ import annotations

from collections.abc import Iterator

from tinygate.figures import flash_of, static_ram_of
from tinygate.protocol import Health
from tinygate.targets.sizes import Part, Sizes

_NO_MODEL = "The application has its model itself: it is among the rest."
_REST = "All that no other part takes: the application, the SDK, and the image's padding."


def split(sizes: Sizes, image_bytes: int) -> Iterator[tuple[str, int | None, str]]:
    """Yield figure, value and note of each part; the parts add up to the image, and to all static RAM."""
    named = sizes.parts.values()
    flash, static = (sum(part.flash_bytes for part in named), sum(part.static_ram_bytes for part in named))
    rest = Part(image_bytes - flash, sizes.static_ram_bytes - static)
    for name, part in (*sizes.parts.items(), ("rest", rest)):
        if name == "model" and not part.flash_bytes:
            yield flash_of(name), None, _NO_MODEL
            yield static_ram_of(name), None, _NO_MODEL
            continue
        note = _REST if name == "rest" else ""
        yield flash_of(name), part.flash_bytes, note
        yield static_ram_of(name), part.static_ram_bytes, note


def ram_used(static_ram_bytes: int, health: Health) -> int | None:
    """Return what was in use of RAM at most; None for a firmware that does not tell how large its heap is."""
    if health.heap_total_bytes is None:
        return None
    return static_ram_bytes + health.heap_total_bytes - health.heap_min_free_bytes


def heap_sentence(static_ram_bytes: int, health: Health) -> str:
    """Say what RAM in use is made of, and what of it does not ship."""
    heap = (health.heap_total_bytes or 0) - health.heap_min_free_bytes
    own = health.own_heap_bytes
    told = "" if own is None else f", {own:,} of it by what answers the gate, which does not ship"
    return f"{static_ram_bytes:,} static and {heap:,} of the heap at most{told}."
