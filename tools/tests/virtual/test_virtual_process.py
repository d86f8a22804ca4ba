"""How long a board lives, what it listens on, and the lane on standard input and output."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial
from board_client import ENVIRONMENT, Client, board_process

from tinygate.protocol import HostSession
from tinygate.targets.esp32.virtual_build import build_virtual_app


def test_the_board_ends_with_its_standard_input(image: Path) -> None:
    with board_process("--image", str(image)) as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(5) == 0


def test_the_board_ends_on_sigterm_with_its_processor(image: Path) -> None:
    with board_process("--image", str(image)) as (process, url):
        with Client(url) as client:
            client.hello()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.terminate()
        assert process.wait(5) == 0
    assert len(children) == 1
    assert not Path(f"/proc/{children[0]}").exists()


def test_a_killed_board_leaves_no_processor_behind(image: Path) -> None:
    with board_process("--image", str(image)) as (process, url):
        with Client(url) as client:
            client.hello()
        child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().strip()
        process.kill()
        process.wait(5)
        deadline = time.monotonic() + 5
        while is_running(child):
            assert time.monotonic() < deadline


def is_running(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_second_client_is_turned_away(client: Client, booted_url: str) -> None:
    client.hello()
    with pytest.raises(serial.SerialException):
        serial.serial_for_url(f"{booted_url}?timeout=0.3")
    assert client.hello().model_status == "ok"


def test_flash_outlives_the_board_in_a_file(image: Path, tmp_path: Path) -> None:
    file = tmp_path / "flash.bin"
    with board_process("--image", str(image), "--flash-file", str(file)):
        pass
    assert file.read_bytes()[0x10000:].startswith(image.read_bytes())


def test_the_protocol_is_spoken_on_standard_input_and_output_too(tflite: bytes, tmp_path: Path) -> None:
    build = build_virtual_app(tflite, "ptq_int8", tmp_path)
    command = [sys.executable, "-m", "tinygate.virtual", "--stdio", "--image", str(build.folder / "tinygate.bin")]
    session = HostSession("5eed0001")
    session.open()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(session.outgoing())
        process.stdin.flush()
        while session.hello is None:
            list(session.receive(os.read(process.stdout.fileno(), 1 << 16)))
        process.stdin.close()
        assert process.wait(5) == 0
    assert session.hello.app_sha256 == build.elf_sha256


def test_a_limited_line_is_as_slow_as_its_baud_rate(image: Path) -> None:
    with board_process("--image", str(image), "--baud-limit", "921600") as (_, url), Client(url) as client:
        size, noise = client.hello().window_bytes, random.Random(0)  # which no packing makes smaller
        windows = [noise.randbytes(size) for _ in range(200)]
        started = time.monotonic()
        client.infer(windows)
    on_the_wire_s = 200 * size * 10 / 921600
    assert on_the_wire_s <= time.monotonic() - started < 10 * on_the_wire_s


def test_a_client_that_speaks_no_telnet_is_dropped_and_the_next_one_served(image: Path) -> None:
    with board_process("--image", str(image)) as (_, url):
        host, port = url.removeprefix("rfc2217://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(
                b"\xff\xfa\x2c\x01\x00\xff\xf0" + b"\xff\xfa\x2c\x03\x63\xff\xf0"
            )  # cut short; no such parity
            while connection.recv(1024):
                pass
        with Client(url) as client:
            assert client.hello().model_status == "ok"
