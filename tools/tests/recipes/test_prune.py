"""Pruning leaves as many zeros as were asked for, in every kernel; fine-tuning leaves them; the answers stay."""

from __future__ import annotations

import numpy as np
import pytest
from test_train import DATASET, RECIPE, accuracy

from tinygate.recipes.trained import train

pytestmark = pytest.mark.train


def zeros(weights: dict[str, np.ndarray]) -> dict[str, float]:
    return {name: float((values == 0).mean()) for name, values in weights.items() if name.endswith("kernel")}


def steps(*names: str) -> dict[str, dict[str, np.ndarray]]:
    made: dict[str, dict[str, np.ndarray]] = {}
    for name in ("float_weights", *names):
        made[name] = train(name, RECIPE, DATASET, made, lambda _: None, "classification")
    return made


def test_so_many_weights_are_zero_in_every_kernel() -> None:
    made = steps("pruned50_weights", "pruned90_weights")
    for name, share in zeros(made["pruned50_weights"]).items():
        assert share == pytest.approx(0.5, abs=0.05), name
    for name, share in zeros(made["pruned90_weights"]).items():
        assert share >= 0.75, name  # of eight weights
    assert made["pruned50_weights"].keys() == made["float_weights"].keys()
    assert accuracy(made["pruned50_weights"]) > 0.9


def test_fine_tuning_leaves_every_zero_and_plain_fine_tuning_does_not() -> None:
    made = steps("pruned50_weights", "pruned50_qat_weights")
    pruned, tuned = made["pruned50_weights"], made["pruned50_qat_weights"]
    for name in zeros(pruned):
        assert (tuned[name][pruned[name] == 0] == 0).all(), name
        assert not np.array_equal(tuned[name], pruned[name])
    plain = train("qat_weights", RECIPE, DATASET, {"float_weights": pruned}, lambda _: None, "classification")
    assert sum(zeros(plain).values()) < sum(zeros(pruned).values())
