"""The ledger as a SQLite index, for questions about many runs; rebuilt from the ledger whenever it does not fit.

An index knows how far it has read the ledger, and reads on from there; readers and several writers do not disturb each
other (WAL). Only runs that have ended count.
"""

from __future__ import annotations

import itertools
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tinygate.errors import LabError
from tinygate.store.ledger import Ended, Ledger, Measured, Record, Started

NAME = "index.sqlite"
_FORMAT = "1"
_BATCH = 50_000
_PROOF_BYTES = 64
_WAIT_S = 60.0

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT UNIQUE);
CREATE TABLE run (id INTEGER PRIMARY KEY, name TEXT UNIQUE, at TEXT, commit_id TEXT, ended INTEGER DEFAULT 0,
                  evidence TEXT);
CREATE TABLE series (id INTEGER PRIMARY KEY, model INTEGER, variant INTEGER, place INTEGER, figure INTEGER,
                     UNIQUE (model, variant, place, figure));
CREATE TABLE measured (id INTEGER PRIMARY KEY, run INTEGER, board INTEGER, setup INTEGER);
CREATE TABLE point (series INTEGER, measured INTEGER, value, PRIMARY KEY (series, measured)) WITHOUT ROWID;
CREATE TABLE trouble (board INTEGER, test INTEGER, variant INTEGER, run INTEGER, retried INTEGER);
CREATE TABLE tried (board INTEGER PRIMARY KEY, count INTEGER);
"""


@dataclass(frozen=True)
class Series:
    """One figure of one variant at one place."""

    model: str
    variant: str
    place: str
    figure: str


@dataclass(frozen=True)
class Point:
    """One value of a series: when, on which board, under which setup, in which run."""

    at: str
    value: float
    board: str
    setup: str
    run: str


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
        self._names: dict[str, int] = {}
        self._series: dict[tuple[str, str, str, str], int] = {}

    def __enter__(self) -> Index:
        try:
            self._database = self._opened()
            self._catch_up()
        except sqlite3.OperationalError as error:
            raise LabError(f"{self._path}: cannot be written ({error}); free space, or copy the store") from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._database.close()

    def series(self) -> list[Series]:
        """Return every series, sorted."""
        query = (
            "SELECT m.text, v.text, p.text, f.text FROM series s JOIN name m ON m.id = s.model "
            "JOIN name v ON v.id = s.variant JOIN name p ON p.id = s.place JOIN name f ON f.id = s.figure "
            "ORDER BY 1, 2, 3, 4"
        )
        return [Series(*row) for row in self._database.execute(query)]

    def points(self, series: Series, last: int) -> list[Point]:
        """Return the last points of a series, oldest first."""
        query = (
            "SELECT r.at, p.value, b.text, s.text, r.name FROM point p JOIN measured m ON m.id = p.measured "
            "JOIN run r ON r.id = m.run JOIN name b ON b.id = m.board JOIN name s ON s.id = m.setup "
            "WHERE p.series = ? AND r.ended ORDER BY p.measured DESC LIMIT ?"
        )
        names = (series.model, series.variant, series.place, series.figure)
        return [Point(*row) for row in self._database.execute(query, (self._series_of(names), last))][::-1]

    def flakiness(self) -> list[Flakiness]:
        """Return every test that gave trouble on a board, worst first."""
        query = (
            "SELECT b.text, t.text, tried.count, SUM(NOT retried), SUM(retried) FROM trouble "
            "JOIN run r ON r.id = trouble.run JOIN name b ON b.id = trouble.board JOIN name t ON t.id = test "
            "JOIN tried ON tried.board = trouble.board WHERE r.ended GROUP BY 1, 2 ORDER BY COUNT(*) DESC, 1, 2"
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
        records = self.ledger.read(int(self._meta("offset") or 0))
        while batch := list(itertools.islice(records, _BATCH)):
            self._insert(record for _, record in batch)
            self._note(batch[-1][0])
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

    def _insert(self, records: Iterable[Record]) -> None:
        points: list[tuple[int, int, float]] = []
        for record in records:
            if isinstance(record, Started):
                self._run_of(record.run, record.at, record.commit)
            elif isinstance(record, Ended):
                row = (record.evidence, self._run_of(record.run))
                self._database.execute("UPDATE run SET ended = 1, evidence = ? WHERE id = ?", row)
            else:
                points += self._measured(record)
        self._database.executemany("INSERT OR REPLACE INTO point VALUES (?, ?, ?)", points)

    def _measured(self, record: Measured) -> Iterator[tuple[int, int, float]]:
        run, board = self._run_of(record.run), self._name_of(record.board or record.place)
        row = (run, board, self._name_of(record.setup))
        measured = self._database.execute("INSERT INTO measured (run, board, setup) VALUES (?, ?, ?)", row).lastrowid
        self._database.execute(
            "INSERT INTO tried VALUES (?, 1) ON CONFLICT (board) DO UPDATE SET count = count + 1", (board,)
        )
        retried = () if not record.retries or record.failed else ("measured_run",)
        variant = self._name_of(record.variant)
        troubles = [(board, self._name_of(test), variant, run, 0) for test in record.failed]
        troubles += [(board, self._name_of(test), variant, run, 1) for test in retried]
        self._database.executemany("INSERT INTO trouble VALUES (?, ?, ?, ?, ?)", troubles)
        for figure, value in record.figures.items():
            yield self._series_of((record.model, record.variant, record.place, figure)), int(measured or 0), value

    def _run_of(self, name: str, at: str = "", commit: str = "") -> int:
        found = self._database.execute("SELECT id FROM run WHERE name = ?", (name,)).fetchone()
        if found:
            return int(found[0])
        row = (name, at or name, commit)
        return int(self._database.execute("INSERT INTO run (name, at, commit_id) VALUES (?, ?, ?)", row).lastrowid or 0)

    def _name_of(self, text: str) -> int:
        if text not in self._names:
            found = self._database.execute("SELECT id FROM name WHERE text = ?", (text,)).fetchone()
            insert = "INSERT INTO name (text) VALUES (?)"
            self._names[text] = int(found[0] if found else self._database.execute(insert, (text,)).lastrowid or 0)
        return self._names[text]

    def _series_of(self, names: tuple[str, str, str, str]) -> int:
        if names not in self._series:
            ids = tuple(self._name_of(name) for name in names)
            query = "SELECT id FROM series WHERE model = ? AND variant = ? AND place = ? AND figure = ?"
            found = self._database.execute(query, ids).fetchone()
            insert = "INSERT INTO series (model, variant, place, figure) VALUES (?, ?, ?, ?)"
            self._series[names] = int(found[0] if found else self._database.execute(insert, ids).lastrowid or 0)
        return self._series[names]


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
