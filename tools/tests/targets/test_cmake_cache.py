"""A checkout that has moved is built anew; one that has not is built on."""

from pathlib import Path

import pytest

from tinygate.targets.cmake_cache import forget_if_moved


@pytest.fixture
def build(tmp_path: Path) -> Path:
    folder = tmp_path / "build"
    folder.mkdir()
    (folder / "object.o").write_text("")
    return folder


def configured(build: Path, source: Path, at: Path) -> None:
    lines = (
        "# This is the CMakeCache file.",
        f"CMAKE_CACHEFILE_DIR:INTERNAL={at}",
        f"CMAKE_HOME_DIRECTORY:INTERNAL={source}",
    )
    (build / "CMakeCache.txt").write_text("\n".join(lines) + "\n")


def test_what_was_configured_here_stays(build: Path, tmp_path: Path) -> None:
    configured(build, tmp_path / "firmware", build)
    forget_if_moved(build, tmp_path / "firmware")
    assert (build / "object.o").exists()


@pytest.mark.parametrize(("source", "at"), [("elsewhere/firmware", "build"), ("firmware", "elsewhere/build")])
def test_what_was_configured_elsewhere_goes(build: Path, tmp_path: Path, source: str, at: str) -> None:
    configured(build, tmp_path / source, tmp_path / at)
    forget_if_moved(build, tmp_path / "firmware")
    assert not build.exists()


def test_a_link_to_the_same_folder_is_the_same_folder(build: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(build)
    configured(build, tmp_path / "firmware", build)
    forget_if_moved(tmp_path / "link", tmp_path / "firmware")
    assert (build / "object.o").exists()


def test_what_cmake_has_not_seen_stays(build: Path, tmp_path: Path) -> None:
    forget_if_moved(build, tmp_path / "firmware")
    forget_if_moved(tmp_path / "nothing", tmp_path / "firmware")
    assert (build / "object.o").exists()
