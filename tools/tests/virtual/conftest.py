from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from board_client import Client, board_process, esptool

from tinygate.targets.esp32.virtual_build import VirtualBuild, build_virtual_app

ARTIFACTS = Path(__file__).parents[3] / "models" / "gesture" / "artifacts"


@pytest.fixture(scope="session")
def tflite() -> bytes:
    return (ARTIFACTS / "ptq_int8.tflite").read_bytes()


@pytest.fixture(scope="session")
def build(tflite: bytes, tmp_path_factory: pytest.TempPathFactory) -> VirtualBuild:
    return build_virtual_app(tflite, "ptq_int8", tmp_path_factory.mktemp("builds"))


@pytest.fixture(scope="session")
def image(build: VirtualBuild) -> Path:
    return build.folder / "tinygate.bin"


@pytest.fixture(scope="session")
def board_url() -> Iterator[str]:
    """A board with an empty flash, shared: a test leaves on it what it flashed."""
    with board_process() as (_, url):
        yield url


@pytest.fixture(scope="session")
def flash_log(board_url: str, image: Path) -> str:
    """What esptool printed when it flashed the shared board."""
    return esptool(board_url, "write-flash", "0x10000", str(image))


@pytest.fixture(scope="session")
def booted_url(image: Path) -> Iterator[str]:
    """A second shared board that found the application in its flash."""
    with board_process("--image", str(image)) as (_, url):
        yield url


@pytest.fixture(scope="session")
def connection(booted_url: str) -> Iterator[Client]:
    """One connection for all tests: pyserial takes half a second to open and close one."""
    with Client(booted_url) as client:
        yield client


@pytest.fixture
def client(connection: Client) -> Client:
    connection.console = ""
    connection.answers.clear()
    return connection
