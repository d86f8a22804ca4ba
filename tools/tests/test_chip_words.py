"""Only a chip family's own rooms know its name: everything else asks `tinygate.targets`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tinygate.targets import FAMILIES

PACKAGE = Path(__file__).parents[1] / "tinygate"
ALLOWED = {"targets", "virtual"}
DATA = {
    Path("tflm/known.py"),  # which kernel version computes what wrongly, on which chip: data with their source
    Path("arena/targets.py"),  # which kernels and structure sizes a chip has
    Path("arena/esp_nn.py"),  # one kernel library's scratch formulas, which differ by chip
    Path("arena/cmsis_nn.py"),  # another one's
}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_room_names_a_chip(path: Path) -> None:
    place = path.relative_to(PACKAGE)
    if place.parts[0] in ALLOWED or place in DATA:
        return
    names = "|".join(re.escape(name) for family in FAMILIES for name in {family.name, *family.chips})
    found = [line for line in path.read_text(encoding="utf-8").splitlines() if re.search(names, line, re.IGNORECASE)]
    assert not found, found[0]
