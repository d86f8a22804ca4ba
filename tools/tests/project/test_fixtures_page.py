"""docs/fixtures.md's example, taken from the page, judges in a project as the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygate import testing
from tinygate.cli.main import main
from tinygate.model.folder import load_model
from tinygate.project.scaffold import init

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "fixtures.md").read_text(encoding="utf-8")


def test_every_name_of_the_public_face_is_there() -> None:
    assert all(hasattr(testing, name) for name in testing.__all__)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose int8 variant answers one window of class 0, and none of class 1, otherwise than float32 does."""
    init(tmp_path, "0.1.0")
    gesture = load_model(ROOT / "models" / "gesture")
    test = gesture.dataset.test
    before, after = (testing.run_oracle(gesture.variant(name)).judged.classes for name in ("float32", "ptq_int8"))
    flipped, kept = np.flatnonzero(before != after)[:1], np.flatnonzero(before == after)[:20]
    labels = np.concatenate([np.zeros(1, int), np.ones(20, int)])
    np.savez(tmp_path / "eval.npz", test_inputs=test.inputs[np.concatenate([flipped, kept])], test_labels=labels)
    files = [f"--variant={name}={gesture.variant(name).path.absolute()}" for name in ("float32", "ptq_int8")]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tinygate", "add", "mine", *files, "--data", "eval.npz"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    return tmp_path


def test_the_example_judges_a_class_that_flips_and_one_that_does_not(project: Path) -> None:
    (block,) = re.findall(r"```python\n# tests_host/test_flips.py\n(.*?)```", PAGE, re.DOTALL)
    assert "WATCHED = 3\n" in block
    for watched, outcome in ((0, "1 failed, 1 skipped"), (1, "1 passed, 1 skipped")):
        (project / "tests_host" / "test_flips.py").write_text(block.replace("WATCHED = 3", f"WATCHED = {watched}"))
        command = [sys.executable, "-m", "pytest", "-q", "tests_host/test_flips.py"]
        printed = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False).stdout
        assert outcome in printed, printed
        assert ("1 windows of class 0 changed their answer" in printed) == (watched == 0)
