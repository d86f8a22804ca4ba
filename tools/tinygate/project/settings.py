"""[tool.tinygate] in a project's pyproject.toml: where models and reports are.

[tool.tinygate]
models_root = "ml/models"    # default: models
report_dir = "out/report"    # default: report
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tinygate.errors import ConfigError


@dataclass(frozen=True)
class Settings:
    """What a project says of itself, relative to its root.

    Attributes:
        models_root: folder that holds the model folders.
        report_dir: where reports and the evidence of runs go.
    """

    models_root: Path = Path("models")
    report_dir: Path = Path("report")


def settings_of(root: Path) -> Settings:
    """Return the settings of the project in a folder; the defaults where it has none.

    Raises:
        ConfigError: pyproject.toml is no TOML, or [tool.tinygate] has an unknown key or a value that is no text.
    """
    path = root / "pyproject.toml"
    if not path.is_file():
        return Settings()
    known = {field.name for field in fields(Settings)}
    table = tool_table(path).get("tinygate", {})
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{path}: tool.tinygate.{key}: unknown key; expected {' or '.join(sorted(known))}")
        if not isinstance(value, str) or not value:
            raise ConfigError(f"{path}: tool.tinygate.{key}: a folder is expected, found {value!r}")
    return Settings(**{key: Path(value) for key, value in table.items()})


def tool_table(path: Path) -> dict[str, Any]:
    """Return [tool] of a pyproject.toml. Raises ConfigError: it cannot be read, or is no TOML."""
    try:
        return dict(tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: cannot be used: {error}") from error
