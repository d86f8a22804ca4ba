"""Which runtime can be the truth for a model: TensorFlow Lite Micro, unless it refuses the model by design.

TFLM refuses hybrid operators, integer weights on floating-point inputs, which dynamic-range quantization makes: its
kernels have no path for them. Such a model runs on hosts only, and LiteRT's reference kernels judge it there.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from numpy.typing import NDArray

from tinygate.oracle.oracle import ReferenceRun, run_litert, run_tflm
from tinygate.tflite import read_model
from tinygate.tflm.operators import hybrid_operator


def run_suitable(
    content: bytes, inputs: NDArray[Any] | Sequence[NDArray[Any]], resets: Collection[int] | None = None
) -> ReferenceRun:
    """Run every sample of `inputs` [N, ...] through TFLM, or LiteRT's reference kernels if it has hybrid operators.

    Arguments and errors as for `run_tflm`; `oracle` of the result says who computed.
    """
    run = run_tflm if hybrid_operator(read_model(content)) is None else run_litert
    return run(content, inputs, resets=resets)
