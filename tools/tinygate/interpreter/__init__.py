"""An exact interpreter of int8 and 16x8 models in NumPy: every layer bit for bit what TFLM's kernels return.

It exists so that a mismatch on a board can be explained: which operator, which element, which rounding.

    run = interpret(read_model(data), codes)
    run.outputs, run.tensors[7]
"""

from tinygate.interpreter.execution import Interpretation, interpret
from tinygate.interpreter.rounding import Rounding

__all__ = ["Interpretation", "Rounding", "interpret"]
