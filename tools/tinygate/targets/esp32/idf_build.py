"""Builds the firmware of one variant with ESP-IDF, or finds it built: a folder `build_<target>_<variant>`.

ESP-IDF's own Python runs its `idf.py`: nothing is imported from it and nothing installed into it. The folder names are
those of idf-build-apps' `build_@t_@w`, so folders that it made elsewhere (a CI job) are used the same way.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tinygate.errors import InputError
from tinygate.targets.build_tool import cause_in, put_stamp, run_build, stamp_of, unstamp
from tinygate.targets.cmake_cache import forget_if_moved
from tinygate.targets.esp32.application import check_configured, check_project, further_sources
from tinygate.targets.firmware import PACKAGE, Application, pinned_files

ELF_SHA256_OFFSET = 0xB0
"""Where an application image holds its ELF file's sha256: in the descriptor that opens the first segment."""

LEAST_ARENA_BYTES, MOST_ARENA_BYTES = 256, 4 << 20
"""What the firmware's configuration takes (components/tinygate/Kconfig)."""

_FLASHER_ARGS = "flasher_args.json"
_NOT_SOURCES = (
    "example_app",
    "stm32f4",
    "managed_components",
    "sdkconfig",
    "sdkconfig.old",
    "dependencies.lock",
    "__pycache__",
)


@dataclass(frozen=True)
class IdfBuild:
    """A built firmware.

    Attributes:
        folder: `build_<target>_<variant>`; flasher_args.json in it names all that is flashed.
        elf_sha256: what the application reports of itself, hex; read from the image.
        image: the application image.
        built: whether it was built now; False when nothing had changed or building was skipped.
    """

    folder: Path
    elf_sha256: str
    image: Path
    built: bool


@dataclass(frozen=True)
class Recipe:
    """What a firmware is built from.

    Attributes:
        project: the ESP-IDF project's folder.
        target: the chip, "esp32".
        variant: which variant of the model; names the build folder.
        model_folder: the model's folder; artifacts/<variant>.tflite in it goes in.
        generators: further files that the result depends on: what makes sources at build time.
        overlays: sdkconfig files of the project for where it is to run, "sdkconfig.qemu"; they override the others.
        arena_bytes: tensor arena, CONFIG_TINYGATE_ARENA_BYTES; None for the project's default.
        application: what else a team's application is built with; None where the project is the sample.
        header: the team's own preprocessing in C; None for the steps that the manifest pins.
    """

    project: Path
    target: str
    variant: str
    model_folder: Path
    generators: tuple[Path, ...] = ()
    overlays: tuple[str, ...] = ()
    arena_bytes: int | None = None
    application: Application | None = None
    header: Path | None = None

    @property
    def defaults(self) -> tuple[str, ...]:
        """The project's sdkconfig files that apply, a later one overriding; ESP-IDF adds those of the chip."""
        own = self.application.overlay if self.application else ""
        names = ("sdkconfig.defaults", f"sdkconfig.ci.{self.variant}", own, *self.overlays)
        return tuple(name for name in names if (self.project / name).is_file())

    @property
    def own_settings(self) -> str:
        """Text of the sdkconfig file that is this recipe's alone; it overrides all others.

        Raises:
            InputError: an arena of a size that no chip has.
        """
        settings = ["CONFIG_TINYGATE=y", f'CONFIG_TINYGATE_VARIANT="{self.variant}"']
        if self.arena_bytes is not None:
            if not LEAST_ARENA_BYTES <= self.arena_bytes <= MOST_ARENA_BYTES:
                raise InputError(
                    f"an arena of {self.arena_bytes} bytes for {self.variant} on {self.target}: "
                    f"expected {LEAST_ARENA_BYTES} to {MOST_ARENA_BYTES}"
                )
            settings.append(f"CONFIG_TINYGATE_ARENA_BYTES={self.arena_bytes}")
        return "".join(f"{setting}\n" for setting in settings)

    def sha256(self, idf_version: str, build: Path) -> str:
        """Return the hash of everything that the build reads but the toolchain and what a package manager brings.

        Of an application's components outside its project a build folder that was configured before tells.
        """
        own = (self.application.arguments, self.application.overlay) if self.application else ()
        settings = [idf_version, self.target, self.variant, self.overlays, self.arena_bytes, own]
        digest = hashlib.sha256(json.dumps(settings).encode())
        pinned = pinned_files(self.model_folder, self.variant, self.header)
        further = further_sources(build, self.project) if self.application else ()
        sources = (path for folder in (self.project, *further) for path in _sources(folder))
        defaults = (self.project / name for name in self.defaults)
        for path in sorted({*sources, *defaults, *self.generators, *pinned}):
            digest.update(f"{path}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
        return digest.hexdigest()


def build_firmware(recipe: Recipe, folder: Path, log: Path, skip_build: bool = False) -> IdfBuild:
    """Build a firmware unless it is there already, made from the same sources.

    Args:
        recipe: what to build.
        folder: where `build_<target>_<variant>` stands or is made.
        log: gets what idf.py prints.
        skip_build: take what is there, whatever it was built from; the board's identity is proven all the same.

    Raises:
        InputError: it does not build; or it is not there and there is no ESP-IDF to build it with.
    """
    build = folder / f"build_{recipe.target}_{recipe.variant}"
    if recipe.application:
        check_project(recipe.application)
    if skip_build:
        return _found(build, recipe, built=False)
    idf = os.environ.get("IDF_PATH")
    wanted = recipe.sha256(_idf_version(Path(idf)), build) if idf else None
    stamp = stamp_of(build)
    if stamp and wanted in (None, stamp):
        return _found(build, recipe, built=False)
    if not idf or not wanted:
        raise InputError(
            f"{build}: not built, and there is no ESP-IDF here to build it (IDF_PATH is not set); run "
            "`. $IDF_PATH/export.sh` first, or copy the build folders here from where it is and add --skip-build"
        )
    unstamp(build)
    command = _prepared(recipe, Path(idf), build)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        if recipe.application:
            _run(command, "reconfigure", output, recipe, build)
            check_configured(recipe.application, build)
            wanted = recipe.sha256(_idf_version(Path(idf)), build)
        _run(command, "build", output, recipe, build)
    put_stamp(build, wanted)
    return _found(build, recipe, built=True)


def _prepared(recipe: Recipe, idf: Path, build: Path) -> list[str]:
    """Return the command but for what it shall do, with the build folder made ready for it."""
    python = Path(os.environ.get("IDF_PYTHON_ENV_PATH", ""), "bin", "python")
    if not python.is_file():
        raise InputError(f"IDF_PATH is {idf}, but its environment is not active: run `. {idf}/export.sh` first")
    forget_if_moved(build, recipe.project)
    build.mkdir(parents=True, exist_ok=True)
    (build / "sdkconfig").unlink(missing_ok=True)  # it would win over defaults that have changed since
    variant = build / "sdkconfig.variant"
    variant.write_text(recipe.own_settings, encoding="utf-8")
    defines = {
        "IDF_TARGET": recipe.target,
        "SDKCONFIG": str(build.absolute() / "sdkconfig"),
        "SDKCONFIG_DEFAULTS": ";".join([*recipe.defaults, str(variant.absolute())]),
        "TINYGATE_MODEL": str(recipe.model_folder.absolute()),
        "TINYGATE_PACKAGE": str(PACKAGE),
        "TINYGATE_PREPROCESS": str(recipe.header.absolute()) if recipe.header else "",
    }
    command = [str(python), str(idf / "tools" / "idf.py"), "-C", str(recipe.project), "-B", str(build.absolute())]
    arguments = recipe.application.arguments if recipe.application else ()
    return [*command, *(f"-D{name}={value}" for name, value in defines.items()), *arguments]


def _run(command: Sequence[str], action: str, output: IO[bytes], recipe: Recipe, build: Path) -> None:
    if run_build([*command, action], output, _environment(build)):
        log = Path(output.name)
        raise InputError(
            f"the firmware of {recipe.variant} for {recipe.target} does not build: {cause_in(log)}; see {log}"
        )


def _environment(build: Path) -> dict[str, str]:
    """Return the environment of a build: with ccache, variants share all objects but those of the model."""
    ccache = {"CCACHE_BASEDIR": str(build.absolute()), "CCACHE_NOHASHDIR": "1"}
    return {"IDF_CCACHE_ENABLE": "1", **os.environ, **ccache}


def _found(build: Path, recipe: Recipe, built: bool) -> IdfBuild:
    if recipe.application and (build / "config").is_dir():
        check_configured(recipe.application, build)
    try:
        image = build / json.loads((build / _FLASHER_ARGS).read_text(encoding="utf-8"))["app"]["file"]
        elf_sha256 = image.read_bytes()[ELF_SHA256_OFFSET:][:32].hex()
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{build}: no firmware there ({error}); expected {_FLASHER_ARGS} and the images it names, as ESP-IDF "
            "leaves them: build it where ESP-IDF is"
        ) from error
    if len(elf_sha256) != 64 or not int(elf_sha256, 16):
        raise InputError(f"{image}: no application image of ESP-IDF; build it again")
    return IdfBuild(build, elf_sha256, image, built)


def _sources(project: Path) -> Iterable[Path]:
    for path in project.iterdir():
        if path.name in _NOT_SOURCES or path.name.startswith(("build", ".")):
            continue
        yield from (file for file in path.rglob("*") if file.is_file()) if path.is_dir() else (path,)


def _idf_version(idf: Path) -> str:
    version = idf / "version.txt"
    head = idf / ".git" / "HEAD"
    return next((file.read_text(encoding="utf-8").strip() for file in (version, head) if file.is_file()), "unknown")
