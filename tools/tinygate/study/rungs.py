"""Tells how a variant is compressed: by the method that model.toml names, else by what its file shows."""

from __future__ import annotations

from tinygate.packing.sparsity import sparsity
from tinygate.study.evidence import Rung
from tinygate.tflite import TfliteModel
from tinygate.tflm.operators import hybrid_operator

_OF_METHOD = {
    "float32": Rung.FLOAT, "dynamic_range": Rung.HYBRID, "ptq_int8": Rung.PTQ, "ptq_int8_per_tensor": Rung.PTQ,
    "ptq_int16x8": Rung.WIDE, "qat_int8": Rung.QAT,
}  # fmt: skip
PRUNED_FROM = 0.3
"""Share of zeros among the weights from which a model of unknown make counts as pruned."""


def rung_of(method: str, model: TfliteModel) -> Rung:
    """Return how a variant is compressed.

    Args:
        method: the method of recipes that made it, or the variant's name; any other word is no evidence.
        model: its file, which is asked when the method says nothing.
    """
    if method in _OF_METHOD:
        return _OF_METHOD[method]
    if method.startswith("pruned"):
        return Rung.PRUNED
    return _of_file(model)


def _of_file(model: TfliteModel) -> Rung:
    if hybrid_operator(model) is not None:
        return Rung.HYBRID
    types = {tensor.dtype for tensor in model.main.tensors if tensor.scales and not tensor.is_constant}
    if not types:
        return Rung.FLOAT
    if "int16" in types:
        return Rung.WIDE
    return Rung.PRUNED if sparsity(model)["all"] >= PRUNED_FROM else Rung.PTQ
