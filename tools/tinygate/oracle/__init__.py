"""The oracle: TensorFlow Lite Micro and LiteRT, each run in a process of its own."""

from tinygate.oracle.conversion import dequantize_outputs, quantize_inputs, quantize_tensor
from tinygate.oracle.oracle import ReferenceRun, run_litert, run_tflm, tflm_is_installed
from tinygate.oracle.state import keeps_state, resets_of
from tinygate.oracle.suitable import run_suitable
from tinygate.oracle.trial import refusal
from tinygate.tflm.operators import hybrid_operator

__all__ = [
    "ReferenceRun",
    "dequantize_outputs",
    "hybrid_operator",
    "keeps_state",
    "quantize_inputs",
    "quantize_tensor",
    "refusal",
    "resets_of",
    "run_litert",
    "run_suitable",
    "run_tflm",
    "tflm_is_installed",
]
