"""What may become a baseline: a run that has ended, whose evidence is whole, and whose checks passed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from fake_board import HELLO

from tinygate.errors import EvidenceError, InputError
from tinygate.gate.baselining import candidates, chosen, newest_bundle
from tinygate.store import evidence, journal
from tinygate.store.journal import TestOutcome
from tinygate.verdict import Verdict

RUN, PLACE = "20261126T000000Z-1", "esp32"
FIGURES = {
    "tflite_bytes@host": 17_832,
    "arena_used_bytes@esp32": 4060,
    "accuracy_percent@esp32": 87.0,
    "latency_median_us@esp32": 900,
}


def boot(number: int) -> dict[str, Any]:
    hello = dataclasses.asdict(dataclasses.replace(HELLO, kernels="esp-nn 1.2.3"))
    bench = {"cycles": [240_000 + number] * 3, "latency_us": [1000] * 3}
    return {"hello": hello, "bench": bench, "profile": {"operators": ["CONV_2D"], "ticks": [230_000 + number]}}


def report_of(folder: Path, boots: int = 20, failed: str = "") -> Path:
    """A report as the gate leaves it, of one variant."""
    run = folder / "runs" / RUN
    logs = run / "logs" / PLACE / "gesture-ptq_int8"
    logs.mkdir(parents=True)
    verdict = "FAIL" if failed else "PASS"
    row = {"model": "gesture", "variant": "ptq_int8", "verdict": verdict, "figures": FIGURES}
    (folder / "verdict.json").write_text(
        json.dumps({"run": RUN, "verdict": verdict, "place": PLACE, "variants": [row]})
    )
    (logs / "boots.jsonl").write_text("".join(json.dumps(boot(number)) + "\n" for number in range(boots)))
    (logs / "firmware.json").write_text(json.dumps({"components": {"espressif/esp-nn": "1.2.3"}}))
    test = TestOutcome("t", failed or "test_x", "", "gesture-ptq_int8", Verdict(verdict), "why", 1, False, 0.1)
    journal.append(run / "journal.jsonl", test)
    files = evidence.files_of(folder, RUN, ["verdict.json"])
    evidence.seal(folder, {"run": RUN, "verdict": verdict}, [], files)
    return folder


def test_sizes_and_time_become_entries_with_what_they_hold_for(tmp_path: Path) -> None:
    host, device = candidates(report_of(tmp_path))
    assert (host.place, host.entry.figures, host.entry.conditions) == ("host", {"tflite_bytes": 17_832}, {})
    assert device.entry.figures == {"arena_used_bytes": 4060}
    assert device.entry.conditions["kernel_library"] == "esp-nn"
    assert device.entry.parts["component espressif/esp-nn"] == "1.2.3"
    assert device.entry.latency_us[:2] == (1000.0, round(240_001 / 240, 3))
    assert (device.entry.operators, device.entry.ticks[3]) == (("CONV_2D",), (230_003.0,))
    assert not device.refused
    assert not device.note


def test_a_packed_bundle_of_the_store_gives_the_same(tmp_path: Path) -> None:
    report = report_of(tmp_path / "report")
    packed = tmp_path / "store" / "evidence" / f"{RUN}.zip"
    evidence.pack(report, evidence.files_of(report, RUN, ["verdict.json"]), packed)
    assert newest_bundle(tmp_path / "store") == packed
    assert candidates(packed) == candidates(report)


def test_time_of_few_boots_is_left_out_and_told(tmp_path: Path) -> None:
    device = candidates(report_of(tmp_path, boots=5))[1]
    assert (device.baseline.latency_us, device.baseline.ticks, len(device.entry.ticks)) == ((), (), 5)
    assert "5 of 20 boots" in device.note


def test_a_check_that_did_not_pass_refuses_its_variant(tmp_path: Path) -> None:
    found = candidates(report_of(tmp_path, failed="test_the_board_booted_once"))
    assert {one.refused for one in found} == {"test_the_board_booted_once did not pass"}


def test_one_that_only_the_old_baseline_refused_may_be_set_anew(tmp_path: Path) -> None:
    found = candidates(report_of(tmp_path, failed="test_no_size_has_grown_since_the_baseline"))
    assert {one.refused for one in found} == {""}


def test_a_run_that_has_not_ended_is_no_baseline(tmp_path: Path) -> None:
    (report_of(tmp_path) / evidence.CHAIN).unlink()
    with pytest.raises(EvidenceError, match="no bundle of evidence"):
        candidates(tmp_path)


def test_evidence_that_was_altered_is_no_baseline(tmp_path: Path) -> None:
    path = report_of(tmp_path) / "verdict.json"
    path.write_text(path.read_text().replace("4060", "5060"))
    with pytest.raises(EvidenceError, match=r"verdict\.json: was altered"):
        candidates(tmp_path)


def test_names_that_the_run_does_not_know_are_said(tmp_path: Path) -> None:
    found = candidates(report_of(tmp_path))
    assert chosen(found, ["gesture"], ["ptq_int8"]) == found
    with pytest.raises(InputError, match="--variant float32: not in this run; it judged ptq_int8"):
        chosen(found, [], ["float32"])


def test_an_empty_store_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no run is remembered"):
        newest_bundle(tmp_path)
