"""A generated header, compiled on the host under sanitizers and run over windows."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tinygate.preprocessing.emit_c import InputType, emit_header
from tinygate.preprocessing.plan import Plan

REPOSITORY = Path(__file__).parents[3]
FILTER = REPOSITORY / "firmware" / "host_test" / "preprocess_filter.c"
CACHE = REPOSITORY / ".cache" / "preprocessing"
WARNINGS = "-Wall -Wextra -Wconversion -Werror".split()
SANITIZED = [
    *"-O1 -g -fno-sanitize-recover=all".split(),
    "-fsanitize=address,undefined,float-divide-by-zero,float-cast-overflow",
]
AS_C, AS_CXX = ["gcc", "-std=c99"], ["g++", "-std=c++17", "-x", "c++"]


class Compiled:
    """A header as a program: raw windows in, input bytes out."""

    def __init__(self, header: str, flags: list[str] = SANITIZED, language: list[str] = AS_C) -> None:
        command = [*language, *WARNINGS, *flags, str(FILTER)]
        key = hashlib.sha256("\0".join([header, FILTER.read_text(), *command]).encode()).hexdigest()[:16]
        self._program = CACHE / key
        if not self._program.exists():
            self._build(header, command)

    def _build(self, header: str, command: list[str]) -> None:
        if not shutil.which(command[0]):
            pytest.fail(f"{command[0]} is not here: generated C cannot be tested; install it")
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            Path(folder, "preprocess.h").write_text(header, encoding="utf-8")
            fresh = Path(folder, "out")
            subprocess.run([*command, f"-I{folder}", "-o", str(fresh)], check=True)
            fresh.replace(self._program)

    def run(self, raw: NDArray[Any], settings: NDArray[np.uint32], dtype: str) -> NDArray[Any]:
        """Return inputs [N, values] of the type that the header writes."""
        rows = np.concatenate(
            [
                settings.astype("<u4").view(np.uint8).reshape(len(raw), 4),
                np.ascontiguousarray(raw).view(np.uint8).reshape(len(raw), -1),
            ],
            axis=1,
        )
        done = subprocess.run([self._program], input=rows.tobytes(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()[-4000:]
        return np.frombuffer(done.stdout, dtype).reshape(len(raw), -1)


def header_for(plan: Plan, target: InputType) -> str:
    return emit_header(plan, target, "a test", "0" * 64)
