"""A gate remembers: each night's figures in the store, its evidence sealed; what cannot be kept changes no verdict."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tinygate.oracle import oracle
from tinygate.store.evidence import verify
from tinygate.store.index import Index, Subject
from tinygate.store.ledger import Ended, Ledger, Measured, Started
from tinygate.store.setup import kept_setup

ROOT = Path(__file__).parents[3]
SINE = Subject("sine", "ptq_int8", "esp32-virtual")
pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")


def tinygate(*arguments: object, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", *map(str, arguments)]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout


def gate(folder: Path, *more: object, **environment: str) -> tuple[int, str]:
    where = ("--report-dir", folder / "report", "--store", folder / "store")
    return tinygate(
        "gate", "--model", "sine", "--variant", "ptq_int8", "--board", "virtual", *where, *more, **environment
    )


@pytest.fixture(scope="module")
def two_nights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nights")
    for _ in range(2):
        code, said = gate(folder, CI_TOKEN_FOR="x", CI="glpat-0123456789abcdefghij")
        assert code == 0, said
    return folder


def test_both_nights_are_in_the_store(two_nights: Path) -> None:
    kinds = [type(record) for _, record in Ledger(two_nights / "store").read()]
    assert kinds == [Started, Measured, Ended] * 2
    with Index(two_nights / "store") as index:
        (_, one), (_, two) = index.history(SINE, 9)
    assert one.figures["arena_used_bytes"] == two.figures["arena_used_bytes"] == 972
    assert one.run < two.run
    assert kept_setup(two_nights / "store", one.setup).conditions["target"] == "esp32"


def test_the_report_verifies_and_so_does_what_the_store_holds_of_the_night_before(two_nights: Path) -> None:
    code, said = tinygate("verify", two_nights / "report", "--store", two_nights / "store")
    assert (code, "PASS" in said, "remembers it" in said) == (0, True, True), said
    for packed in (two_nights / "store" / "evidence").iterdir():
        code, said = tinygate("verify", packed, "--store", two_nights / "store")
        assert code == 0, said


def test_the_evidence_says_what_was_judged_and_no_secret(two_nights: Path) -> None:
    chain = (two_nights / "report" / "evidence.jsonl").read_text()
    wanted = (
        "artifact_sha256",
        "data_sha256",
        '"images":{"tinygate.bin":',
        "02:4e:47:00:00:01",
        "boots.jsonl",
        "console.log",
    )
    assert all(word in chain for word in wanted)
    assert "glpat-" not in chain
    assert verify(two_nights / "report").problems == ()


def test_a_byte_flipped_in_the_raw_samples_is_named(two_nights: Path) -> None:
    path = next((two_nights / "report" / "runs").rglob("boots.jsonl"))
    path = sorted((two_nights / "report" / "runs").iterdir())[-1] / path.relative_to(path.parents[3])
    before = path.read_bytes()
    try:
        path.write_bytes(before.replace(b'"used_bytes": 972', b'"used_bytes": 971'))
        code, said = tinygate("verify", two_nights / "report", "--store", two_nights / "store")
    finally:
        path.write_bytes(before)
    assert code == 3
    assert f"{path.relative_to(two_nights / 'report')}: was altered" in said


def test_a_chain_that_was_sealed_anew_is_not_what_the_store_remembers(two_nights: Path) -> None:
    chain = two_nights / "report" / "evidence.jsonl"
    before = chain.read_bytes()
    try:
        subprocess.run(
            [sys.executable, "-c", RESEAL, str(two_nights / "report"), verify(two_nights / "report").run], check=True
        )
        code, said = tinygate("verify", two_nights / "report", "--store", two_nights / "store")
    finally:
        chain.write_bytes(before)
    assert (code, "remembers that run" in said) == (3, True), said


RESEAL = (
    "import sys; from pathlib import Path; from tinygate.store.evidence import *\n"
    "seal(Path(sys.argv[1]), {'run': sys.argv[2], 'verdict': 'PASS'}, [], files_of(Path(sys.argv[1]), sys.argv[2], ()))"
)


def test_a_baseline_is_set_from_a_run_and_holds_the_next_one_to_the_byte(two_nights: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models" / "sine", tmp_path / "models" / "sine")
    root = ("--models-root", tmp_path / "models")
    code, said = tinygate("baseline", "set", "--from", two_nights / "report", *root)
    assert (code, "review and commit" in said) == (0, True), said
    path = tmp_path / "models" / "sine" / "baseline.json"
    assert '"arena_used_bytes": 972' in path.read_text()
    path.write_text(path.read_text().replace('"arena_used_bytes": 972', '"arena_used_bytes": 971'))
    before = path.read_bytes()
    code, said = gate(tmp_path, *root)
    assert code == 1, said
    assert "arena_used_bytes against the baseline = 972, demanded ≤ 971" in said
    assert path.read_bytes() == before
    code, said = tinygate("baseline", "set", "--store", tmp_path / "store", *root)
    assert (code, '"arena_used_bytes": 972' in path.read_text()) == (0, True), said


def test_a_store_that_cannot_be_written_is_told_and_changes_no_verdict(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file where the store should be")
    code, said = gate(tmp_path)
    assert code == 0, said
    assert "this run cannot be kept" in said
    assert "verdict: PASS" in said
