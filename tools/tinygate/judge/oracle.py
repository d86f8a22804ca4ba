"""What the oracle makes of a variant's whole test set: the truth that host figures and device parity rest on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Judged
from tinygate.judge.described import board_split
from tinygate.model.evaluation import evaluate, feed
from tinygate.model.folder import Variant
from tinygate.model.pinning import check_answers, located
from tinygate.oracle import ReferenceRun
from tinygate.tflite import TfliteModel


@dataclass(frozen=True)
class OracleRun:
    """One variant and its test set in the oracle.

    Attributes:
        tflite: the parsed model.
        fed: what the model is given: the test set, one array [N, ...] per input in the input's own type.
        resets: the windows before which state is reset; None for all of them.
        reference: raw outputs, and who computed them.
        judged: the windows with the answers in real units.
    """

    tflite: TfliteModel
    fed: tuple[NDArray[Any], ...]
    resets: tuple[int, ...] | None
    reference: ReferenceRun
    judged: Judged

    @property
    def inputs(self) -> NDArray[Any]:
        """What a model of one input is fed, [N, ...]."""
        return self.fed[0]

    @property
    def predictions(self) -> NDArray[np.int64]:
        """Predicted class per window, [N]."""
        return self.judged.classes


@cache
def run_oracle(variant: Variant) -> OracleRun:
    """Run a variant's whole test set through the oracle, once a process and, by content, once on this machine.

    Raises:
        ModelFileError: the artifact is not the pinned one, or the oracle refuses it.
        DataError: the data set is missing or altered, or not what the variant takes.
    """
    dataset = variant.model.dataset
    state, name = variant.model.config.state, f"variant {variant.name}"
    found = located(variant.path, lambda: evaluate(variant.content, dataset.test, name, state))
    check_answers(variant.model, variant.name, found.judged, dataset)
    return OracleRun(found.tflite, found.fed, found.resets, found.reference, found.judged)


@cache
def run_board_oracle(variant: Variant) -> OracleRun:
    """Run what a board is fed through the oracle, which is the truth that parity rests on; errors as `run_oracle`.

    Where a recipe describes its preprocessing these are the described steps' inputs, as an application makes them: the
    recipe's own may lie a rounding away. Else they are the recipe's.
    """
    model, own = variant.model, run_oracle(variant)
    split = board_split(model)
    name = f"variant {variant.name}"
    fed = feed(own.tflite, split, name)
    if all(np.array_equal(ours, theirs) for ours, theirs in zip(fed, own.fed, strict=True)):
        return own
    found = located(variant.path, lambda: evaluate(variant.content, split, name, model.config.state))
    return OracleRun(found.tflite, found.fed, found.resets, found.reference, found.judged)
