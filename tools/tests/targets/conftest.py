"""A lab with a stand-in for ESP-IDF."""

from pathlib import Path

import pytest
from idf_lab import Lab


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path)
    monkeypatch.setenv("IDF_PATH", str(tmp_path / "idf"))
    monkeypatch.setenv("IDF_PYTHON_ENV_PATH", str(tmp_path / "python"))
    return made
