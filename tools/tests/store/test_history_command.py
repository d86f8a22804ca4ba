"""`tinygate history` says how figures went, where they changed and who changed; it advises and exits with 0."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import pytest
from fake_board import HELLO

from tinygate.cli.main import main
from tinygate.store.ledger import Ended, Ledger, Measured, Started
from tinygate.store.setup import keep_setup, setup_of


def nights(folder: Path, count: int = 20, changed_at: int = 12) -> None:
    ledger = Ledger(folder)
    for number in range(count):
        bumped = number >= changed_at
        hello = dataclasses.replace(HELLO, kernels="esp-nn 1.2.6" if bumped else "esp-nn 1.2.3\x1b[31m")
        setup, run = keep_setup(folder, setup_of(dataclasses.asdict(hello))), f"run-{number:02}"
        figures = {
            "latency_median_us": 1040.0 + number % 2 if bumped else 1000.0 + number % 3,
            "arena_used_bytes": 4060,
        }
        failed = ("test_the_board_booted_once",) if number == 5 else ()
        ledger.append(Started(run, f"2026-11-{number + 1:02}T00:00:00+00:00", "esp32", "c"))
        ledger.append(Measured(run, "gesture", "ptq_int8", "esp32", "24:0a", setup, "PASS", figures, 5, (), failed))
        ledger.append(Ended(run, "PASS", "e"))


def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[object, str]:
    monkeypatch.setattr(sys, "argv", ["tinygate", "history", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return ended.value.code, printed.out + printed.err


@pytest.fixture
def store(tmp_path: Path) -> Path:
    nights(tmp_path)
    return tmp_path


def test_a_change_is_told_with_its_night_its_size_and_the_component(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = said(capsys, monkeypatch, "--store", str(store), "--variant", "ptq_int8", "--metric", "latency_us")
    assert code == 0
    assert "changed 2026-11-13, run run-12: 1,001 → 1,040 (+3.95 %)" in text
    assert "component kernels: esp-nn 1.2.3[31m → esp-nn 1.2.6" in text
    assert "\x1b" not in text
    assert "arena_used_bytes" not in text


def test_all_figures_and_the_troubles_of_each_board_are_told(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    Ledger(store).append(Started("killed", "2026-11-30", "esp32", "c"))
    _, text = said(capsys, monkeypatch, "--store", str(store))
    assert "arena_used_bytes: 4,060 (20 runs since 2026-11-01)" in text
    assert "24:0a: test_the_board_booted_once: did not pass in 1 of 20 runs (5 %)" in text
    assert text.rstrip().endswith("killed")


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [(["--variant", "nope"], "gesture ptq_int8 at esp32"), (["--place", "host"], "no such variant")],
)
def test_what_it_does_not_remember_is_said_with_what_it_does(
    arguments: list[str], wanted: str, store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = said(capsys, monkeypatch, "--store", str(store), *arguments)
    assert (code, wanted in text) == (2, True), text


def test_no_store_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, text = said(capsys, monkeypatch, "--store", str(tmp_path))
    assert (code, text.count("\n"), "no run is remembered" in text) == (2, 1, True)


def test_the_difference_between_boards_of_a_lab_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = Ledger(tmp_path)
    for number in range(8):
        run, place = f"run-{number}", f"bench-{number % 2}"
        figures = {"latency_median_us": 1000.0 + 15 * (number % 2), "arena_used_bytes": 4060}
        failed = ("test_the_board_booted_once",) if number == 5 else ()
        ledger.append(Started(run, f"2026-11-{number + 1:02}T00:00:00+00:00", "esp32", "c"))
        ledger.append(Measured(run, "gesture", "q", "esp32", "24:0a", "", "PASS", figures, 5, (), failed, 0, place))
        ledger.append(Ended(run, "PASS", "e"))
    _, text = said(capsys, monkeypatch, "--store", str(tmp_path))
    assert "between boards: 1,000 at bench-0 to 1,015 at bench-1 (1.50 %), of 2 places" in text
    assert text.count("between boards") == 1, "boards do not differ in what is the same everywhere"
    assert "bench-1 24:0a: test_the_board_booted_once: did not pass in 1 of 4 runs" in text
