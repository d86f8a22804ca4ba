"""The hash of a recipe is the same on every version of Python: it is pinned on one machine and proven on another."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tinygate.model import syntax

ROOT = Path(__file__).parents[3]
SNIPPET = """
class A:
    def b(self, *c, d=(), **e): return [], {}, lambda: f"{c!r:>{d}}"
async def g(): pass
def h(x: int = 0) -> "A": x[:] = []; del x
"""
SHA256 = "0ca9f1b58790eafff07b6da9a7f49140f154a96091364caf4fa6d67da7fc584f"
SCRIPT = """
import runpy, sys
print(runpy.run_path(sys.argv[1])["syntax_of"](open(sys.argv[2], encoding="utf-8").read()))
"""


def test_comments_and_layout_say_nothing() -> None:
    assert syntax.syntax_of("a = 1  # one") == syntax.syntax_of("a = (\n  1\n)\n") != syntax.syntax_of("a = 2")


def test_a_program_says_the_same_on_every_version() -> None:
    assert hashlib.sha256(syntax.syntax_of(SNIPPET).encode()).hexdigest() == SHA256


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_recipes_say_the_same_on_other_versions(version: str, tmp_path: Path) -> None:
    python = shutil.which(f"python{version}")
    if python is None or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no python{version} here")
    (tmp_path / "snippet.py").write_text(SNIPPET)
    for recipe in (tmp_path / "snippet.py", *ROOT.glob("models/*/recipe.py")):
        command = [python, "-c", SCRIPT, str(syntax.__file__), str(recipe)]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert said == syntax.syntax_of(recipe.read_text(encoding="utf-8")) + "\n"
