"""The store's ledger: what was appended is there, whoever was killed; torn is dropped, altered is refused."""

from __future__ import annotations

import os
import random
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tinygate.errors import EvidenceError, LabError
from tinygate.store.ledger import Ended, Ledger, Measured, Record, Started

STARTED = Started("20261126T0000Z-1", "2026-11-26T00:00:00+00:00", "esp32", "abc")
MEASURED = Measured("20261126T0000Z-1", "gesture", "ptq_int8", "esp32", "24:0a", "5e7", "PASS", {"flash_bytes": 9}, 5)
ENDED = Ended("20261126T0000Z-1", "PASS", "f" * 64)
RECORDS: tuple[Record, ...] = (STARTED, MEASURED, ENDED)
MOMENTS = 200


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    made = Ledger(tmp_path / "store")
    for record in RECORDS:
        made.append(record)
    return made


def records_of(ledger: Ledger) -> list[Record]:
    return [record for _, record in ledger.read()]


def test_records_come_back_as_they_were_appended(ledger: Ledger) -> None:
    assert records_of(ledger) == list(RECORDS)
    assert not ledger.notices


def test_every_torn_last_line_is_dropped_with_a_notice_and_the_next_record_follows(ledger: Ledger) -> None:
    whole = ledger.path.read_bytes()
    begins = whole.rstrip(b"\n").rfind(b"\n") + 1
    for cut in range(begins + 1, len(whole)):
        ledger.path.write_bytes(whole[:cut])
        torn = Ledger(ledger.folder)
        assert records_of(torn) == [STARTED, MEASURED]
        torn.append(ENDED)
        assert len(torn.notices) == 2, cut
        assert ledger.path.read_bytes() == whole


def test_a_bit_that_flips_before_the_last_line_is_refused_by_its_line(ledger: Ledger) -> None:
    whole = ledger.path.read_bytes()
    for position in range(len(whole.splitlines(keepends=True)[0]) - 1):
        altered = bytearray(whole)
        altered[position] ^= 1
        if altered[position] == ord("\n"):
            continue
        ledger.path.write_bytes(altered)
        with pytest.raises(EvidenceError, match=r"ledger\.jsonl:1: not a record"):
            records_of(ledger)


def test_a_kill_at_any_moment_loses_no_record_that_was_appended(tmp_path: Path) -> None:
    chance, ledger, appended = random.Random(11), Ledger(tmp_path), 0
    for moment in range(MOMENTS):
        acknowledged = killed_while_appending(ledger, moment, chance.uniform(0, 0.012))
        appended += acknowledged
        kept = [record.at for record in records_of(ledger) if isinstance(record, Started) and record.run == str(moment)]
        assert [str(number) for number in range(acknowledged)] == kept[:acknowledged]
        assert len(kept) <= acknowledged + 1  # the record in flight
    assert appended


def killed_while_appending(ledger: Ledger, moment: int, after_s: float) -> int:
    """Append in a process that is killed; return how many records it was told are on the disk."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        for number in range(1000):
            ledger.append(Started(str(moment), str(number), "x" * 3000, ""))
            os.write(writer, struct.pack("i", number))
        os._exit(0)
    os.close(writer)
    time.sleep(after_s)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as told:
        return len(told.read()) // struct.calcsize("i")


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from tinygate.store.ledger import *\n"
        "for n in range(40): Ledger(Path(sys.argv[1])).append(Started(sys.argv[2], str(n), 'x' * 5000, ''))"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    writers = [subprocess.Popen([*command, name]) for name in ("one", "two", "three")]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    found = records_of(Ledger(tmp_path))
    assert sorted((r.run, int(r.at)) for r in found if isinstance(r, Started)) == sorted(
        (name, number) for name in ("one", "two", "three") for number in range(40)
    )


def test_a_secret_is_not_kept(tmp_path: Path) -> None:
    Ledger(tmp_path).append(Ended("r", "password=hunter22", "e"))
    assert "hunter22" not in (tmp_path / "ledger.jsonl").read_text()


def test_a_store_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="the store cannot be written"):
        Ledger(tmp_path / "file").append(ENDED)
