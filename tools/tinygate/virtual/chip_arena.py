"""The arena as the emulated chip would have it: the interpreter here has pointers of 64 bits, a chip's has 32.

What a chip needs is computed from the model; the interpreter gets as much more or less than the chip is configured with
as it needs more or less, so that an arena that is too small by a byte there is too small by a byte here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.arena import ArenaPrediction, load_layout, predict
from tinygate.arena.targets import target_named
from tinygate.errors import ModelFileError
from tinygate.tflite import read_model

HERE = "wheel64"
POINTER_BITS = 32


@dataclass(frozen=True)
class ChipArena:
    """A model's arena on a chip, and here.

    Attributes:
        chip, here: what is predicted of the two.
    """

    chip: ArenaPrediction
    here: ArenaPrediction

    def size_here(self, chip_bytes: int) -> int:
        """Return the size of an arena here that is as ample, or as much too small, as one of `chip_bytes` there."""
        if chip_bytes < self.chip.minimum_bytes:
            return self.here.minimum_bytes * chip_bytes // self.chip.minimum_bytes
        return chip_bytes + self.here.minimum_bytes - self.chip.minimum_bytes


def chip_arena(model: bytes, chip: str) -> ChipArena | None:
    """Return the arena of a model on a chip; None where it is not known exactly."""
    try:
        parsed = read_model(model)
    except ModelFileError:
        return None
    found = ChipArena(predict(parsed, chip), predict(parsed, HERE))
    return found if found.chip.exact and found.here.exact else None


def chip_structures(chip: str) -> dict[str, tuple[int, int]]:
    """Return size and alignment of the structures in a chip's arena, by name."""
    return dict(load_layout(target_named(chip).layout_name).structures)
