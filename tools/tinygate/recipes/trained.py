"""Every set of weights that a variant can start from: from which other set it is trained, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.recipes.hyperparameters import Hyperparameters
from tinygate.recipes.prune import train_pruned
from tinygate.recipes.train import Progress, train_float, train_qat
from tinygate.recipes.weights import Weights

PRUNED_PERCENT = (50, 70, 90)
FLOAT = "float_weights"


@dataclass(frozen=True)
class Trained:
    """A set of weights.

    Attributes:
        title: what is being done while it is trained.
        start: the set that it starts from; empty for random weights.
        train: from recipe, data, the start's weights (but for random ones), progress and task to weights.
        epochs: the name in Hyperparameters of how many there are.
        keeps_zeros: whether the zeros of its start stay.
    """

    title: str
    start: str
    train: Callable[..., dict[str, NDArray[np.float32]]]
    epochs: str
    keeps_zeros: bool = False


TRAINED: Mapping[str, Trained] = {
    FLOAT: Trained("train", "", train_float, "epochs"),
    "qat_weights": Trained("fine-tune int8", FLOAT, train_qat, "qat_epochs"),
    **{
        f"pruned{percent}_weights": Trained(
            f"prune {percent} %", FLOAT, partial(train_pruned, percent=percent), "pruning_epochs"
        )
        for percent in PRUNED_PERCENT
    },
    **{
        f"pruned{percent}_qat_weights": Trained(
            f"fine-tune int8, {percent} % zeros",
            f"pruned{percent}_weights",
            partial(train_qat, keep_zeros=True),
            "qat_epochs",
            keeps_zeros=True,
        )
        for percent in PRUNED_PERCENT
    },
}
"""Every set, each after the one it starts from."""


def wanted_for(names: Iterable[str]) -> tuple[str, ...]:
    """Return the sets that must be trained to have these, each after the one it starts from."""
    wanted, todo = {FLOAT}, list(names)
    while todo:
        name = todo.pop()
        wanted.add(name)
        todo += [TRAINED[name].start] if TRAINED[name].start else []
    return tuple(name for name in TRAINED if name in wanted)


def epochs_of(name: str, hyper: Hyperparameters) -> int:
    """Return how many epochs a set takes."""
    return int(getattr(hyper, TRAINED[name].epochs))


def train(
    name: str, recipe: Any, dataset: Dataset, weights: Mapping[str, Weights], progress: Progress, task: str
) -> dict[str, NDArray[np.float32]]:
    """Return a set of weights, by layer and name, each in the layer's own shape; `weights` holds the sets before it."""
    chosen = TRAINED[name]
    start = (weights[chosen.start],) if chosen.start else ()
    return chosen.train(recipe, dataset, *start, progress, task)
