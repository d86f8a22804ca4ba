"""The oracle: TensorFlow Lite Micro and LiteRT, each run in a process of its own."""

from tinygate.oracle.conversion import dequantize_outputs, quantize_inputs, quantize_tensor
from tinygate.oracle.oracle import ReferenceRun, run_litert, run_tflm, tflm_is_installed
from tinygate.oracle.suitable import hybrid_operator, run_suitable

__all__ = [
    "ReferenceRun",
    "dequantize_outputs",
    "hybrid_operator",
    "quantize_inputs",
    "quantize_tensor",
    "run_litert",
    "run_suitable",
    "run_tflm",
    "tflm_is_installed",
]
