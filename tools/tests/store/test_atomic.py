"""A file is whole or absent, also when the writer is killed or fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tinygate.store import atomic


def test_the_new_content_replaces_the_old(tmp_path: Path) -> None:
    atomic.write_text(tmp_path / "deep" / "report.md", "old")
    atomic.write_text(tmp_path / "deep" / "report.md", "neu ≤")
    assert (tmp_path / "deep" / "report.md").read_text(encoding="utf-8") == "neu ≤"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["report.md"]


def test_a_failed_write_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    target.write_text("old")
    with pytest.raises(TypeError):
        atomic.write_bytes(target, None)  # type: ignore[arg-type]
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.md", "old")]


def test_a_killed_writer_never_leaves_half_a_file(tmp_path: Path) -> None:
    target = tmp_path / "big"
    target.write_bytes(b"a" * 1_000_000)
    script = (
        "import sys; from pathlib import Path; from tinygate.store import atomic; print('go', flush=True)\n"
        "while True: [atomic.write_bytes(Path(sys.argv[1]), c * 1_000_000) for c in (b'a', b'b')]"
    )
    writer = subprocess.Popen([sys.executable, "-c", script, str(target)], stdout=subprocess.PIPE)
    with writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.kill()
    assert target.read_bytes() in (b"a" * 1_000_000, b"b" * 1_000_000)
