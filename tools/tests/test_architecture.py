"""The import arrows: what may import what, read from the source. A new arrow is a decision, made here."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tinygate"

# Everything may import the shared words: errors, figures, places, redaction. cli, the thin edge, may import all.
ARROWS: dict[str, set[str]] = {
    "verdict": set(),
    "quant": set(),
    "tflite": set(),
    "arena": {"tflite", "tflm"},
    "protocol": set(),
    "tflm": {"tflite"},
    "paired": {"verdict"},
    "resampling": {"paired", "verdict"},
    "interpreter": {"quant", "tflite", "tflm"},
    "preprocessing": {"tflite"},
    "data": {"preprocessing", "store"},
    "store": {"verdict"},
    "virtual": {"arena", "preprocessing", "protocol", "quant", "tflite"},
    "targets": {"preprocessing", "store", "tflm"},
    "audit": {"quant", "tflite", "tflm"},
    "compare": {"data", "paired", "quant", "tflite", "tflm", "verdict"},
    "oracle": {"compare", "interpreter", "quant", "store", "tflite", "tflm"},
    "packing": {"oracle", "tflite", "tflm"},
    "board": {"protocol", "targets", "verdict"},
    "model": {"arena", "compare", "data", "oracle", "resampling", "store", "targets", "tflite", "tflm"},
    "calibration": {"audit", "compare", "data", "oracle", "quant", "tflite", "tflm"},
    "report": {"store", "verdict"},
    "project": {"targets"},
    "judge": {
        "arena",
        "audit",
        "board",
        "calibration",
        "compare",
        "data",
        "interpreter",
        "model",
        "oracle",
        "paired",
        "preprocessing",
        "protocol",
        "quant",
        "resampling",
        "store",
        "targets",
        "tflite",
        "verdict",
    },
    "study": {
        "arena",
        "audit",
        "data",
        "judge",
        "model",
        "oracle",
        "paired",
        "packing",
        "recipes",
        "resampling",
        "store",
        "tflite",
        "tflm",
        "verdict",
    },
    "recipes": {"data", "model", "oracle", "paired", "quant", "store", "tflite"},
    "gate": {"audit", "calibration", "model", "report", "store", "verdict"},
    "lab": {
        "board",
        "gate",
        "model",
        "protocol",
        "report",
        "store",
        "targets",
        "verdict",
    },
    "plugin": {"board", "gate", "judge", "model", "project", "store", "targets", "tflite", "tflm", "verdict"},
    "testing": {"board", "judge", "model", "plugin", "verdict"},
    "suites": {"audit", "board", "data", "judge", "model", "oracle", "plugin", "store", "targets", "tflite", "verdict"},
}
WORDS = {"errors", "extras", "figures", "places", "redaction", "__version__"}
EDGES = {"__init__", "__main__", "cli"} | WORDS
MOST_LINES = 300
TENSORFLOW = {"tensorflow", "tf_keras", "tensorflow_model_optimization"}


def imports_of(path: Path) -> set[str]:
    """Every module that a file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def package_files() -> dict[str, list[Path]]:
    files: dict[str, list[Path]] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        part = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        files.setdefault(part, []).append(path)
    return files


@pytest.mark.parametrize("part", ARROWS)
def test_a_package_imports_only_along_the_arrows(part: str) -> None:
    allowed = ARROWS[part] | WORDS | {part}
    for path in package_files().get(part, []):
        used = {name.split(".")[1] for name in imports_of(path) if name.startswith("tinygate.")}
        assert used <= allowed, f"{path} imports {sorted(used - allowed)}"


def test_every_package_has_its_arrows_declared() -> None:
    assert set(package_files()) <= set(ARROWS) | EDGES


def test_only_recipes_import_tensorflow() -> None:
    for part, paths in package_files().items():
        for path in paths:
            used = {name.split(".")[0] for name in imports_of(path)} & TENSORFLOW
            assert not used or part == "recipes", f"{path} imports {used}"


def test_nothing_unused_is_left_among_the_packages() -> None:
    empty = [part for part, paths in package_files().items() if not any(p.read_text().strip() for p in paths)]
    assert not empty


@pytest.mark.parametrize("command", [["tests_host"], ["tests_target", "--target", "esp32", "--board", "virtual"]])
def test_collecting_does_not_import_tensorflow(command: list[str]) -> None:
    script = (
        "import sys, pytest; code = pytest.main(sys.argv[1:]); "
        "loaded = {'tensorflow', 'tf_keras', 'keras'} & set(sys.modules); sys.exit(f'{code} {loaded}' if code or loaded else 0)"
    )
    args = [sys.executable, "-c", script, *command, "--collect-only", "-q"]
    run = subprocess.run(args, cwd=PACKAGE.parents[1], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PACKAGE.rglob("*.py")}
    assert not {path: count for path, count in lines.items() if count > MOST_LINES}


def test_test_modules_have_names_of_their_own() -> None:
    """pytest imports them by name: a second one of the same name is not collected, and the whole run ends."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert len(names) == len(set(names)), sorted(name for name in names if names.count(name) > 1)
