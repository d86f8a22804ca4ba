"""The store's ledger: what every run of the gate found, one JSON object a line, appended and never rewritten.

It lives outside the reports, so that a new night does not erase the last. A record is on the disk when `append`
returns; a process that is killed while it writes loses that one record. Several gates may append at once. Each line
ends with a CRC-32 of all before it: a line that was altered is refused by its number.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import IO, Any

from tinygate.errors import EvidenceError, LabError
from tinygate.redaction import redact
from tinygate.store.disk import append_whole

FOLDER = ".tinygate"
"""Where a project's store is unless it says otherwise."""

NAME = "ledger.jsonl"
BUNDLES = "evidence"
"""The folder of a store that holds bundles of evidence, <run>.zip."""

_SEAL = ',"crc":"'
_SEAL_LENGTH = len(_SEAL) + len('01234567"}')
_BLOCK_BYTES = 65_536


@dataclass(frozen=True)
class Started:
    """A run of the gate has begun; without its `Ended` it is incomplete, and nothing of it counts."""

    run: str
    at: str
    place: str
    commit: str


@dataclass(frozen=True)
class Measured:
    """What a run found of one variant.

    Attributes:
        run: the run's name.
        model, variant, place: whose figures, and where the board's were measured.
        board: what tells this board from others, its MAC; empty without one.
        setup: under which name the conditions are kept, see `tinygate.store.setup`; empty without a board.
        verdict: the variant's.
        figures: by name; one that was measured on the host, where a board has it too, as "name@host".
        boots: how many boots latency was measured in.
        ticks: per operator, the median over boots, in the order of the setup's operators.
        failed: tests that did not pass.
        retries: attempts that failed before one that counted.
        lab_place: the lab's name for where the board was; empty without a lab.
    """

    run: str
    model: str
    variant: str
    place: str
    board: str
    setup: str
    verdict: str
    figures: dict[str, float | int]
    boots: int = 0
    ticks: tuple[float, ...] = ()
    failed: tuple[str, ...] = ()
    retries: int = 0
    lab_place: str = ""


@dataclass(frozen=True)
class Ended:
    """A run of the gate has ended with a verdict; `evidence` is the hash that its bundle's chain ends with."""

    run: str
    verdict: str
    evidence: str


Record = Started | Measured | Ended
_KINDS: dict[str, type[Record]] = {"started": Started, "measured": Measured, "ended": Ended}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_DEFAULTS = {kind: {f.name: f.default for f in fields(kind) if f.default is not MISSING} for kind in _NAMES}


@dataclass
class Ledger:
    """The ledger in a store's folder."""

    folder: Path
    notices: list[str] = field(default_factory=list)
    """What was dropped."""

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / NAME

    def append(self, record: Record) -> None:
        """Append one record and wait until it is on the disk; a torn line that a killed run left goes first.

        Raises:
            LabError: the disk does not take it.
        """
        line = encode(record)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self.path.open("a+b", buffering=0) as file:
                fcntl.flock(file, fcntl.LOCK_EX)  # ends with the file, or the process
                self._drop_torn_line(file)
                append_whole(file, line, is_synced=True)
        except OSError as error:
            why = f"{self.path}: the store cannot be written ({error.strerror})"
            raise LabError(f"{why}; free space, or name another with --store") from error

    def _drop_torn_line(self, file: IO[bytes]) -> None:
        end = file.seek(0, os.SEEK_END)
        whole = _end_of_lines(file, end)
        if whole < end:
            file.truncate(whole)
            self.notices.append(f"{self.path}: the last line was torn and is dropped")

    def read(self, offset: int = 0) -> Iterator[tuple[int, Record]]:
        """Yield each record with the offset behind it, from an offset on; a torn last line is left out, with a notice.

        Raises:
            EvidenceError: a line that is no record, by its number.
        """
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            file.seek(offset)
            for line in file:
                if not line.endswith(b"\n"):
                    self.notices.append(f"{self.path}: the last line is torn and is left out")
                    return
                record = self._decoded(line, offset)
                offset += len(line)
                yield offset, record

    def at(self, offsets: Sequence[int]) -> list[Record]:
        """Return the records whose lines begin at some offsets. Raises EvidenceError: a line is no record."""
        if not offsets:
            return []
        with self.path.open("rb") as file:
            found = []
            for offset in offsets:
                file.seek(offset)
                found.append(self._decoded(file.readline(), offset))
        return found

    def _decoded(self, line: bytes, offset: int) -> Record:
        try:
            return decode(line)
        except ValueError as error:
            raise EvidenceError(
                f"{self.path}:{self._line_number(offset)}: not a record ({error}); this store cannot be trusted: "
                "restore it, or begin a new one with --store"
            ) from error

    def _line_number(self, offset: int) -> int:
        with self.path.open("rb") as file:
            return file.read(offset).count(b"\n") + 1


def encode(record: Record) -> bytes:
    """Return a record's line, without the secrets that it may quote; what is as by default is left out."""
    kind = type(record)
    kept = {name: value for name, value in asdict(record).items() if value != _DEFAULTS[kind].get(name, MISSING)}
    said = {name: redact(value) if isinstance(value, str) else value for name, value in kept.items()}
    body = json.dumps({"kind": _NAMES[kind], **said}, ensure_ascii=True, separators=(",", ":"))[:-1]
    return f'{body}{_SEAL}{zlib.crc32(body.encode()):08x}"}}\n'.encode()


def decode(line: bytes) -> Record:
    """Return the record of a line. Raises ValueError: it is none, or was altered."""
    text = line.decode("ascii").removesuffix("\n")
    body, seal = text[:-_SEAL_LENGTH], text[-_SEAL_LENGTH:]
    if seal != f'{_SEAL}{zlib.crc32(body.encode()):08x}"}}':
        raise ValueError("its checksum is another")
    try:
        content: dict[str, Any] = json.loads(body + "}")
        make: Any = _KINDS[content.pop("kind")]
        record: Record = make(**{name: tuple(v) if isinstance(v, list) else v for name, v in content.items()})
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return record


def _end_of_lines(file: IO[bytes], end: int) -> int:
    """Return the offset behind the last whole line."""
    while end > 0:
        start = max(0, end - _BLOCK_BYTES)
        file.seek(start)
        at = file.read(end - start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0
