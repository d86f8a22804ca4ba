"""A bundle of evidence: a chain of entries in evidence.jsonl, and the files whose hashes they hold.

Each entry holds the hash of the one before it, the last one their number: a byte that was flipped, an entry that was
removed, added or moved is found and named. Who rewrites the whole chain is found by the store, which keeps the hash
that it ended with.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from tinygate.errors import EvidenceError
from tinygate.store.atomic import write_bytes

CHAIN = "evidence.jsonl"
RUNS = "runs"
"""The folder, of a report's, that holds a folder for each run."""

_FIRST = "0" * 64
Entry = Mapping[str, Any]
Place = Path | zipfile.Path


@dataclass(frozen=True)
class Bundle:
    """What was found of a bundle.

    Attributes:
        run: the run's name; "" if the chain does not say.
        verdict: the run's, in words.
        head: the hash that the chain ends with.
        entries: how many there are.
        subjects: what was judged, in words of whoever sealed it.
        problems: what is wrong, a sentence each.
    """

    run: str
    verdict: str
    head: str
    entries: int
    subjects: tuple[Entry, ...]
    problems: tuple[str, ...]


def files_of(report: Path, run: str, names: Sequence[str]) -> list[str]:
    """Return the files of a bundle, sorted: those of a report's folder that are named, and all of the run's own."""
    own = (path for path in (report / RUNS / run).rglob("*") if path.is_file())
    named = (report / name for name in names if (report / name).is_file())
    return sorted(path.relative_to(report).as_posix() for path in (*named, *own))


def seal(report: Path, run: Entry, subjects: Sequence[Entry], files: Sequence[str]) -> str:
    """Write the chain of a bundle, and return the hash that it ends with.

    Args:
        report: the folder that the files are in.
        run: what the run was, its name as "run".
        subjects: what was judged, in an order that the next run would give too.
        files: see `files_of`.
    """
    hashed = [{"kind": "file", "path": name, **_hash_of((report / name).read_bytes())} for name in files]
    entries = [{"kind": "run", **run}, *({"kind": "subject", **subject} for subject in subjects), *hashed]
    lines, head = [], _FIRST
    for number, entry in enumerate([*entries, {"kind": "end", "entries": len(entries)}]):
        linked = {"n": number, **entry, "previous": head}
        head = _hash_of_entry(linked)
        lines.append(_line({**linked, "hash": head}))
    write_bytes(report / CHAIN, "".join(lines).encode())
    return head


def pack(report: Path, files: Sequence[str], target: Path) -> None:
    """Write a bundle as one .zip, whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    begun = target.with_suffix(".begun")
    with zipfile.ZipFile(begun, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in (CHAIN, *files):
            archive.writestr(zipfile.ZipInfo(name), (report / name).read_bytes(), zipfile.ZIP_DEFLATED)
    begun.replace(target)


def verify(path: Path) -> Bundle:
    """Check a bundle: a report's folder, or a .zip of the store.

    Raises:
        EvidenceError: there is no bundle.
    """
    try:
        place = zipfile.Path(path) if path.is_file() else path
        text = (place / CHAIN).read_bytes()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise EvidenceError(f"{path}: no bundle of evidence: {CHAIN} cannot be read ({error})") from error
    entries, problems = _read(text)
    problems += _problems_of_the_chain(entries)
    files = [entry for entry in entries if entry.get("kind") == "file"]
    problems += [problem for entry in files if (problem := _problem_of_a_file(place, entry))]
    run = next((str(entry.get("run", "")) for entry in entries if entry.get("kind") == "run"), "")
    listed = {CHAIN, *(str(entry.get("path")) for entry in files)}
    problems += [f"{name}: is not in the bundle; it was added" for name in _present(place, run) if name not in listed]
    verdict = next((str(entry.get("verdict", "")) for entry in entries if entry.get("kind") == "run"), "")
    head = str(entries[-1].get("hash", "")) if entries else ""
    subjects = tuple(entry for entry in entries if entry.get("kind") == "subject")
    return Bundle(run, verdict, head, len(entries), subjects, tuple(problems))


def _read(text: bytes) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the entries of a chain, and what is wrong with single ones."""
    entries: list[dict[str, Any]] = []
    problems = []
    for number, line in enumerate(text.split(b"\n")[:-1] if text.endswith(b"\n") else text.split(b"\n")):
        try:
            entry = json.loads(line)
            whole = isinstance(entry, dict) and _line(entry).encode() == line + b"\n"
        except ValueError:
            whole, entry = False, {}
        if not whole or entry.get("hash") != _hash_of_entry({k: v for k, v in entry.items() if k != "hash"}):
            name = _name(entry) if isinstance(entry, dict) else ""
            problems.append(f"entry {number}{name}: was altered, its hash is not that of its content")
        entries.append(entry if isinstance(entry, dict) else {})
    if not text.endswith(b"\n"):
        problems.append(f"entry {len(entries) - 1}: was cut off")
    return entries, problems


def _problems_of_the_chain(entries: Sequence[dict[str, Any]]) -> list[str]:
    problems = list(_misplaced(entries))
    end = entries[-1] if entries else {}
    if end.get("kind") != "end":
        problems.append(f"after entry {len(entries) - 1} the chain does not end: it was cut off")
    elif end.get("entries") != len(entries) - 1:
        problems.append(f"{end.get('entries')} entries were sealed, {len(entries) - 1} are there")
    return problems


def _misplaced(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield which entries are missing, moved, or follow another one than they were sealed after."""
    numbers = [entry.get("n") for entry in entries]
    known = {number for number in numbers if isinstance(number, int) and number <= 2 * len(entries)}
    missing = [number for number in range(max(known, default=-1) + 1) if number not in known]
    yield from (f"entry {number}: was removed" for number in missing)
    for place, (entry, number) in enumerate(zip(entries, numbers, strict=True)):
        if number != place and not missing:
            yield f"entry {number}{_name(entry)}: was moved to {place}"
    for before, entry in zip([{"hash": _FIRST}, *entries[:-1]], entries, strict=True):
        if entry.get("previous") != before.get("hash"):
            yield f"entry {entry.get('n')}{_name(entry)}: does not follow what it was sealed after"


def _problem_of_a_file(place: Place, entry: Entry) -> str:
    path = PurePosixPath(str(entry.get("path")))
    if path.is_absolute() or ".." in path.parts:
        return f"{path}: is outside the bundle"
    try:
        content = (place / str(path)).read_bytes()
    except (OSError, KeyError):
        return f"{entry.get('path')}: is missing"
    except zipfile.BadZipFile as error:
        return f"{entry.get('path')}: was altered ({error})"
    found = _hash_of(content)
    if found["bytes"] != entry.get("bytes"):
        return f"{entry.get('path')}: was altered: {found['bytes']} bytes, {entry.get('bytes')} were sealed"
    return "" if found["sha256"] == entry.get("sha256") else f"{entry.get('path')}: was altered: its sha256 is another"


def _present(place: Place, run: str) -> Iterator[str]:
    """Yield the files that belong to a run by where they are; all of an archive."""
    if isinstance(place, zipfile.Path):
        yield from (name for name in place.root.namelist() if not name.endswith("/"))
    elif run:
        yield from files_of(place, run, ())


def _hash_of(content: bytes) -> dict[str, Any]:
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _hash_of_entry(entry: Entry) -> str:
    return hashlib.sha256(_line(entry).encode()).hexdigest()


def _line(entry: Entry) -> str:
    return json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n"


def _name(entry: Entry) -> str:
    told = entry.get("path") or "-".join(str(entry[key]) for key in ("model", "variant") if key in entry)
    return f" ({told})" if told else ""
