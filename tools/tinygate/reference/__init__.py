"""The oracle: TensorFlow Lite Micro and LiteRT, each run in a process of its own."""

from tinygate.reference.conversion import dequantize_outputs, quantize_inputs
from tinygate.reference.oracle import ReferenceRun, run_litert, run_tflm, tflm_is_installed

__all__ = ["ReferenceRun", "dequantize_outputs", "quantize_inputs", "run_litert", "run_tflm", "tflm_is_installed"]
