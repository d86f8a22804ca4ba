"""Every block of code in the manual: Python runs, TOML and YAML parse, each word of a command line is one that exists.

What the commands print is held by the tests of each command; that a tutorial's lines work from end to end by
tools/tests/project. Blocks that are no code are listed with what they are.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from tinygate.cli.audit import _parser
from tinygate.cli.main import app
from tinygate.model.folder import load_model

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NO_CODE = {
    "cli/": "a list of rooms", "firmware/": "a list of folders", "ptq_int8 (tflm)": "what compare prints",
    "@TG3 <direction>": "a grammar", "0x00  COBS(": "a grammar", "real value =": "a formula", "multiplier =": "a formula", "link ──": "a drawing",
    "FAIL: ": "what the gate prints: test_mistakes.py", '#include "tinygate.h"': "an application: test_component.py compiles it",
    "static tinygate_config_t judged": "the same with a model of its own: test_component.py compiles it",
    "# /etc/systemd": "a unit of systemd", "# /etc/udev": "rules of udev",
    ">>> ": "runs as a doctest: test_manual_examples.py",
}  # fmt: skip
OTHERS = (
    ".",
    "ls",
    "ssh",
    "cd",
    "apt",
    "cmake",
    "esptool",
    "idf.py",
    "idf-build-apps",
    "source",
    "{url:",
    "labgrid-client",
)
"""Programs that are not ours: a lab, ESP-IDF, esptool and Debian's packages are not in every test's reach."""


@dataclass(frozen=True)
class Block:
    page: str
    language: str
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}-{self.lines[0].strip()[:40]}"

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        yield Block(page.name, language, tuple(body.splitlines()))
    without = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    for body in re.findall(r"(?:\A|\n\n)((?:    .*\n(?:\n(?=    ))?)+)", without):
        yield Block(page.name, "", tuple(line[4:] for line in body.splitlines() if line.strip()))


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
GROUPS = ("baseline", "lab")  # commands that have commands
PROGRAMS = ("tinygate", "pytest", "make", "python", "python3", "pip", *OTHERS)
COMMANDS = [b for b in BLOCKS if b.language in ("", "sh") and b.lines[0].split()[0] in PROGRAMS]
PYTHON = [b for b in BLOCKS if b.language == "python" or b.lines[0].startswith("from ")]
TOML = [b for b in BLOCKS if b.language == "toml" or re.match(r"\[+\w|\w+ = [\"\d]", b.lines[0])]
YAML = [b for b in BLOCKS if "yaml" in b.lines[0]]


def test_every_block_is_run_or_listed_with_what_it_is() -> None:
    known = [*COMMANDS, *PYTHON, *TOML, *YAML]
    others = [block for block in BLOCKS if block not in known]
    assert [str(b) for b in others if not b.lines[0].startswith(tuple(NO_CODE))] == []
    assert len(known) > 25


@cache
def options_of(command: str, part: str = "") -> set[str]:
    if command == "audit":
        return {word for action in _parser()._actions for word in action.option_strings}
    if command == "pytest":
        ask = [sys.executable, "-m", "pytest", "--help", "tests_target"]
        return set(re.findall(r"--[\w-]+", subprocess.run(ask, cwd=ROOT, capture_output=True, text=True).stdout))
    commands: Any = typer.main.get_command(app)
    found = commands.commands[command]
    found = getattr(found, "commands", {part: found})[part]
    return {word for parameter in found.params for word in parameter.opts}


@pytest.mark.parametrize("block", COMMANDS, ids=str)
def test_every_word_of_a_command_is_one_that_exists(block: Block) -> None:
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(re.sub(r"[\[\]]", " ", line), comments=True)
        while words:
            end = words.index("&&") if "&&" in words else len(words)
            check_command(words[:end])
            words = words[end + 1 :]


def check_command(words: list[str]) -> None:
    program, *rest = words
    options = {word.partition("=")[0] for word in rest if word.startswith("--")}
    if program == "tinygate":
        assert options <= options_of(rest[0], rest[1] if rest[0] in GROUPS else ""), words
    elif program == "pytest":
        assert options <= options_of("pytest"), words
        assert all((ROOT / word).exists() for word in rest if word.startswith(("tests_", "tools/"))), words
    elif program == "make":
        targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert {word for word in rest if "=" not in word} <= set(targets), words
    elif program.startswith("python") and rest[:1] == ["-m"]:
        assert find_spec(rest[1]) is not None, words
    else:
        assert program in PROGRAMS, words


@pytest.mark.parametrize("block", PYTHON, ids=str)
def test_python_runs(block: Block, monkeypatch: pytest.MonkeyPatch) -> None:
    gesture = load_model(ROOT / "models" / "gesture")
    float_tflite, int8_tflite = (gesture.variant(name).content for name in ("float32", "ptq_int8"))
    given = {"content": int8_tflite, "int8_tflite": int8_tflite, "float_tflite": float_tflite, "dataset": gesture.dataset,
             "samples": gesture.dataset.train, "__file__": "recipe.py"}  # fmt: skip
    exec(compile(block.text, block.page, "exec"), given)


@pytest.mark.parametrize("block", TOML, ids=str)
def test_toml_parses(block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize("block", YAML, ids=str)
def test_yaml_parses(block: Block) -> None:
    assert yaml.safe_load(block.text)
