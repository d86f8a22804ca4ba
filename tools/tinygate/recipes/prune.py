"""Prunes a trained model: more and more of its smallest weights become zero while the others learn to do without them.

The schedule is tfmot's polynomial one, from INITIAL_SPARSITY to what is asked for. Zeros save bytes only where
something packs them: a .tflite is as large as before, and so are arena and time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.recipes.framework import framework
from tinygate.recipes.hyperparameters import Hyperparameters
from tinygate.recipes.train import Progress, deployed, epoch_of, imitate
from tinygate.recipes.weights import Weights, get_weights

INITIAL_SPARSITY = 0.3
_SHARE_OF_STEPS = 0.75  # in which zeros are chosen; then only the weights that are left are trained
_CHOICES = 40  # how often zeros are chosen anew


def train_pruned(
    recipe: Any,
    dataset: Dataset,
    weights: Weights,
    progress: Progress,
    task: str = "classification",
    *,
    percent: int,
) -> dict[str, NDArray[np.float32]]:
    """Return float weights of which `percent` in a hundred of every kernel are zero, each in its layer's shape.

    The pruned model learns to answer as the one with `weights` does.
    """
    framework().keras.backend.clear_session()
    sparsity, pace = framework().tfmot.sparsity.keras, _pace(recipe.TRAINING)
    student = sparsity.prune_low_magnitude(deployed(recipe, weights), _schedule(recipe, dataset, pace, percent, task))
    steps = sparsity.UpdatePruningStep()
    steps.set_model(student)
    steps.on_train_begin()
    teacher = deployed(recipe, weights)

    def begin() -> None:
        steps.on_train_batch_begin(0)

    imitate(recipe, dataset, student, teacher, progress, task, pace=pace, before_step=begin)
    steps.on_epoch_end(0)  # zeros what the last step moved
    plain = deployed(recipe, weights)
    plain.set_weights(sparsity.strip_pruning(student).get_weights())
    return get_weights(plain)


def _pace(hyper: Hyperparameters) -> Hyperparameters:
    """Return how fast to train while pruning; an average of weights of which other ones were zero has no zeros."""
    return replace(
        hyper,
        epochs=hyper.pruning_epochs,
        learning_rate=hyper.pruning_learning_rate,
        weight_decay=0.0,
        ema_decay=0.0,
    )


def _schedule(recipe: Any, dataset: Dataset, pace: Hyperparameters, percent: int, task: str) -> Any:
    windows = len(epoch_of(recipe, dataset, task)(np.random.default_rng(pace.seed))[0])
    steps = pace.epochs * (windows // min(pace.batch_size, windows))
    last = max(1, int(_SHARE_OF_STEPS * steps))
    return framework().tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=INITIAL_SPARSITY,
        final_sparsity=percent / 100,
        begin_step=0,
        end_step=last,
        frequency=max(1, last // _CHOICES),
    )
