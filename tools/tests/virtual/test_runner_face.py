"""The second face, as MLPerf Tiny's runner sees it, while the first one goes on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from board_client import Client, board_process

from tinygate.protocol import ArenaRequest

CHUNK = 31


def ask(client: Client, command: str) -> list[str]:
    """Send a command as the runner does; return the lines of its answer."""
    client.port.write(command.encode() + b"%")
    answer = b""
    while not answer.endswith(b"m-ready\r\n"):
        answer += client.port.read(client.port.in_waiting or 1)
    return answer.decode().split("\r\n")


def test_the_runner_reads_its_own_figures(image: Path) -> None:
    window = np.random.default_rng(0).integers(-128, 128, 300, dtype=np.int8).tobytes()
    with board_process("--image", str(image), "--mlperf-model", "kws01") as (_, url), Client(url) as client:
        client.reset()  # its first boot may have been over before the port was open
        client.hear("m-ready")
        assert "m-name-dut-[tinygate]" in ask(client, "name")
        assert "m-model-[kws01]" in ask(client, "profile")
        assert "m-[Expecting 300 bytes]" in ask(client, "db load 300")
        for start in range(0, 300, CHUNK):
            last = ask(client, "db " + window[start : start + CHUNK].hex())
        assert "m-load-done" in last
        lines = ask(client, "infer 5 2")
        laps = [int(line.removeprefix("m-lap-us-")) for line in lines if line.startswith("m-lap-us-")]
        assert laps[0] < laps[1]
        (results,) = (re.fullmatch(r"m-results-\[(.*)\]", line) for line in lines if "results" in line)
        assert results is not None
        hello = client.hello()
        output = np.frombuffer(client.infer([window]), np.int8).astype(float)
        real = (output - hello.output_zero_points[0]) * hello.output_scales[0]
        assert [f"{value:.3f}" for value in real] == results[1].split(",")
        assert client.ask(ArenaRequest()).used_bytes > 0


def test_without_the_option_nobody_answers_the_runner(image: Path) -> None:
    with board_process("--image", str(image)) as (_, url), Client(url) as client:
        client.hello()
        client.port.write(b"name%")
        assert client.port.read(9) == b""
