"""What a variant's name promises of its tensors."""

from __future__ import annotations

from tinygate.model.folder import Variant

WEIGHTED = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3, "FULLY_CONNECTED": 0}  # operator → channel dimension of its weights


def activation_type(variant: Variant) -> str:
    """Type of input, output and everything between: int8 and int16x8 in a name are a promise, else it is float32."""
    if "int16x8" in variant.name:
        return "int16"
    return "int8" if "int8" in variant.name else "float32"
