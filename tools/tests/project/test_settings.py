"""[tool.tinygate] says where models and reports are; what it does not know is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.errors import ConfigError
from tinygate.project.settings import Settings, settings_of


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    assert settings_of(tmp_path) == Settings(Path("models"), Path("report"))
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert settings_of(tmp_path) == Settings()


def test_folders_are_taken_from_the_table(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.tinygate]\nmodels_root = "ml/models"\n')
    assert settings_of(tmp_path) == Settings(Path("ml/models"), Path("report"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "[tool.tinygate]\nmodel_root = 'x'",
            "tool.tinygate.model_root: unknown key; expected models_root or report_dir",
        ),
        ("[tool.tinygate]\nmodels_root = 7", "tool.tinygate.models_root: a folder is expected, found 7"),
        ("[tool.tinygate", "cannot be used"),
    ],
)
def test_what_it_does_not_know_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        settings_of(tmp_path)
