"""A component that makes one operator slower, replayed: green on the night of the baseline, red on the night of the bump.

All is real but the chip's clock: a board at the end of a serial port is flashed by esptool, and measured over boots.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tinygate.board.emulator import virtual_board
from tinygate.judge.arena import arena_bytes_for
from tinygate.model.folder import load_model
from tinygate.oracle import oracle
from tinygate.targets.esp32.virtual_build import build_virtual_app

ROOT = Path(__file__).parents[3]
SUPPORT = ROOT / "tools" / "tests" / "support"
SIZES = {
    "memories": [{"name": "DRAM", "used_bytes": 9, "total_bytes": 99, "sections": {}, "holds_static_data": True}],
    "components": {},
}
pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one model and its firmware, built elsewhere."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, folder)
    for name in ("tests_host", "tests_target", "models/sine"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    variant = load_model(folder / "models" / "sine").variant("ptq_int8")
    where = folder / "build" / "serial" / "sine"
    built = build_virtual_app(variant.content, variant.name, where, arena_bytes_for(variant, "esp32"))
    (built.folder / "tinygate_sizes.json").write_text(json.dumps(SIZES))
    (folder / "patches").mkdir()
    shutil.copy(SUPPORT / "timed_board.py", folder / "patches" / "sitecustomize.py")
    return folder


@contextmanager
def board(project: Path, **environment: str) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PYTHONPATH": str(project / "patches"), **environment}.items():
            patch.setenv(name, value)
        with virtual_board("esp32", project / "board.log") as url:
            patch.delenv("PYTHONPATH")
            yield url


def tinygate(project: Path, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", *arguments]
    environment = {**os.environ, "TINYGATE_STORE": ".tinygate"}
    pipe = subprocess.PIPE
    run = subprocess.run(
        command, cwd=project, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True, check=False
    )
    return run.returncode, run.stdout


def gate(project: Path, url: str, *more: str) -> tuple[int, str]:
    where = ("--target", "esp32", "--port", url, "--skip-build", "--variant", "ptq_int8")
    return tinygate(project, "gate", *where, *more)


def test_the_night_of_the_bump_is_red_and_names_operator_and_component(project: Path) -> None:
    with board(project, KERNELS="esp-nn 1.2.3") as url:
        code, said = gate(project, url, "--boots", "20")
        assert code == 0, said
        code, said = tinygate(project, "baseline", "set")
        assert (code, "set sine ptq_int8 at esp32\n" in said) == (0, True), said
        code, said = gate(project, url)
        assert code == 0, said
        assert "not slower over 5 boots" in (project / "report" / "report.md").read_text()
    with board(project, KERNELS="esp-nn 1.2.6", SLOWER="1:2.0") as url:
        code, said = gate(project, url)
    assert code == 1, said
    (sentence,) = {line for line in said.splitlines() if line.startswith("FAIL: ") and "ticks of" in line}
    assert sentence.startswith("FAIL: sine ptq_int8 on esp32: ticks of FULLY_CONNECTED #2 against the baseline")
    assert "component kernels: esp-nn 1.2.3 → esp-nn 1.2.6" in sentence
    assert len(list((project / "report" / "runs").rglob("confirmation.jsonl"))) == 1
    code, said = tinygate(project, "baseline", "diff")
    assert (code, "× 2.0" in said) == (0, True), said
    assert (project / ".tinygate" / "ledger.jsonl").read_text().count('"kind":"ended"') == 3
