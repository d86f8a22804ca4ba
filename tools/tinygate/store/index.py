"""The ledger as a SQLite index, for questions about many runs; rebuilt from the ledger whenever it does not fit.

An index knows how far it has read the ledger, and reads on from there; readers and several writers do not disturb each
other (WAL). Only runs that have ended count.
"""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tinygate.errors import LabError
from tinygate.store.ledger import Ended, Ledger, Measured, Record, Started

NAME = "index.sqlite"
_BATCH = 50_000
_PROOF_BYTES = 64
_WAIT_S = 60.0

MEASURING = "measured_run"
"""What is retried, as a test's name."""

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at TEXT, ended INTEGER DEFAULT 0, evidence TEXT);
CREATE TABLE subject (id INTEGER PRIMARY KEY, model TEXT, variant TEXT, place TEXT, UNIQUE (model, variant, place));
CREATE TABLE measured (subject INTEGER, offset INTEGER, run INTEGER, PRIMARY KEY (subject, offset)) WITHOUT ROWID;
CREATE TABLE trouble (board TEXT, test TEXT, run INTEGER, retried INTEGER);
CREATE TABLE tried (board TEXT PRIMARY KEY, count INTEGER) WITHOUT ROWID;
"""
"""What was measured is told by where its line begins in the ledger: values stay there."""

_FORMAT = f"{zlib.crc32(_SCHEMA.encode()):08x}"


@dataclass(frozen=True)
class Subject:
    """One variant at one place."""

    model: str
    variant: str
    place: str


@dataclass(frozen=True)
class Flakiness:
    """How often a test gave trouble on a board.

    Attributes:
        runs: times that a variant was measured on the board.
        failed: of these, those in which the test did not pass.
        retried: of these, those in which it passed after attempts that failed.
    """

    board: str
    test: str
    runs: int
    failed: int
    retried: int


class Index:
    """The index of a store's folder, up to date with its ledger; use it as a context."""

    def __init__(self, folder: Path) -> None:
        self.ledger = Ledger(folder)
        self._path = folder / NAME
        self._runs: dict[str, int] = {}
        self._subjects: dict[tuple[str, str, str], int] = {}

    def __enter__(self) -> Index:
        try:
            self._database = self._opened()
            with ExitStack() as on_failure:
                on_failure.callback(self._database.close)
                self._catch_up()
                on_failure.pop_all()
        except sqlite3.OperationalError as error:
            raise LabError(f"{self._path}: cannot be written ({error}); free space, or copy the store") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def subjects(self) -> list[Subject]:
        """Return everything that was ever measured, sorted."""
        query = "SELECT model, variant, place FROM subject ORDER BY 1, 2, 3"
        return [Subject(*row) for row in self._database.execute(query)]

    def history(self, subject: Subject, last: int) -> list[tuple[str, Measured]]:
        """Return the last records of a subject whose runs have ended, with when they began; oldest first."""
        query = (
            "SELECT r.at, m.offset FROM subject s JOIN measured m ON m.subject = s.id JOIN run r ON r.id = m.run "
            "WHERE s.model = ? AND s.variant = ? AND s.place = ? AND r.ended ORDER BY m.offset DESC LIMIT ?"
        )
        found = self._database.execute(query, (subject.model, subject.variant, subject.place, last)).fetchall()[::-1]
        records = self.ledger.at([offset for _, offset in found])
        return [(at, record) for (at, _), record in zip(found, records, strict=True) if isinstance(record, Measured)]

    def flakiness(self) -> list[Flakiness]:
        """Return every test that gave trouble on a board, worst first."""
        query = (
            "SELECT trouble.board, test, tried.count, SUM(NOT retried), SUM(retried) FROM trouble "
            "JOIN run r ON r.id = trouble.run JOIN tried ON tried.board = trouble.board "
            "WHERE r.ended GROUP BY 1, 2 ORDER BY COUNT(*) DESC, 1, 2"
        )
        return [Flakiness(*row) for row in self._database.execute(query)]

    def incomplete(self) -> list[str]:
        """Return the names of runs that have begun and not ended, oldest first."""
        return [name for (name,) in self._database.execute("SELECT name FROM run WHERE NOT ended ORDER BY id")]

    def evidence(self, run: str) -> str | None:
        """Return the hash that a run's chain of evidence ended with; None for a run that is not known to have ended."""
        found = self._database.execute("SELECT evidence FROM run WHERE name = ? AND ended", (run,)).fetchone()
        return str(found[0]) if found else None

    def _opened(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(sqlite3.DatabaseError):
            return _connected(self._path)
        for damaged in self._path.parent.glob(f"{NAME}*"):
            damaged.unlink()
        return _connected(self._path)

    def _catch_up(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        if not self._fits():
            self._begin_anew()
        begin = int(self._meta("offset") or 0)
        records = self.ledger.read(begin)
        while batch := list(itertools.islice(records, _BATCH)):
            begins = [begin, *(end for end, _ in batch)]
            begin = begins.pop()
            self._insert(zip(begins, (record for _, record in batch), strict=True))
            self._note(begin)
            self._database.execute("COMMIT")
            self._database.execute("BEGIN IMMEDIATE")
        self._database.execute("COMMIT")
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _fits(self) -> bool:
        """Whether what was read of the ledger is still what stands there."""
        tables = self._database.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'meta'").fetchone()[0]
        if not tables or self._meta("format") != _FORMAT:
            return False
        return self._meta("proof") == self._proof(int(self._meta("offset") or 0))

    def _begin_anew(self) -> None:
        names = self._database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in names:
            self._database.execute(f"DROP TABLE {table}")
        for statement in _SCHEMA.strip().split(";\n"):
            self._database.execute(statement)
        self._database.execute("INSERT INTO meta VALUES ('format', ?)", (_FORMAT,))
        self._note(0)

    def _note(self, offset: int) -> None:
        values = [("offset", str(offset)), ("proof", self._proof(offset))]
        self._database.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)

    def _proof(self, offset: int) -> str:
        """Return a checksum of what stands before an offset of the ledger; "" where the ledger ends before it."""
        if not offset:
            return "empty"
        path = self.ledger.path
        if not path.is_file() or path.stat().st_size < offset:
            return ""
        with path.open("rb") as file:
            file.seek(max(0, offset - _PROOF_BYTES))
            return f"{zlib.crc32(file.read(min(offset, _PROOF_BYTES))):08x}"

    def _meta(self, name: str) -> str:
        row = self._database.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _insert(self, records: Iterable[tuple[int, Record]]) -> None:
        """Insert records, each with the offset at which its line begins."""
        measured: list[tuple[int, int, int]] = []
        troubles: list[tuple[str, str, int, int]] = []
        tried: Counter[str] = Counter()
        for offset, record in records:
            if isinstance(record, Started):
                self._run_of(record.run, record.at)
            elif isinstance(record, Ended):
                row = (record.evidence, self._run_of(record.run))
                self._database.execute("UPDATE run SET ended = 1, evidence = ? WHERE id = ?", row)
            else:
                run = self._run_of(record.run)
                measured.append((self._subject_of(record), offset, run))
                board = f"{record.lab_place} {record.board}".strip() or record.place
                tried[board] += 1
                troubles += [(board, test, run, 0) for test in record.failed]
                if record.retries and not record.failed:
                    troubles.append((board, MEASURING, run, 1))
        self._database.executemany("INSERT INTO measured VALUES (?, ?, ?)", measured)
        self._database.executemany("INSERT INTO trouble VALUES (?, ?, ?, ?)", troubles)
        count = "INSERT INTO tried VALUES (?1, ?2) ON CONFLICT (board) DO UPDATE SET count = count + ?2"
        self._database.executemany(count, tried.items())

    def _run_of(self, name: str, at: str = "") -> int:
        if name not in self._runs:
            found = self._database.execute("SELECT id FROM run WHERE name = ?", (name,)).fetchone()
            insert = "INSERT INTO run (name, at) VALUES (?, ?)"
            self._runs[name] = int(found[0] if found else self._database.execute(insert, (name, at)).lastrowid or 0)
        return self._runs[name]

    def _subject_of(self, record: Measured) -> int:
        names = (record.model, record.variant, record.place)
        if names not in self._subjects:
            query = "SELECT id FROM subject WHERE model = ? AND variant = ? AND place = ?"
            found = self._database.execute(query, names).fetchone()
            insert = "INSERT INTO subject (model, variant, place) VALUES (?, ?, ?)"
            self._subjects[names] = int(found[0] if found else self._database.execute(insert, names).lastrowid or 0)
        return self._subjects[names]


def _connected(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("SELECT COUNT(*) FROM sqlite_master")
    except sqlite3.DatabaseError:
        database.close()
        raise
    return database
