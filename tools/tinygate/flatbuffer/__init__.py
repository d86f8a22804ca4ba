"""Reads .tflite files. The only package that knows the TensorFlow Lite schema."""

from tinygate.flatbuffer.model import (
    Buffer,
    Metadata,
    Operator,
    OperatorCode,
    Signature,
    Subgraph,
    Tensor,
    TfliteModel,
)
from tinygate.flatbuffer.reader import parse_model, read_model

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
