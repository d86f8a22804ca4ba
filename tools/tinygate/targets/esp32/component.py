"""The ESP-IDF component `tinygate` as an application takes it in: its sources, its generator, and what they are.

Inside an application nothing is beside the component but the application, so the generator of the model's source
comes with it: the few modules of this package that ESP-IDF's Python runs, standard library only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from tinygate import __version__
from tinygate.errors import InputError
from tinygate.store.atomic import write_bytes
from tinygate.targets.firmware import PACKAGE, firmware_folder, generators

NAME = "tinygate"
STAMP = "tinygate_component.json"
_GENERATOR = f"generator/{NAME}"
_MANIFEST = "idf_component.yml"


def write_component(folder: Path, force: bool = False) -> bool:
    """Write the component into a folder; return False where it was there already, byte for byte.

    Args:
        folder: the component's own, "app/components/tinygate"; made when missing.
        force: replace a component that was changed by hand.

    Raises:
        InputError: something else lies there, or the component was changed by hand.
    """
    if folder.is_dir() and any(folder.iterdir()):
        if not (folder / STAMP).is_file():
            raise InputError(f"{folder}: not empty, and no component that tinygate wrote; name a folder of its own")
        if not differs_from_ours(folder):
            return False
        if not force and _sha256(_contents_of(folder)) != _stamp(folder).get("sha256"):
            raise InputError(f"{folder}: changed since tinygate wrote it; keep the changes elsewhere and say --force")
        shutil.rmtree(folder)
    for name, content in _ours().items():
        write_bytes(folder / name, content)
    stamp = {"version": __version__, "sha256": _sha256(_ours())}
    write_bytes(folder / STAMP, (json.dumps(stamp, indent=1) + "\n").encode())
    return True


def differs_from_ours(folder: Path) -> str:
    """Say how a component that an application has differs from this package's; "" if it does not.

    One that lies in this package or its checkout is this package's.
    """
    if folder.resolve() == _own_folder().resolve():
        return ""
    if not (folder / STAMP).is_file():
        return f"a component that tinygate did not write: {STAMP} is missing"
    theirs, ours = _contents_of(folder), _ours()
    if theirs == ours:
        return ""
    changed = sorted(name for name in {*theirs, *ours} if theirs.get(name) != ours.get(name))
    written_by = _stamp(folder).get("version", "unknown")
    return (
        f"written by tinygate {written_by}, not as tinygate {__version__} has it ({len(changed)} files, {changed[0]})"
    )


def _own_folder() -> Path:
    return firmware_folder() / "components" / NAME


def _ours() -> Mapping[str, bytes]:
    """Return the component's files by name, as they are written."""
    own = _own_folder()
    files = {str(path.relative_to(own)): path.read_bytes() for path in own.rglob("*") if _belongs(path)}
    files[_MANIFEST] = f'version: "{__version__}"\n'.encode() + files[_MANIFEST]
    return files | {f"{_GENERATOR}/{path.relative_to(PACKAGE)}": path.read_bytes() for path in generators()}


def _contents_of(folder: Path) -> Mapping[str, bytes]:
    files = (path for path in folder.rglob("*") if _belongs(path) and path.name != STAMP)
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _belongs(path: Path) -> bool:
    """Whether a file is part of the component, and no trace of a build or of a package manager."""
    return path.is_file() and path.suffix != ".pyc" and path.name != ".component_hash"


def _sha256(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0".encode() + hashlib.sha256(content).digest())
    return digest.hexdigest()


def _stamp(folder: Path) -> Mapping[str, str]:
    try:
        return dict(json.loads((folder / STAMP).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
