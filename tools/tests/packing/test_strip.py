"""Stripping removes what no device needs and nothing else: same outputs, same arena, no new finding."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from moving_model import moving_model
from sound_model import sound_model
from stateful_models import moving_sum, running_total
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.arena import predict
from tinygate.audit import audit
from tinygate.cli.main import main
from tinygate.errors import ModelFileError
from tinygate.model.evaluation import feed
from tinygate.model.folder import load_model
from tinygate.packing.breakdown import breakdown
from tinygate.packing.check import check_same_outputs
from tinygate.packing.strip import strip
from tinygate.tflite import Buffer, Metadata, Signature, read_model
from tinygate.tflite.edit import rewrite

MODELS = {
    "cnn": sound_model, "moves": moving_model, "svdf": moving_sum, "variable": running_total,
    "call_once": lambda: running_total(2.0),
}  # fmt: skip
GESTURE = load_model(Path("models/gesture"))
NOT_NEEDED = ("names", "metadata", "ranges", "unused buffers", "left over")


def two_inputs() -> ModelBuilder:
    build = ModelBuilder()
    x, y, z = (build.tensor(name, (1, 2), "float32") for name in ("left", "right", "sum"))
    build.operator("ADD", [x, y], [z])
    return build


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_outputs_stay_and_bytes_go(make: object) -> None:
    content = make()  # type: ignore[operator]
    stripped = strip(content)
    assert len(stripped) < len(content)
    assert "random windows in" in check_same_outputs(content, stripped)
    assert all(breakdown(stripped)[purpose] == 0 for purpose in NOT_NEEDED)


@pytest.mark.parametrize("name", ["float32", "ptq_int8", "ptq_int16x8", "dynamic_range"])
def test_outputs_stay_on_a_whole_test_set(name: str) -> None:
    content = GESTURE.variant(name).content
    fed = feed(read_model(content), GESTURE.dataset.test, name)
    assert check_same_outputs(content, strip(content), fed).startswith("1,526 windows of the data in")


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_stripped_again_it_stays_as_it_is(make: object) -> None:
    stripped = strip(make())  # type: ignore[operator]
    assert strip(stripped) == stripped


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("target", ["esp32", "stm32f4", "wheel64"])
def test_the_arena_stays(make: object, target: str) -> None:
    content = make()  # type: ignore[operator]
    before, after = (predict(read_model(each), target) for each in (content, strip(content)))
    assert (before.used_bytes, before.minimum_bytes) == (after.used_bytes, after.minimum_bytes)


@pytest.mark.parametrize("content", [sound_model(), *(v.content for v in GESTURE.variants)])
def test_the_audit_finds_nothing_new(content: bytes) -> None:
    before, after = (Counter(finding.code for finding in audit(each).findings) for each in (content, strip(content)))
    assert not after - before


def test_constants_stay_aligned() -> None:
    for buffer in read_model(strip(sound_model())).buffers:
        assert buffer.offset_bytes % 16 == 0


def test_what_hosts_read_is_gone() -> None:
    build = two_inputs()
    model = build.model([0, 1], [2])
    extended = replace(
        model,
        description="converted",
        buffers=(*model.buffers, Buffer(b"unused", 0), Buffer(b"1.2.3", 0)),
        metadata=(Metadata("min_runtime_version", 2),),
        signatures=(Signature("serving_default", 0, (("a", 0), ("b", 1)), (("c", 2),)),),
    )
    stripped = read_model(strip(write_model(extended)))
    assert (stripped.description, stripped.metadata, stripped.signatures) == ("", (), ())
    assert len(stripped.buffers) == 1


def test_several_inputs_keep_their_names_and_one_output_does_not() -> None:
    stripped = read_model(strip(write_model(two_inputs().model([0, 1], [2]))))
    assert [tensor.name for tensor in stripped.main.tensors] == ["left", "right", ""]


def test_a_plan_for_the_arena_is_no_metadata_to_lose() -> None:
    model = two_inputs().model([0, 1], [2])
    plan = np.array([1, 0, 3, 0, 16, 32], np.int32).tobytes()
    planned = replace(
        model,
        buffers=(*model.buffers, Buffer(b"unused", 0), Buffer(plan, 0)),
        metadata=(Metadata("OfflineMemoryAllocation", 2),),
    )
    stripped = read_model(strip(write_model(planned)))
    (entry,) = stripped.metadata
    assert (entry.name, stripped.buffers[entry.buffer].data) == ("OfflineMemoryAllocation", plan)


def test_compressed_tensors_are_refused() -> None:
    model = two_inputs().model([0, 1], [2])
    compressed = replace(
        model,
        buffers=(*model.buffers, Buffer(b"table", 0)),
        metadata=(Metadata("COMPRESSION_METADATA", 1),),
    )
    with pytest.raises(ModelFileError, match="compressed"):
        strip(write_model(compressed))


def test_ranges_of_the_converter_go() -> None:
    def ranged(model: object) -> None:
        tensor = model.subgraphs[0].tensors[0]  # type: ignore[attr-defined]
        tensor.quantization.min, tensor.quantization.max = [-1.0], [1.0]

    content = rewrite(sound_model(), ranged)
    assert breakdown(content)["ranges"] > 0
    assert breakdown(strip(content))["ranges"] == 0


def test_an_open_dimension_stays_open() -> None:
    build = two_inputs()
    build.tensors[0] = replace(build.tensors[0], shape_signature=(-1, 2))
    build.tensors[1] = replace(build.tensors[1], shape_signature=(1, 2))
    tensors = read_model(strip(write_model(build.model([0, 1], [2])))).main.tensors
    assert [tensor.shape_signature for tensor in tensors] == [(-1, 2), (), ()]


def test_what_only_hosts_run_is_proven_there() -> None:
    build = ModelBuilder()
    x, y, z = (build.tensor(name, (1, 2), "float32") for name in ("base", "exponent", "power"))
    build.operator("POW", [x, y], [z])
    content = write_model(build.model([x, y], [z]))
    assert "random windows in litert-ref" in check_same_outputs(content, strip(content))


def test_what_nothing_runs_is_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 2), "float32") for name in ("in", "out"))
    build.operator("NobodysOperator", [x], [y])
    (tmp_path / "in.tflite").write_bytes(write_model(build.model([x], [y])))
    code, _, error = run(capsys, tmp_path / "in.tflite", "--output", tmp_path / "out.tflite")
    assert (code, (tmp_path / "out.tflite").exists()) == (2, False)
    assert "no oracle runs it" in error


def test_a_changed_weight_is_noticed() -> None:
    def damaged(model: object) -> None:
        buffer = max(model.buffers, key=lambda each: 0 if each.data is None else len(each.data))  # type: ignore[attr-defined]
        buffer.data = buffer.data[::-1]

    with pytest.raises(ModelFileError, match="output 0 differs"):
        check_same_outputs(sound_model(), rewrite(strip(sound_model()), damaged))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    sys.argv = ["tinygate", "strip", *map(str, words)]
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_command_writes_what_it_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.tflite").write_bytes(sound_model())
    code, said, _ = run(capsys, tmp_path / "in.tflite", "--output", tmp_path / "out.tflite")
    assert code == 0
    assert "outputs are the same, bit for bit, on 32 random windows" in said
    assert (tmp_path / "out.tflite").read_bytes() == strip(sound_model())


def test_the_command_holds_it_against_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.tflite").write_bytes(sound_model())
    np.savez(tmp_path / "eval.npz", test_inputs=np.zeros((5, 50, 1, 6), np.float32))
    words = ("--output", tmp_path / "out.tflite", "--data", tmp_path / "eval.npz")
    assert "on 5 windows of the data" in run(capsys, tmp_path / "in.tflite", *words)[1]


def test_without_output_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.tflite").write_bytes(sound_model())
    code, said, _ = run(capsys, tmp_path / "in.tflite", "--json")
    found = json.loads(said)
    assert (code, list(tmp_path.iterdir())) == (0, [tmp_path / "in.tflite"])
    assert sum(purpose["stripped_bytes"] for purpose in found["purposes"].values()) == found["stripped_bytes"]


def test_the_model_is_never_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.tflite").write_bytes(sound_model())
    code, _, error = run(capsys, tmp_path / "in.tflite", "--output", tmp_path / "in.tflite")
    assert (code, (tmp_path / "in.tflite").read_bytes()) == (2, sound_model())
    assert "that is the model itself" in error


def test_a_damaged_file_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.tflite").write_bytes(sound_model()[:200])
    code, _, error = run(capsys, tmp_path / "in.tflite", "--output", tmp_path / "out.tflite")
    assert (code, error.count("\n"), (tmp_path / "out.tflite").exists()) == (2, 1, False)
