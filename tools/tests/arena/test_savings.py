"""What would lower the arena: computed, so that carrying it out saves what was said."""

from __future__ import annotations

import pytest
import small_models
from tflite_build import ModelBuilder

from tinygate.arena import ArenaPrediction, Saving, predict
from tinygate.arena.savings import savings
from tinygate.tflite import TfliteModel


def fan(order: str) -> TfliteModel:
    """Two branches of RELU, each large then small, added up; `order` says whether one is finished before the other."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 16), "int8", [0.1], [0])
    large = [build.tensor(f"large{i}", (1, 1600), "int8", [0.1], [0]) for i in range(2)]
    small = [build.tensor(f"small{i}", (1, 16), "int8", [0.1], [0]) for i in range(2)]
    y = build.tensor("y", (1, 16), "int8", [0.1], [0])
    steps = [([x], [large[0]]), ([large[0]], [small[0]]), ([x], [large[1]]), ([large[1]], [small[1]])]
    for number in map(int, order):
        build.operator("RELU", *steps[number])
    build.operator("ADD", small, [y])
    return small_models.reread(build.model([x], [y]))


def by_kind(model: TfliteModel, target: str = "reference32") -> tuple[ArenaPrediction, dict[str, Saving]]:
    prediction = predict(model, target)
    return prediction, {saving.kind: saving for saving in reversed(savings(model, prediction))}


def test_an_order_that_finishes_one_branch_first_is_found_and_saves_what_was_said() -> None:
    slow, found = by_kind(fan("0213"))
    fast = predict(fan("0123"), "reference32")
    saving = found["operator_order"]
    assert slow.used_bytes - saving.used_bytes == fast.used_bytes
    assert slow.minimum_bytes - saving.minimum_bytes == fast.minimum_bytes
    assert saving.sentence == "run the operators in the order 0, 2, 1, 3, 4"


def test_a_good_order_is_left_alone() -> None:
    assert "operator_order" not in by_kind(fan("0123"))[1]


@pytest.mark.parametrize("made", [small_models.stateful(), small_models.branching(), small_models.keeping_state()])
def test_the_order_of_what_keeps_state_is_left_alone(made: TfliteModel) -> None:
    assert "operator_order" not in by_kind(made)[1]


def test_writing_over_the_input_saves_a_tensor() -> None:
    prediction, found = by_kind(small_models.relu_chain(1600, 1600))
    assert prediction.head_bytes == 3200
    assert found["in_place"].used_bytes == 1600


def test_an_input_that_is_read_again_cannot_be_written_over() -> None:
    build = ModelBuilder()
    x, y, z = (build.tensor(name, (1, 64), "int8", [0.1], [0]) for name in "xyz")
    build.operator("RELU", [x], [y])
    build.operator("ADD", [x, y], [z])
    model = small_models.reread(build.model([x], [z]))
    sentences = [s.sentence for s in savings(model, predict(model, "esp32")) if s.kind == "in_place"]
    assert not any("operator 0" in sentence for sentence in sentences)


def test_a_smaller_intermediate_saves_half_of_itself_at_the_peak() -> None:
    _, found = by_kind(small_models.relu_chain(16, 3200, 16))
    assert found["smaller_intermediate"].used_bytes == 1600
    assert "tensor 1 (3,200 bytes)" in found["smaller_intermediate"].sentence


def test_weights_per_tensor_save_what_a_model_with_them_needs_less() -> None:
    per_channel, found = by_kind(small_models.dense(8, 64, per_channel=True), "esp32")
    per_tensor = predict(small_models.dense(8, 64), "esp32")
    saving = found["per_tensor"]
    assert per_channel.used_bytes - saving.used_bytes == per_tensor.used_bytes
    assert per_channel.minimum_bytes - saving.minimum_bytes == per_tensor.minimum_bytes


def test_an_output_that_is_a_constant_is_no_obstacle() -> None:
    build = ModelBuilder()
    x, y, z, w = (build.tensor(name, (1, 64), "int8", [0.1], [0]) for name in "xyzw")
    c = build.tensor("c", (1, 64), "int8", [0.1], [0], data=bytes(64))
    build.operator("RELU", [x], [y])
    build.operator("ADD", [y, c], [z])
    build.operator("RELU", [z], [w])
    assert "operator_order" not in by_kind(small_models.reread(build.model([x], [w, c])))[1]
