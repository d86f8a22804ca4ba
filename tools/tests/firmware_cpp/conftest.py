"""Compiles the firmware's pure parts with the host's g++ and sanitizers, once per content."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[3]
FIRMWARE = REPOSITORY / "firmware"
COMPONENT = FIRMWARE / "components" / "tinygate"
PURE = [COMPONENT / name for name in ("protocol", "commands")]
INFERENCE = COMPONENT / "inference"
BOARD = COMPONENT / "board"  # for the clock's header alone
FAKE = FIRMWARE / "host_test" / "fake"
CACHE = REPOSITORY / ".cache" / "firmware_cpp"
FLAGS = "-std=c++17 -O1 -g -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all".split()


def compile_program(name: str, further: Sequence[Path] = (), includes: Sequence[Path] = ()) -> Path:
    """Return the compiled firmware/host_test/<name>.cpp; what was compiled before from the same bytes is kept.

    `further` sources are compiled with it; headers are looked for in `includes` too.
    """
    folders = [*includes, *(folder / "include" for folder in PURE), COMPONENT / "include"]
    sources = [path for folder in PURE for path in folder.glob("src/*.cpp")]
    headers = [path for folder in folders for path in (*folder.rglob("*.hpp"), *folder.rglob("*.h"))]
    headers += (FIRMWARE / "host_test").glob("*.hpp")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = partial(compile_object, headers=sorted(headers), folders=folders)
        objects = list(pool.map(compiled, sorted([*sources, *further, FIRMWARE / "host_test" / f"{name}.cpp"])))
    return build(CACHE / f"{name}-{digest_of(objects)}", [*objects])


def compile_object(source: Path, headers: list[Path], folders: list[Path]) -> Path:
    includes = [f"-I{folder}" for folder in folders]
    return build(CACHE / f"{source.stem}-{digest_of([source, *headers])}.o", ["-c", *includes, source])


def digest_of(paths: list[Path]) -> str:
    contents = b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)
    return hashlib.sha256(" ".join(FLAGS).encode() + contents).hexdigest()[:16]


def build(target: Path, arguments: list[str | Path]) -> Path:
    """Run g++ unless `target`, whose name tells of its content, is there; two at once do not disturb each other."""
    if not target.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            fresh = Path(folder) / "out"
            subprocess.run(["g++", *FLAGS, *arguments, "-o", fresh], check=True)
            fresh.replace(target)
    return target


class Twin:
    """The C++ side, driven by commands; see firmware/host_test/twin.cpp."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, *command: object) -> list[str]:
        """Send a command and return the lines of its answer."""
        assert self._process.stdin
        assert self._process.stdout
        print(*command, file=self._process.stdin, flush=True)
        return [line.rstrip("\n") for line in iter(self._process.stdout.readline, "end\n") if line or self._died()]

    def _died(self) -> bool:
        raise AssertionError(f"the C++ side ended with {self._process.wait()}: its message is above")


@pytest.fixture(scope="session")
def compiler() -> None:
    if not shutil.which("g++"):
        pytest.fail("g++ is not here: the firmware's pure parts cannot be tested; install a C++17 compiler")


@pytest.fixture(scope="session")
def twin(compiler: None) -> Iterator[Twin]:
    program = compile_program("twin")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Twin(process)
        assert process.stdin
        process.stdin.close()
        assert process.wait() == 0


@pytest.fixture(scope="session")
def fuzzer(compiler: None) -> Path:
    return compile_program("fuzz")


@pytest.fixture(scope="session")
def engine_test(compiler: None) -> Path:
    """The program that tests engine, runner and profiler on a fake interpreter."""
    sources = [INFERENCE / "src" / f"{name}.cpp" for name in ("arena_memory", "engine", "profiler", "runner")]
    return compile_program("engine_test", sources, [FAKE, INFERENCE / "include", BOARD / "include"])
