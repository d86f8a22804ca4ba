"""README's ten lines bring a model that the gate then judges: the very lines, taken from the README."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygate.cli.main import main
from tinygate.errors import DataError, ModelFileError
from tinygate.model.folder import load_model
from tinygate.model.pinning import pin

ROOT = Path(__file__).parents[3]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The gesture model's int8 variant as somebody would bring it: files, arrays and the README's lines."""
    folder = tmp_path / "models" / "mine"
    (folder / "artifacts").mkdir(parents=True)
    gesture = load_model(Path("models/gesture"))
    (folder / "artifacts" / "ptq_int8.tflite").write_bytes(gesture.variant("ptq_int8").content)
    parts = {name: getattr(gesture.dataset, name) for name in ("train", "validation", "test")}
    arrays = {f"{name}_inputs": part.inputs[:60] for name, part in parts.items()}
    arrays |= {f"{name}_labels": part.labels[:60] % 2 for name, part in parts.items()}
    np.savez(folder / "data.npz", **arrays)
    for name, text in readme_files().items():
        (folder / name).write_text(text)
    return folder


def readme_files() -> dict[str, str]:
    blocks = re.findall(
        r"```(?:python|toml)\n# models/mine/(\S+)\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    )
    assert {name for name, _ in blocks} == {"recipe.py", "model.toml"}
    return dict(blocks)


def test_it_takes_ten_lines() -> None:
    assert sum(len(text.splitlines()) for text in readme_files().values()) <= 10


def test_the_gate_judges_what_the_readmes_lines_bring(mine: Path, tmp_path: Path) -> None:
    pinned = pin(load_model(mine)).variants["ptq_int8"]
    assert pinned.value is not None
    assert 0 <= pinned.value <= 100
    toml = mine / "model.toml"
    toml.write_text(toml.read_text().replace("accuracy_percent = 90.0", "accuracy_percent = 0.0"))
    options = ["--board", "virtual", f"--models-root={mine.parent}", f"--report-dir={tmp_path / 'report'}"]
    command = [sys.executable, "-c", "from tinygate.cli.main import main; main()", "gate", *options]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "nobody recorded the calibration set" in run.stdout  # said, not passed over


def test_a_changed_file_is_refused_until_it_is_pinned_again(mine: Path) -> None:
    pin(load_model(mine))
    (mine / "artifacts" / "ptq_int8.tflite").write_bytes(b"other")
    with pytest.raises(ModelFileError, match="not the pinned file"):
        _ = load_model(mine).variant("ptq_int8").content


def test_a_missing_file_is_one_line_and_leaves_no_manifest(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (mine / "artifacts" / "ptq_int8.tflite").unlink()
    sys.argv = ["tinygate", "pin", str(mine)]
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (mine / "artifacts" / "manifest.json").exists()


def test_missing_arrays_are_named(mine: Path) -> None:
    np.savez(mine / "data.npz", train_inputs=np.zeros((1, 50)), train_labels=np.zeros(1, int))
    with pytest.raises(DataError, match=r"no array test_inputs; found: train_inputs, train_labels"):
        load_model(mine).recipe.load_data()
