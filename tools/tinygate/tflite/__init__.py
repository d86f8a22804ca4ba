"""Reads .tflite files. The only package that knows the TensorFlow Lite schema."""

from tinygate.tflite.model import (
    Buffer,
    Metadata,
    Operator,
    OperatorCode,
    Signature,
    Subgraph,
    Tensor,
    TfliteModel,
)
from tinygate.tflite.reader import parse_model, read_model

__all__ = [
    "Buffer",
    "Metadata",
    "Operator",
    "OperatorCode",
    "Signature",
    "Subgraph",
    "Tensor",
    "TfliteModel",
    "parse_model",
    "read_model",
]
