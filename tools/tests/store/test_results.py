"""What is kept is what was computed: by this code, from this, and unaltered since."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tinygate.store import results
from tinygate.store.results import kept


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TINYGATE_CACHE", str(tmp_path))
    return tmp_path / "sums"


def ask(depends_on: str = "1 2", answer: float = 3.0) -> dict[str, Any]:
    return kept("sums", [depends_on], lambda: {"sum": answer})


def test_it_is_computed_once(cache: Path) -> None:
    assert (ask(answer=3.0), ask(answer=4.0)) == ({"sum": 3.0}, {"sum": 3.0})
    assert ask("1 3", answer=4.0) == {"sum": 4.0}


def test_other_code_or_libraries_compute_it_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(answer=3.0)
    monkeypatch.setattr(results, "_computed_by", lambda: "another version")
    assert ask(answer=4.0) == {"sum": 4.0}


@pytest.mark.parametrize("damage", ["result", "torn", "empty", "other"])
def test_what_was_altered_is_computed_anew(cache: Path, damage: str) -> None:
    ask(answer=3.0)
    (file,) = cache.iterdir()
    stored = json.loads(file.read_text())
    texts = {
        "result": json.dumps({**stored, "result": {"sum": 99.0}}),
        "torn": file.read_text()[:-3],
        "empty": "",
        "other": "[]",
    }
    file.write_text(texts[damage])
    assert ask(answer=4.0) == {"sum": 4.0}
