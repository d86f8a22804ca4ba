"""Runs mutmut over rooms of the package and their tests, in a copy of the checkout.

    python -m tools.mutation judge gate          # default: judge, gate, protocol, board
    python -m tools.mutation --keep judge        # leave the copy: `mutmut show NAME` in it shows a mutant

mutmut wants the package at the root of what it mutates and tests that need no other process. So the copy has the
package beside tools/, and the tests of a room are those of tools/tests/<room>, without the end-to-end ones, which reach
more.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import re
import shutil
import subprocess
import sys
import tokenize
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("judge", "gate", "protocol", "board")
COPIED = ("conftest.py", "docs", "firmware", "models", "pyproject.toml", "pytest.ini", "README.md", "tests_host",
          "tests_target", "tools")  # fmt: skip
END_TO_END = ("test_gate_turns_red", "test_interrupted", "test_target_suite", "test_arena_search")


def main() -> int:
    """Mutate, and print how many of a room's mutants its tests noticed, and which they did not, change by change."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("rooms", nargs="*", default=ROOMS, help="rooms of tools/tinygate (judge gate protocol board)")
    parser.add_argument("--keep", action="store_true", help="leave build/mutation as it is in the end")
    options = parser.parse_args()
    for room in options.rooms:
        copy = _copied(ROOT / "build" / "mutation" / room, room)
        environment = {**os.environ, "TINYGATE_CACHE": str(ROOT / ".cache")}
        mutmut = [str(Path(sys.executable).with_name("mutmut"))]
        subprocess.run([*mutmut, "run"], cwd=copy, env=environment, stdout=subprocess.DEVNULL, check=True)
        results = [*mutmut, "results", "--all", "true"]
        listing = subprocess.run(results, cwd=copy, capture_output=True, text=True, check=True).stdout
        rows = [line.strip().split(": ") for line in listing.splitlines() if ": " in line]
        _tell(room, [Mutant.of(name, outcome, copy, mutmut) for name, outcome in rows], copy)
        if not options.keep:
            shutil.rmtree(copy)
    return 0


def _copied(copy: Path, room: str) -> Path:
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__", "build*")
        shutil.copytree(source, copy / name, ignore=ignore) if source.is_dir() else shutil.copy(source, copy / name)
    (copy / "tools" / "tinygate").rename(copy / "tinygate")
    ini = copy / "pytest.ini"
    ini.write_text(ini.read_text().replace("pythonpath = tools ", "pythonpath = . "))
    arguments = ["-p", "no:pytest_embedded", "-p", "no:cacheprovider", *_left_out(room)]
    settings = {
        "source_paths": [f"tinygate/{room}"],
        "also_copy": ["tinygate", *(name for name in COPIED if name != "pyproject.toml")],
        "pytest_add_cli_args_test_selection": [f"tools/tests/{room}"],
        "pytest_add_cli_args": arguments,
    }
    with (copy / "pyproject.toml").open("a", encoding="utf-8") as toml:
        toml.write("\n[tool.mutmut]\n" + "".join(f"{key} = {value!r}\n" for key, value in settings.items()))
    return copy


def _left_out(room: str) -> list[str]:
    found = (ROOT / "tools" / "tests" / room / f"{name}.py" for name in END_TO_END)
    return [f"--ignore={path.relative_to(ROOT)}" for path in found if path.is_file()]


@dataclass(frozen=True)
class Mutant:
    """One change of the code, and what became of it: "killed", "survived", "no tests"…"""

    name: str
    outcome: str
    change: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, outcome: str, copy: Path, mutmut: list[str]) -> Mutant:
        """Return a mutant; of one that survived, its change, and whether that is in a sentence for people alone."""
        if outcome != "survived":
            return cls(name, outcome)
        diff = subprocess.run([*mutmut, "show", name], cwd=copy, capture_output=True, text=True, check=True).stdout
        change = tuple(line for line in diff.splitlines() if re.match(r"[-+](?![-+])", line))
        before, after = (_without_words("".join(line[1:] for line in change if line[0] == sign)) for sign in "-+")
        return cls(name, f"{outcome} in a sentence" if before == after else outcome, change)


def _without_words(code: str) -> list[str]:
    """Return the tokens of a piece of code, every text with a space in it replaced."""
    tokens = []
    with contextlib.suppress(tokenize.TokenError):  # a piece need not be whole
        for token in tokenize.generate_tokens(io.StringIO(code.strip()).readline):
            tokens.append("text" if token.type == tokenize.STRING and " " in token.string else token.string)
    return tokens


def _tell(room: str, mutants: list[Mutant], copy: Path) -> None:
    counts = Counter(mutant.outcome for mutant in mutants)
    total = sum(len(path.read_text().splitlines()) for path in (copy / "tinygate" / room).rglob("*.py"))
    print(f"{room} ({total} lines): " + ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    for mutant in mutants:
        if mutant.outcome == "survived":
            print(f"  survived: {mutant.name}", *(f"    {line}" for line in mutant.change), sep="\n")


if __name__ == "__main__":
    sys.exit(main())
