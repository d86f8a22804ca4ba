"""What `tinygate lab status` says of a place's past."""

from __future__ import annotations

from pathlib import Path

from tinygate.lab.places import Place
from tinygate.lab.status import table
from tinygate.store.lab_log import LabEvent, append_event


def test_an_error_that_is_not_the_labs_is_no_flake(tmp_path: Path) -> None:
    ends = [("PASS", ""), ("ERROR", "the board said nothing for 20 s"), ("ERROR", ""), ("FAIL", "")]
    for outcome, reason in ends:  # an error without a reason of the lab's: a recipe that cannot be read, say
        append_event(tmp_path, LabEvent("2026-01-01T00:00:00+00:00", "run", "ended", "shelf-1", "m-v", outcome, reason))
    found = table([Place("shelf-1", {"target": "esp32", "board": "serial"}, has_port=True)], tmp_path)
    cells = {str(column.header): [str(cell) for cell in column.cells] for column in found.columns}
    assert cells["flakes"] == ["1 of 4"]
    assert cells["last verdicts"] == ["FAIL ERROR ERROR PASS"]
