"""An artifact that is another one than the pinned is a FAIL; one that is not there, or was not fetched, an ERROR."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tinygate.store import journal
from tinygate.verdict import Verdict

ROOT = Path(__file__).parents[3]
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n"


def pointed(artifact: Path) -> None:
    artifact.write_bytes(POINTER)


def altered(artifact: Path) -> None:
    artifact.write_bytes(artifact.read_bytes() + b"x")


@pytest.mark.parametrize(
    ("breakage", "verdict", "said"),
    [
        (pointed, Verdict.ERROR, "a Git LFS pointer, not the file itself"),
        (Path.unlink, Verdict.ERROR, "cannot be read"),
        (altered, Verdict.FAIL, "is not the pinned file"),
    ],
)
def test_who_is_to_blame(breakage: Callable[[Path], None], verdict: Verdict, said: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "models" / "sine", tmp_path / "models" / "sine")
    breakage(tmp_path / "models" / "sine" / "artifacts" / "ptq_int8.tflite")
    options = [
        f"--models-root={tmp_path / 'models'}",
        f"--journal={tmp_path / 'j'}",
        "--variant=ptq_int8",
        "-k",
        "size",
    ]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:pytest_embedded", "tests_host", *options]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    (told,) = [test for test in journal.read(tmp_path / "j").tests if test.verdict is not None]
    assert told.verdict is verdict
    assert said in told.message
