"""Predicted arenas: against measurements of TensorFlow Lite Micro, and what each kind of model must account for."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_models

from tinygate.arena import TARGETS, ArenaPrediction, predict
from tinygate.errors import ConfigError, ModelFileError
from tinygate.tflite import TfliteModel, read_model

ARTIFACTS = Path(__file__).parents[3] / "models" / "gesture" / "artifacts"
# Measured: esp-tflite-micro 1.4.0 compiled for a 32-bit Arm, with its reference kernels and with esp-nn's generic C;
# the minimum by bisection, one process per size (docs/arena.md).
MEASURED = {
    "float32": (10_552, 10_560),
    "ptq_int8": (4_060, 4_064),
    "ptq_int8_per_tensor": (3_996, 4_000),
    "ptq_int16x8": (8_268, 8_272),
    "qat_int8": (3_996, 4_000),
}
# The same on a Cortex-M4 with CMSIS-NN, as its firmware reported: used alone.
MEASURED_STM32F4 = {"float32": 9_888, "ptq_int8": 4_772, "ptq_int8_per_tensor": 4_708, "ptq_int16x8": 8_980}
EVERY_KIND = [
    small_models.relu_chain(16, 32, 16), small_models.convolution(), small_models.convolution(weights="int4"),
    small_models.dense(per_channel=True), small_models.branching(), small_models.stateful(),
    small_models.keeping_state(), small_models.planned_offline(0, 16, -1),
]  # fmt: skip


def gesture(artifact: str, target: str) -> ArenaPrediction:
    return predict(read_model((ARTIFACTS / f"{artifact}.tflite").read_bytes()), target)


@pytest.mark.parametrize("chip", ["reference32", "esp32", "esp32c3"])
@pytest.mark.parametrize("artifact", MEASURED)
def test_the_gesture_model_needs_what_was_measured(artifact: str, chip: str) -> None:
    prediction = gesture(artifact, chip)
    assert (prediction.used_bytes, prediction.minimum_bytes) == MEASURED[artifact]


@pytest.mark.parametrize("artifact", MEASURED_STM32F4)
def test_the_gesture_model_needs_on_a_cortex_m4_what_its_firmware_reported(artifact: str) -> None:
    assert gesture(artifact, "stm32f4").used_bytes == MEASURED_STM32F4[artifact]


@pytest.mark.parametrize("chip", TARGETS)
@pytest.mark.parametrize("made", EVERY_KIND)
def test_parts_add_up_and_no_two_live_buffers_overlap(made: TfliteModel, chip: str) -> None:
    prediction = predict(made, chip)
    assert prediction.used_bytes == prediction.head_bytes + prediction.tail_bytes <= prediction.minimum_bytes
    assert prediction.minimum_bytes % 16 == 0
    assert sum(prediction.by_kind().values()) == sum(prediction.by_operator().values()) == prediction.tail_bytes
    assert prediction.head_bytes == max((buffer.end_bytes for buffer in prediction.plan), default=0)
    buffers = prediction.plan
    for i, a in enumerate(buffers):
        for b in buffers[:i]:
            together = a.first_use <= b.last_use and b.first_use <= a.last_use
            assert not together or a.offset_bytes >= b.end_bytes or b.offset_bytes >= a.end_bytes


def test_a_chain_holds_two_tensors_at_once() -> None:
    prediction = predict(small_models.relu_chain(100, 200, 50), "reference32")
    assert prediction.head_bytes == 208 + 112
    assert [b.name for b in prediction.alive_at_peak] == ["t1", "t0"]
    assert prediction.peak_step == 1


def test_int4_weights_are_unpacked_into_scratch() -> None:
    packed, plain = (predict(small_models.convolution(4, weights), "esp32") for weights in ("int4", "int8"))
    assert packed.scratch_bytes - plain.scratch_bytes == 112  # 108 weights, one byte each
    (scratch,) = (buffer for buffer in packed.plan if buffer.is_scratch)
    assert "unpacked int4 weights" in scratch.name


def test_weights_per_channel_cost_a_dense_layer_two_factors_each() -> None:
    per_tensor, per_channel = (predict(small_models.dense(8, 8, per_channel=c), "esp32") for c in (False, True))
    assert per_channel.used_bytes - per_tensor.used_bytes == 2 * 32


def test_variable_tensors_are_persistent_and_not_planned() -> None:
    small, large = (predict(small_models.keeping_state(size), "esp32") for size in (16, 48))
    assert large.tail_bytes - small.tail_bytes == 32
    assert large.by_kind()["variable tensor"] >= 48
    assert "state" not in {buffer.name for buffer in large.plan}


def test_resource_variables_take_a_table_and_their_values_once() -> None:
    prediction = predict(small_models.stateful(), "reference32")
    assert prediction.by_kind()["resource variable"] == 2 * 48
    assert {buffer.name for buffer in prediction.plan} == {"x", "v", "y"}
    (note,) = prediction.notes
    assert "room for the model's 2" in note


def test_branches_are_planned_over_each_other_but_not_over_what_waits_for_them() -> None:
    prediction = predict(small_models.branching(), "reference32")
    assert [step.name for step in prediction.steps] == ["IF", "ADD", "MUL"]
    lives = {(b.subgraph, b.name): (b.first_use, b.last_use) for b in prediction.plan}
    assert lives[0, "x"] == (0, 5)
    assert lives[0, "y"] == (1, 5)
    assert lives[1, "a"] == (2, 3)
    assert lives[2, "a"] == (4, 5)


def test_places_given_in_the_file_are_kept() -> None:
    prediction = predict(small_models.planned_offline(160, 0, -1), "reference32")
    assert [buffer.offset_bytes for buffer in prediction.plan] == [160, 0, 16]
    assert prediction.head_bytes == 176


def test_an_offline_plan_for_another_model_is_refused() -> None:
    model = small_models.planned_offline(0, 16, 32)
    graph = model.main
    one_less = TfliteModel(
        **{
            **vars(model),
            "subgraphs": (
                type(graph)(
                    **{**vars(graph), "tensors": graph.tensors[:2], "operators": graph.operators[:1], "outputs": (1,)}
                ),
            ),
        }
    )
    with pytest.raises(ModelFileError, match="offline memory plan"):
        predict(one_less, "esp32")


def test_what_is_not_known_is_named_and_the_numbers_are_lower_bounds() -> None:
    prediction = predict(small_models.unknown_operator(), "esp32")
    assert not prediction.exact
    assert prediction.unknown == ("operator SomebodysOwn is not known: what its kernel takes is not counted",)
    assert prediction.used_bytes > prediction.head_bytes == 32


def test_a_softmax_of_one_dimension_is_not_exact_with_esp_nn_alone() -> None:
    model = small_models.dense()
    graph = model.main
    tensors = tuple(type(t)(**{**vars(t), "shape": t.shape[1:]}) if t.name in "yp" else t for t in graph.tensors)
    flat = TfliteModel(**{**vars(model), "subgraphs": (type(graph)(**{**vars(graph), "tensors": tensors}),)})
    assert predict(flat, "reference32").exact
    assert not predict(flat, "esp32").exact


def test_the_chips_differ_by_their_scratch_buffers() -> None:
    model = small_models.convolution(16, size=16)
    scratch = {target: predict(model, target).scratch_bytes for target in ("esp32", "esp32s3", "esp32p4", "stm32f4")}
    assert scratch["esp32"] == 0
    assert len(set(scratch.values())) == 4


@pytest.mark.parametrize(
    ("made", "words"),
    [
        pytest.param(small_models.circular(), "in a circle", id="a-graph-that-runs-itself"),
        pytest.param(small_models.relu_chain(16, -1), "open dimensions", id="an-open-dimension"),
    ],
)
def test_a_model_that_no_arena_can_hold_is_refused_in_a_sentence(made: TfliteModel, words: str) -> None:
    with pytest.raises(ModelFileError, match=words):
        predict(made, "esp32")


def test_an_unknown_target_is_refused_with_the_choices() -> None:
    with pytest.raises(ConfigError, match="esp32p4"):
        predict(small_models.dense(), "esp99")
