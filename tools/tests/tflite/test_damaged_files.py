"""No bytes crash the reader, hang it or make it eat memory: it returns a model or raises ModelFileError."""

from __future__ import annotations

import struct
import time
import tracemalloc
from typing import Any

import flatbuffers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_writer import write_model

from tinygate.errors import ModelFileError
from tinygate.tflite import TfliteModel, parse_model, read_model
from tinygate.tflite.edit import rewrite


def survives(data: bytes) -> bool:
    """Whether the data parse; any other exception than ModelFileError fails the test."""
    try:
        parse_model(data)
    except ModelFileError:
        return False
    return True


@pytest.fixture(scope="module")
def data(small_model: TfliteModel) -> bytes:
    return write_model(small_model)


def test_every_truncation_is_survived_and_losing_a_quarter_is_noticed(data: bytes) -> None:
    results = [survives(data[:size]) for size in range(len(data))]
    assert not any(results[: len(data) * 3 // 4])


def test_every_flip_of_a_whole_byte_is_survived(data: bytes) -> None:
    for place in range(len(data)):
        survives(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])


def test_every_offset_made_huge_cyclic_or_zero_is_survived(data: bytes) -> None:
    for place in range(0, len(data) - 4, 4):
        for value in (0, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, len(data) - place):
            survives(data[:place] + struct.pack("<I", value) + data[place + 4 :])


@settings(max_examples=300, deadline=None)
@given(seed=st.integers(0, 2**32), flips=st.integers(1, 40))
def test_random_damage_is_survived(data: bytes, seed: int, flips: int) -> None:
    rng = np.random.default_rng(seed)
    damaged = bytearray(data)
    for place in rng.integers(0, len(data), flips):
        damaged[place] = rng.integers(0, 256)
    survives(bytes(damaged))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_survived(noise: bytes) -> None:
    survives(noise)
    survives(b"\x10\x00\x00\x00TFL3" + noise)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 64, b"\xff" * 64, b"#!/bin/sh\nexit 0\n"])
def test_what_is_no_model_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(ModelFileError, match=r"\.tflite"):
        read_model(data)


def aliasing_file(tables: int, vector_bytes: int) -> bytes:
    """A buffers vector of `tables` offsets that all lead to one buffer table with one long data vector."""
    root = struct.pack("<HHHHHHH", 14, 8, 0, 0, 0, 0, 4)  # vtable: field 4 (buffers) at byte 4 of the table
    head = struct.pack("<I4s", 8 + len(root) + 2, b"TFL3") + root + b"\0\0"
    offset_of_vector = 4
    table = struct.pack("<iI", len(root) + 2, offset_of_vector)
    vector_at = len(head) + len(table)
    buffer_at = vector_at + 4 + 4 * tables + 8
    offsets = b"".join(struct.pack("<I", buffer_at - (vector_at + 4 + 4 * i)) for i in range(tables))
    vtable = struct.pack("<HHH2x", 6, 8, 4)
    buffer = struct.pack("<iI", 8, 4) + struct.pack("<I", vector_bytes) + bytes(vector_bytes)
    return head + table + struct.pack("<I", tables) + offsets + vtable + buffer


def test_the_aliasing_file_is_well_formed_while_it_is_small() -> None:
    assert len(parse_model(aliasing_file(3, 10)).buffers) == 3


def test_tables_that_share_one_long_vector_cost_no_more_than_the_file() -> None:
    data = aliasing_file(10_000, 1_000_000)
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(ModelFileError, match="share the same bytes"):
        parse_model(data)
    assert time.process_time() - started < 2
    assert tracemalloc.get_traced_memory()[1] < 20 * len(data)
    tracemalloc.stop()


def test_a_million_offsets_to_one_table_are_refused_at_once() -> None:
    started = time.process_time()
    with pytest.raises(ModelFileError, match="far beyond any model"):
        parse_model(aliasing_file(1_000_000, 10))
    assert time.process_time() - started < 1


def test_an_offset_that_tinygate_does_not_follow_is_checked_all_the_same(small_model: TfliteModel) -> None:
    data = bytearray(rewrite(write_model(small_model), add_custom_options))
    vector = data.index(b"needle") - 4
    offsets = [at for at in range(0, vector, 4) if at + struct.unpack_from("<I", data, at)[0] == vector]
    for at in offsets:
        struct.pack_into("<I", data, at, 0x80000000)
    assert offsets
    assert not survives(bytes(data))


def test_a_string_without_its_final_zero_is_refused(data: bytes) -> None:
    place = data.index(b"probabilities\0") + len("probabilities")
    with pytest.raises(ModelFileError, match="has no end"):
        parse_model(data[:place] + b"!" + data[place + 1 :])


def add_custom_options(model: Any) -> None:
    model.subgraphs[0].operators[0].customOptions = list(b"needle")


def test_numbers_that_many_tensors_share_are_decoded_a_limited_number_of_times() -> None:
    builder = flatbuffers.Builder(1024)
    tensor = table(builder, {7: builder.CreateNumpyVector(np.zeros(100_000, np.int32))})
    graph = table(builder, {0: offsets(builder, tensor, 4)})
    builder.Finish(table(builder, {2: offsets(builder, graph, 1)}), b"TFL3")
    with pytest.raises(ModelFileError, match=r"field 7 of tensor 2 .* share the same bytes"):
        parse_model(bytes(builder.Output()))


def test_an_operator_of_more_tensors_than_any_model_has_is_refused() -> None:
    builder = flatbuffers.Builder(1024)
    operator = table(builder, {1: builder.CreateNumpyVector(np.zeros(1001, np.int32))})
    graph = table(builder, {3: offsets(builder, operator, 1)})
    builder.Finish(table(builder, {2: offsets(builder, graph, 1)}), b"TFL3")
    with pytest.raises(ModelFileError, match="operator 0 with 1001 tensors"):
        parse_model(bytes(builder.Output()))


def table(builder: Any, fields: dict[int, int]) -> int:
    builder.StartObject(max(fields) + 1)
    for slot, offset in fields.items():
        builder.PrependUOffsetTRelativeSlot(slot, offset, 0)
    return int(builder.EndObject())


def offsets(builder: Any, offset: int, count: int) -> int:
    builder.StartVector(4, count, 4)
    for _ in range(count):
        builder.PrependUOffsetTRelative(offset)
    return int(builder.EndVector())
