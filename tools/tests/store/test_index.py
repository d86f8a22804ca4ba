"""The index answers from the ledger and nothing else: it follows it, is rebuilt when it does not fit, and counts what ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.errors import EvidenceError
from tinygate.store.index import Flakiness, Index, Subject
from tinygate.store.ledger import Ended, Ledger, Measured, Started

SUBJECT = Subject("gesture", "ptq_int8", "esp32")


def night(folder: Path, number: int, value: float, failed: tuple[str, ...] = (), retries: int = 0) -> None:
    ledger, run = Ledger(folder), f"run-{number}"
    ledger.append(Started(run, f"2026-11-{number:02}", "esp32", "c"))
    figures = {"latency_median_us": value, "flash_bytes": 9}
    verdict = "FAIL" if failed else "PASS"
    ledger.append(Measured(run, "gesture", "ptq_int8", "esp32", "24:0a", "s", verdict, figures, 1, (), failed, retries))
    ledger.append(Ended(run, verdict, "e"))


def values(folder: Path, last: int = 100) -> list[float]:
    with Index(folder) as index:
        return [record.figures["latency_median_us"] for _, record in index.history(SUBJECT, last)]


def test_it_follows_the_ledger(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    assert values(tmp_path) == [100.0]
    night(tmp_path, 2, 101.5)
    assert values(tmp_path) == [100.0, 101.5]
    assert values(tmp_path, last=1) == [101.5]


def test_a_record_comes_with_when_its_run_began(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    with Index(tmp_path) as index:
        assert index.subjects() == [SUBJECT]
        ((at, record),) = index.history(SUBJECT, 9)
    assert (at, record.board, record.setup, record.run) == ("2026-11-01", "24:0a", "s", "run-1")


def test_two_nights_at_once_are_told_apart(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    for run in ("one", "two"):
        ledger.append(Started(run, run, "esp32", "c"))
    for run, value in (("two", 2), ("one", 1)):
        ledger.append(Measured(run, "gesture", "ptq_int8", "esp32", "", "s", "PASS", {"latency_median_us": value}))
    ledger.append(Ended("two", "PASS", "e"))
    assert values(tmp_path) == [2]
    ledger.append(Ended("one", "PASS", "e"))
    assert values(tmp_path) == [2, 1]


def test_a_run_that_has_not_ended_does_not_count_and_is_named(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    Ledger(tmp_path).append(Started("killed", "2026-11-02", "esp32", "c"))
    Ledger(tmp_path).append(
        Measured("killed", "gesture", "ptq_int8", "esp32", "b", "s", "PASS", {"latency_median_us": 1})
    )
    assert values(tmp_path) == [100.0]
    with Index(tmp_path) as index:
        assert index.incomplete() == ["killed"]


def test_troubles_are_counted_per_board_and_test(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    night(tmp_path, 2, 100.0, failed=("test_the_board_booted_once",))
    night(tmp_path, 3, 100.0, retries=1)
    with Index(tmp_path) as index:
        assert index.flakiness() == [
            Flakiness("24:0a", "measured_run", 3, 0, 1),
            Flakiness("24:0a", "test_the_board_booted_once", 3, 1, 0),
        ]


@pytest.mark.parametrize("damage", [b"", b"no database at all, but long enough to be one" * 99])
def test_an_index_that_is_none_is_made_anew(damage: bytes, tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    assert values(tmp_path) == [100.0]
    (tmp_path / "index.sqlite").write_bytes(damage)
    assert values(tmp_path) == [100.0]


def test_another_ledger_in_its_place_is_read_from_its_start(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    assert values(tmp_path) == [100.0]
    (tmp_path / "ledger.jsonl").unlink()
    night(tmp_path, 2, 7.0)
    night(tmp_path, 3, 8.0)
    assert values(tmp_path) == [7.0, 8.0]


def test_a_ledger_that_was_altered_gives_no_answer(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    path = tmp_path / "ledger.jsonl"
    path.write_text(path.read_text().replace("100.0", "100.1"))
    with pytest.raises(EvidenceError, match=r"ledger\.jsonl:2: not a record"):
        values(tmp_path)


def test_two_may_read_it_at_once(tmp_path: Path) -> None:
    night(tmp_path, 1, 100.0)
    with Index(tmp_path) as one, Index(tmp_path) as two:
        assert one.history(SUBJECT, 9) == two.history(SUBJECT, 9)
