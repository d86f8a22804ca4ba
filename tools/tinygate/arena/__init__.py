"""How large the tensor arena must be, computed from the .tflite file alone (docs/arena.md)."""

from tinygate.arena.layout import Layout, as_json, differences, load_layout
from tinygate.arena.predict import predict
from tinygate.arena.prediction import ArenaPrediction, PlannedBuffer, Saving
from tinygate.arena.targets import TARGETS

__all__ = [
    "TARGETS",
    "ArenaPrediction",
    "Layout",
    "PlannedBuffer",
    "Saving",
    "as_json",
    "differences",
    "load_layout",
    "predict",
]
