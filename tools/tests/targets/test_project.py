"""The ESP-IDF project: the checkout's own, or a copy of the installed package's, which is never written to."""

from pathlib import Path

from tinygate.targets.esp32.project import firmware_project
from tinygate.targets.firmware import PACKAGE


def installed(root: Path) -> Path:
    package = root / "site-packages" / "tinygate"
    (package / "firmware" / "main").mkdir(parents=True)
    (package / "firmware" / "main" / "main.cpp").write_text("int main;")
    return package


def test_a_checkout_builds_its_own(tmp_path: Path) -> None:
    assert firmware_project(tmp_path) == PACKAGE.parents[1] / "firmware"
    assert not list(tmp_path.iterdir())


def test_an_installed_package_is_copied_and_followed(tmp_path: Path) -> None:
    package = installed(tmp_path)
    project = firmware_project(tmp_path / "build", package)
    assert project == tmp_path / "build" / "firmware"
    (package / "firmware" / "main" / "main.cpp").write_text("int other;")
    (project / "dependencies.lock").touch()  # as ESP-IDF leaves it
    assert (firmware_project(tmp_path / "build", package) / "main" / "main.cpp").read_text() == "int other;"
    assert (project / "dependencies.lock").is_file()


def test_sources_that_a_new_version_does_not_have_are_gone(tmp_path: Path) -> None:
    package = installed(tmp_path)
    firmware_project(tmp_path / "build", package)
    (tmp_path / "build" / "firmware" / "main" / "old.cpp").touch()
    assert not (firmware_project(tmp_path / "build", package) / "main" / "old.cpp").exists()


def test_what_is_not_written_is_not_touched(tmp_path: Path) -> None:
    package = installed(tmp_path)
    file = firmware_project(tmp_path / "build", package) / "main" / "main.cpp"
    before = file.stat().st_mtime_ns
    firmware_project(tmp_path / "build", package)
    assert file.stat().st_mtime_ns == before
