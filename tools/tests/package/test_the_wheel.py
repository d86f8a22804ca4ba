"""The wheel: the same bytes twice, what a team needs and nothing else, and an audit that needs no extra."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tinygate.extras import EXTRAS

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "models" / "gesture" / "artifacts" / "ptq_int8.tflite"
BUILD = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir"]


def built(folder: Path, epoch: str) -> Path:
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch}
    subprocess.run([*BUILD, str(folder), str(ROOT)], env=environment, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built(tmp_path_factory.mktemp("wheel"), "1700000000")


@pytest.fixture(scope="session")
def unpacked(wheel: Path) -> Path:
    zipfile.ZipFile(wheel).extractall(wheel.parent / "site-packages")
    return wheel.parent / "site-packages"


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_building_twice_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert built(tmp_path, "1700000000").read_bytes() == wheel.read_bytes()


def test_it_holds_every_module_but_what_only_developers_use(names: set[str]) -> None:
    modules = {
        f"tinygate/{path.relative_to(ROOT / 'tools/tinygate')}" for path in (ROOT / "tools/tinygate").rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == {m for m in modules if "/tflm/derive/" not in m}


def test_it_holds_the_firmware_as_it_is_committed(names: set[str]) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "firmware"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    left_out = ("firmware/host_test/", "firmware/.")
    committed = {f"tinygate/{path}" for path in listed.split() if not path.startswith(left_out)}
    assert {name for name in names if name.startswith("tinygate/firmware/")} == committed


def test_nothing_else_is_in_it(names: set[str]) -> None:
    others = {n for n in names if not n.endswith(".py") and not n.startswith(("tinygate/firmware/", "tinygate-"))}
    data = {
        "py.typed",
        "protocol/vectors.json",
        "protocol/vectors.txt",
        "tflm/operators.json",
        "study/code.toml",
        "study/page.html.jinja",
    }
    assert {f"tinygate/{name}" for name in data} <= others
    assert all(Path(name).suffix in (".typed", ".json", ".txt", ".jinja", ".template", ".toml") for name in others), (
        others
    )


def command_of(unpacked: Path, hidden: tuple[str, ...], *options: str) -> subprocess.CompletedProcess[str]:
    """Run the wheel's command with packages hidden; the last line of what it prints are the modules it imported."""
    script = f"""
import sys
sys.modules |= dict.fromkeys({hidden!r})
sys.path.insert(0, {str(unpacked)!r})
import tinygate
assert tinygate.__file__.startswith({str(unpacked)!r}), tinygate.__file__
from tinygate.cli.start import main
try:
    main()
finally:
    print(*sorted({{name.partition(".")[0] for name, module in sys.modules.items() if module}}), file=sys.stderr)
"""
    return subprocess.run([sys.executable, "-c", script, *options], capture_output=True, text=True, check=False)


def test_an_audit_imports_nothing_of_an_extra_and_none_of_the_slow_ones(unpacked: Path) -> None:
    every = (*(module for modules in EXTRAS.values() for module in modules), "typer", "pydantic", "rich")
    run = command_of(unpacked, every, "audit", str(MODEL))
    assert run.returncode == 0, run.stderr
    assert not set(run.stderr.splitlines()[-1].split()) & set(every)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["gate"], "`tinygate gate` cannot judge anything here: pytest is not installed; pip install 'tinygate[gate]'"),
        (["pin", str(MODEL.parents[1])], "no reference interpreter can run the model: "),
    ],
)
def test_a_missing_extra_is_one_sentence(unpacked: Path, options: list[str], said: str) -> None:
    run = command_of(unpacked, ("pytest", "_pytest", "tflite_micro", "ai_edge_litert"), *options)
    assert run.returncode == 2
    assert said in run.stderr
    assert "Traceback" not in run.stderr


def test_every_module_of_an_extra_has_its_package_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra, modules in EXTRAS.items():
        listed = {entry.partition("=")[0].partition(">")[0] for entry in project["optional-dependencies"][extra]}
        spelled = {name.replace("-", "_").lower() for name in listed} | {"_pytest", "serial", "pexpect"}
        assert set(modules) <= spelled, extra
