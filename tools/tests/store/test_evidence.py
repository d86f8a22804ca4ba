"""A bundle of evidence verifies as it was sealed; whatever is altered, removed, added or moved is found and named."""

from __future__ import annotations

import json
import random
import zipfile
from pathlib import Path

import pytest

from tinygate.errors import EvidenceError
from tinygate.store import evidence
from tinygate.store.evidence import CHAIN, files_of, pack, seal, verify

RUN = {"run": "night", "verdict": "PASS", "environment": {"CI": "yes"}}
FILES = {"verdict.json": b"{}", "runs/night/journal.jsonl": b"one\ntwo\n", "runs/night/logs/x/boots.jsonl": b"[1, 2]"}
SUBJECTS = [{"model": "gesture", "variant": "ptq_int8", "artifact_sha256": "ab"}]


@pytest.fixture
def report(tmp_path: Path) -> Path:
    for name, content in {**FILES, "runs/before/journal.jsonl": b"an older run", "yours.txt": b"not a report"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    seal(tmp_path, RUN, SUBJECTS, files_of(tmp_path, "night", ["verdict.json", "junit.xml"]))
    return tmp_path


def chain(report: Path) -> list[str]:
    return (report / CHAIN).read_text().splitlines(keepends=True)


def test_a_bundle_verifies(report: Path) -> None:
    found = verify(report)
    assert (found.run, found.verdict, found.problems, found.entries) == ("night", "PASS", (), len(FILES) + 3)
    assert found.head == json.loads(chain(report)[-1])["hash"]


def test_the_same_evidence_gives_the_same_chain(report: Path) -> None:
    before = chain(report)
    head = seal(report, RUN, SUBJECTS, files_of(report, "night", ["verdict.json"]))
    assert (chain(report), head) == (before, json.loads(before[-1])["hash"])


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_of_any_file_is_found_and_the_file_named(name: str, report: Path) -> None:
    for position in range(len(FILES[name])):
        altered = bytearray(FILES[name])
        altered[position] ^= 1 << position % 8
        (report / name).write_bytes(altered)
        (problem,) = verify(report).problems
        assert problem == f"{name}: was altered: its sha256 is another"


def test_a_flipped_bit_anywhere_in_the_chain_is_found_and_the_entry_named(report: Path) -> None:
    whole, chance = (report / CHAIN).read_bytes(), random.Random(11)
    for position in range(len(whole)):
        altered = bytearray(whole)
        altered[position] ^= 1 << chance.randrange(8)
        (report / CHAIN).write_bytes(altered)
        problems = verify(report).problems
        number = whole[:position].count(b"\n")
        assert any(f"entry {number}" in problem for problem in problems), (position, problems)


@pytest.mark.parametrize("number", range(6))
def test_a_removed_entry_is_found_and_named(number: int, report: Path) -> None:
    lines = chain(report)
    (report / CHAIN).write_text("".join(lines[:number] + lines[number + 1 :]))
    problems = verify(report).problems
    last = number == len(lines) - 1
    assert any("was cut off" in p if last else p == f"entry {number}: was removed" for p in problems), problems


@pytest.mark.parametrize(("one", "other"), [(0, 1), (2, 3), (3, 5)])
def test_moved_entries_are_found_and_named(one: int, other: int, report: Path) -> None:
    lines = chain(report)
    lines[one], lines[other] = lines[other], lines[one]
    (report / CHAIN).write_text("".join(lines))
    problems = " ".join(verify(report).problems)
    assert f"entry {one}" in problems
    assert f"was moved to {other}" in problems


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(name: str, report: Path) -> None:
    (report / name).unlink()
    assert verify(report).problems == (f"{name}: is missing",)


def test_a_file_that_was_added_to_the_run_is_named(report: Path) -> None:
    (report / "runs" / "night" / "boots.jsonl").write_text("[3]")
    assert verify(report).problems == ("runs/night/boots.jsonl: is not in the bundle; it was added",)


@pytest.mark.parametrize("outside", ["/dev/zero", "../other/verdict.json", "runs/../../x"])
def test_a_bundle_that_names_what_is_outside_of_it_is_not_followed(outside: str, report: Path) -> None:
    seal(report, RUN, [], ["verdict.json"])
    entry = next(json.loads(line) for line in chain(report) if '"file"' in line)
    (report / CHAIN).write_text("".join(chain(report)).replace(entry["path"], outside))
    assert f"{outside}: is outside the bundle" in verify(report).problems


def test_a_packed_bundle_verifies_and_a_file_altered_in_it_is_named(report: Path, tmp_path: Path) -> None:
    packed = tmp_path / "night.zip"
    pack(report, files_of(report, "night", ["verdict.json"]), packed)
    assert verify(packed).problems == ()
    with zipfile.ZipFile(packed) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in {**contents, "verdict.json": b"[]", "more": b""}.items():
            archive.writestr(name, content)
    assert verify(packed).problems == (
        "verdict.json: was altered: its sha256 is another",
        "more: is not in the bundle; it was added",
    )


def test_no_bundle_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no bundle of evidence"):
        verify(tmp_path)


def test_the_last_hash_is_kept_by_whoever_seals(report: Path) -> None:
    """A chain that was rewritten as a whole is sound in itself; the store's copy of the head tells it from the sealed one."""
    head = verify(report).head
    rewritten = seal(report, {**RUN, "verdict": "FAIL"}, [], evidence.files_of(report, "night", ["verdict.json"]))
    assert verify(report).problems == ()
    assert rewritten != head
