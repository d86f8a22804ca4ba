"""What the oracle makes of a variant's whole test set: the truth that host accuracy and device parity rest on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.model.folder import Variant
from tinygate.oracle import ReferenceRun, predicted_classes, quantize_inputs, run_suitable
from tinygate.tflite import TfliteModel, read_model


@dataclass(frozen=True)
class OracleRun:
    """One variant and its test set in the oracle.

    Attributes:
        tflite: the parsed model.
        inputs: the test set as the model takes it, [N, ...] in its input type: the bytes a board must be given.
        labels: the true classes, [N].
        reference: raw outputs [N, classes], and who computed them.
    """

    tflite: TfliteModel
    inputs: NDArray[Any]
    labels: NDArray[np.int64]
    reference: ReferenceRun

    @property
    def predictions(self) -> NDArray[np.int64]:
        """Predicted class per window, [N]."""
        return predicted_classes(self.reference.outputs)

    @property
    def accuracy_percent(self) -> float:
        """Share of windows classified rightly, 0 to 100."""
        return float((self.predictions == self.labels).mean() * 100)


@cache
def test_inputs(variant: Variant) -> NDArray[Any]:
    """Return the test set as a variant takes it, [N, ...] in its input type, quantized once a process."""
    return quantize_inputs(read_model(variant.content), variant.model.dataset.test.inputs)


@cache
def run_oracle(variant: Variant) -> OracleRun:
    """Run a variant's whole test set through the oracle, once a process and, by content, once on this machine.

    Raises:
        ModelFileError: the artifact is not the pinned one, or the oracle refuses it.
        DataError: the data set is missing or altered.
    """
    tflite = read_model(variant.content)
    inputs = test_inputs(variant)
    return OracleRun(tflite, inputs, variant.model.dataset.test.labels, run_suitable(variant.content, inputs))
