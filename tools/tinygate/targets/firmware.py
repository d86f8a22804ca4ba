"""A firmware of one variant for one board, as a folder that pytest-embedded understands; and what it is built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
"""The folder of tinygate itself; a firmware's build runs `python -m tinygate.tflm.source` from there."""


_PREPROCESSING = ("__init__", "description", "plan", "emit_c", "source")


def firmware_folder(package: Path = PACKAGE) -> Path:
    """Return where the sources of all firmware are: in the installed package, else in the checkout it stands in."""
    installed = package / "firmware"
    return installed if installed.is_dir() else package.parents[1] / "firmware"


def generators() -> tuple[Path, ...]:
    """Return the files of the package that make sources while a firmware is built: all that this needs."""
    rooms = (path for room in ("tflm", "tflite") for path in sorted((PACKAGE / room).glob("*.[pj]*")))
    preprocessing = (PACKAGE / "preprocessing" / f"{name}.py" for name in _PREPROCESSING)
    return (PACKAGE / "__init__.py", PACKAGE / "errors.py", *rooms, *preprocessing)


def pinned_files(model_folder: Path, variant: str, header: Path | None) -> tuple[Path, ...]:
    """Return what a firmware's build reads of a model: artifact, manifest, and a header of the team's own."""
    artifacts = model_folder / "artifacts"
    files = (artifacts / f"{variant}.tflite", artifacts / "manifest.json", header)
    return tuple(file for file in files if file is not None and file.is_file())


@dataclass(frozen=True)
class Application:
    """A team's application, judged in place of tinygate's sample.

    Attributes:
        project: its folder.
        named_in: the file that names it, for sentences about it.
        arguments: what its build is told besides.
        overlay: a configuration file of the project for the variant at hand; "" for none.
    """

    project: Path
    named_in: Path
    arguments: tuple[str, ...] = ()
    overlay: str = ""


@dataclass(frozen=True)
class BuildOrder:
    """What to build, and for what.

    Attributes:
        chip: "esp32".
        board: the kind of board it will run on, see `tinygate.places.BOARDS`.
        model_folder: the model's folder; artifacts/<variant>.tflite in it goes in.
        variant: variant name.
        content: the .tflite's bytes, proven to be the pinned ones.
        build_root: where build folders live.
        log: gets what the toolchain prints.
        skip_build: take the build folder as it is.
        arena_bytes: the application's tensor arena; None for what board or firmware have by default.
        application: the team's own; None for tinygate's sample.
        header: the team's own preprocessing in C; None for the steps that the manifest pins.
    """

    chip: str
    board: str
    model_folder: Path
    variant: str
    content: bytes = field(repr=False)
    build_root: Path
    log: Path
    skip_build: bool = False
    arena_bytes: int | None = None
    application: Application | None = None
    header: Path | None = None


@dataclass(frozen=True)
class Firmware:
    """A build folder.

    Attributes:
        folder: what pytest-embedded is given.
        app_sha256: what the application in it says of itself, hex.
        image: the application's image; None when that is not the firmware a chip would run.
        console_baud: the console's rate as it was configured; None when the build does not say.
    """

    folder: Path
    app_sha256: str
    image: Path | None
    console_baud: str | None = None


@dataclass(frozen=True)
class Ingredients:
    """What a firmware was made from and what is flashed, as far as its build folder tells.

    Attributes:
        images: sha256 of each file that is flashed, by name.
        components: version of each component of the SDK's package manager, by name.
        configuration_sha256: of the SDK's configuration; "" where there is none.
    """

    images: Mapping[str, str]
    components: Mapping[str, str]
    configuration_sha256: str
