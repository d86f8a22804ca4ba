"""The device protocol over the serial port of a booted board."""

from __future__ import annotations

import os
import random

import numpy as np
from board_client import Client

from tinygate.arena import predict
from tinygate.oracle import run_tflm
from tinygate.protocol import ArenaRequest, BenchRequest, LayoutRequest, ProfileRequest, RestartRequest
from tinygate.tflite import read_model


def windows_of(client: Client, count: int) -> list[bytes]:
    source, size = random.Random(1), client.hello().window_bytes
    return [source.randbytes(size) for _ in range(count)]


def test_hello_says_that_the_board_is_virtual_and_has_no_clock(client: Client) -> None:
    hello = client.hello()
    assert (hello.emulated, hello.timing, hello.cpu_mhz, hello.target) == ("virtual", "none", 0, "esp32")


def test_outputs_are_the_oracles_and_the_arena_is_the_chips(client: Client, tflite: bytes) -> None:
    windows = windows_of(client, 100)
    inputs = np.frombuffer(b"".join(windows), np.int8).reshape(100, *client.session.hello.inputs[0].shape[1:])
    expected = run_tflm(tflite, inputs, use_cache=False)
    assert client.infer(windows) == expected.outputs.tobytes()
    arena = client.ask(ArenaRequest())
    assert (arena.used_bytes, arena.pointer_bits) == (predict(read_model(tflite), "esp32").used_bytes, 32)
    assert arena.used_bytes < expected.arena_used_bytes


def test_a_thousand_windows_stream_through(client: Client) -> None:
    windows = windows_of(client, 1000)
    assert len(client.infer(windows)) == 1000 * client.session.hello.result_bytes


def test_a_bench_carries_no_time(client: Client) -> None:
    client.hello()
    bench = client.ask(BenchRequest(1, 3))
    assert (bench.invocations, bench.cycles, bench.latency_us) == (3, (), ())


def test_a_profile_names_operators_without_ticks(client: Client) -> None:
    client.hello()
    profile = client.ask(ProfileRequest())
    assert "CONV_2D" in profile.operators
    assert profile.ticks == ()


def test_the_layout_is_that_of_the_chip(client: Client) -> None:
    client.hello()
    layout = client.ask(LayoutRequest())
    assert dict(zip(layout.names, layout.sizes, strict=True))["TfLiteEvalTensor"] == 12


def test_a_megabyte_of_garbage_is_survived(client: Client) -> None:
    client.port.write(os.urandom(1_000_000) + b"\n")
    assert client.hello().model_status == "ok"


def test_every_boot_draws_a_new_boot_id(client: Client) -> None:
    client.hello()
    first = client.session.boot_id
    client.reset()
    client.hello()
    assert client.session.boot_id != first


def test_a_restart_can_configure_a_smaller_arena_for_one_boot(client: Client) -> None:
    client.hello()
    client.ask(RestartRequest(3904))
    refused = client.hello()
    assert (refused.model_status, refused.arena_configured_bytes) == ("arena_too_small", 3904)
    assert refused.reset_reason == "sw"
    client.ask(RestartRequest())
    assert client.hello().model_status == "ok"


def test_an_interpreter_that_faults_is_a_panic_and_a_reset(client: Client) -> None:
    client.hello()
    client.ask(RestartRequest(16))  # an arena in which TFLM does not even return an error
    console = client.hear("rst:0xc (SW_CPU_RESET)", times=2)
    assert "Guru Meditation Error: Core  0 panic'ed (LoadProhibited)" in console
    assert "Rebooting..." in console
    assert client.hello().reset_reason == "panic"
