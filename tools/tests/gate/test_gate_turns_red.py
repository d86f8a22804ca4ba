"""What must turn the gate red does, end to end, and its sentence names variant, figure, budget and file.

Each case runs `tinygate gate` on a copy of the models with one thing broken; the first is the unbroken copy.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygate.tflite import read_model

ROOT = Path(__file__).parents[3]


@pytest.fixture
def gesture(tmp_path: Path) -> Path:
    copy = tmp_path / "models" / "gesture"
    shutil.copytree(ROOT / "models" / "gesture", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def gate(gesture: Path, *more: str, **environment: str) -> tuple[int, str]:
    """Exit code and report of a gate run over a copy of the models."""
    report = gesture.parents[1] / "report"
    options = ["--board", "virtual", "--models-root", gesture.parent, "--report-dir", report]
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", "gate", *map(str, options)]
    run = subprocess.run(
        [*command, *more],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert (report / "report.md").is_file(), run.stdout + run.stderr
    return run.returncode, run.stdout


def flip_a_byte(gesture: Path) -> None:
    path = gesture / "artifacts" / "ptq_int8.tflite"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def swap_two_variants(gesture: Path) -> None:
    first, second = (gesture / "artifacts" / f"{name}.tflite" for name in ("ptq_int8", "qat_int8"))
    contents = second.read_bytes(), first.read_bytes()
    for path, content in zip((first, second), contents, strict=True):
        path.write_bytes(content)


def shift_the_output_scale(gesture: Path) -> None:
    """Also in the manifest: the one who breaks the file may have pinned it."""
    path = gesture / "artifacts" / "ptq_int8.tflite"
    content, scale = path.read_bytes(), read_model(path.read_bytes()).output.scales[0]
    old, new = (_float32(value) for value in (scale, scale * 1.5))
    assert old in content
    path.write_bytes(content.replace(old, new))
    manifest = gesture / "artifacts" / "manifest.json"
    entries = json.loads(manifest.read_text())
    entries["variants"]["ptq_int8"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(entries))


def _float32(value: float) -> bytes:
    import struct

    return struct.pack("<f", value)


def lower_a_budget(gesture: Path) -> None:
    toml = gesture / "model.toml"
    head, place, rest = toml.read_text().partition("[budgets.esp32-virtual.ptq_int8]")
    assert place
    toml.write_text(head + place + re.sub(r"arena_used_bytes = \S+", "arena_used_bytes = 1_000", rest, count=1))


@pytest.mark.parametrize(
    ("breakage", "named"),
    [
        (flip_a_byte, ("ptq_int8", "sha256", "manifest pins", "ptq_int8.tflite")),
        (swap_two_variants, ("qat_int8", "sha256", "manifest pins", "qat_int8.tflite")),
        (shift_the_output_scale, ("ptq_int8", "SOFTMAX", "0.00390625", "ptq_int8.tflite")),
        (lower_a_budget, ("ptq_int8", "arena_used_bytes = ", "≤ 1000", "model.toml", "ptq_int8.tflite")),
    ],
)
def test_a_breakage_fails_the_gate_and_is_named(
    gesture: Path, breakage: Callable[[Path], None], named: tuple[str, ...]
) -> None:
    breakage(gesture)
    code, output = gate(gesture, "--variant", "ptq_int8", "--variant", "qat_int8")
    assert code == 1, output
    told = [line for line in output.splitlines() if line.startswith("FAIL: ")]
    assert any(all(part in line for part in named) for line in told), told


def test_the_unbroken_copy_passes_with_the_table_of_the_readme(gesture: Path) -> None:
    code, output = gate(gesture)
    assert code == 0, output
    assert "verdict: PASS" in output
    report = (gesture.parents[1] / "report" / "report.md").read_text()
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ") and "PASS" in line]
    assert len(rows) == 6
    assert not [row for row in rows if row.replace("| ", "| gesture | ", 1).replace("_", "\\_") not in report]


@pytest.mark.parametrize(
    ("silencer", "named"),
    [
        ("--deselect tests_host/test_model.py::test_the_size_is_within_its_budget", "the size is within its budget"),
        ("-k not(sizes_keep_their_ratio)", "sizes keep their ratio"),
        ("--collect-only", "not answered"),
        ("-p no:junitxml", "wrote no host.xml"),
        ("-p emptied_tests", "the quantization keeps the rule"),
    ],
)
def test_no_option_of_pytest_silences_a_check(gesture: Path, silencer: str, named: str) -> None:
    only = ("--variant", "ptq_int8", "--variant", "float32")
    support = str(ROOT / "tools" / "tests" / "support")
    code, output = gate(
        gesture, *only, PYTEST_ADDOPTS=silencer.replace("not(", "'not ").replace(")", "'"), PYTHONPATH=support
    )
    assert code in (2, 3), output
    assert any(named in line for line in output.splitlines() if line.startswith(("INCONCLUSIVE: ", "ERROR: "))), output


def test_an_output_byte_that_differs_on_the_board_is_a_fail(gesture: Path) -> None:
    support = str(ROOT / "tools" / "tests" / "support")
    code, output = gate(gesture, "--variant", "qat_int8", PYTEST_ADDOPTS="-p flipped_outputs", PYTHONPATH=support)
    assert code == 1, output
    told = [line for line in output.splitlines() if line.startswith("FAIL: ")][-1]
    assert "parity_mismatches = 1" in told
    assert "the first is window 7" in told


def test_a_structure_that_has_grown_on_the_board_is_a_fail_that_names_it(gesture: Path) -> None:
    support = str(ROOT / "tools" / "tests" / "support")
    code, output = gate(gesture, "--variant", "qat_int8", PYTEST_ADDOPTS="-p grown_structure", PYTHONPATH=support)
    assert code == 1, output
    told = [line for line in output.splitlines() if line.startswith("FAIL: ")][-1]
    assert "structures_that_differ = 1" in told
    assert "TfLiteEvalTensor has 16 bytes" in told


def test_a_variant_left_out_is_told_and_is_no_fault(gesture: Path) -> None:
    code, output = gate(gesture, "--variant", "qat_int8")
    assert code == 0, output
    assert "qat_int8 against float32 is not judged, since --variant leaves one of them out" in output


def test_an_old_verdict_does_not_outlive_the_next_run(gesture: Path) -> None:
    report = gesture.parents[1] / "report"
    report.mkdir()
    (report / "report.md").write_text("# Gate report: PASS")
    toml = gesture / "model.toml"
    toml.write_text(toml.read_text().replace("schema_version = 1", "schema_version = 2"))
    code, _ = gate(gesture)
    assert code == 2
    assert "no verdict" in (report / "report.md").read_text()
    assert json.loads((report / "verdict.json").read_text())["verdict"] is None
