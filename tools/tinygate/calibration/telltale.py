"""What a .tflite alone betrays of its calibration: ranges that random numbers and untrained ranges leave behind."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tinygate.audit.finding import Severity
from tinygate.calibration.finding import LintFinding
from tinygate.compare.execution import is_affine
from tinygate.tflite import Tensor, TfliteModel

_UNIT_SCALE = 1 / 255
_QAT_SCALE = 12 / 255
_SHARE = 0.01
_NORMAL_REACH = (3.2, 5.6)  # the largest of a hundred to ten million normal numbers
_NORMAL_ZERO_POINT = 24
_ROUND_STEP = 0.5
_NEGATIVE_CODES = 20
_EXPLAINED = 0.05


def check_telltales(model: TfliteModel, name: str, span: tuple[float, float] | None = None) -> Iterator[LintFinding]:
    """TG-D030 uniform noise, TG-D031 normal noise, TG-D032 ranges that were never trained; int8 models only.

    `span` is what the training inputs reach, if they are known: a range that they explain is no telltale.
    """
    for tensor in _quantized_inputs(model):
        if is_affine(tensor) and tensor.dtype == "int8":
            yield from _input(tensor, f"{name}: input", span)
    yield from _untrained(model, name)


def _quantized_inputs(model: TfliteModel) -> Iterator[Tensor]:
    """Yield the inputs, and what QUANTIZE makes of those in floating point."""
    yield from model.inputs
    for operator in model.main.operators:
        if operator.name == "QUANTIZE" and set(operator.inputs) & set(model.main.inputs):
            yield from (model.main.tensors[index] for index in operator.outputs)


def _input(tensor: Tensor, place: str, span: tuple[float, float] | None) -> Iterator[LintFinding]:
    scale, zero_point = tensor.scales[0], tensor.zero_points[0]
    low, high = _ends(tensor)
    text = f"scale {scale:.6g}, zero point {zero_point}: {low:.4g} to {high:.4g}"
    suspicion: Severity | None = Severity.WARNING
    if span is not None and max(abs(low - span[0]), abs(high - span[1])) <= _EXPLAINED * (high - low):
        text += f", as the training inputs, {span[0]:.4g} to {span[1]:.4g}"
        suspicion = None
    uniform = abs(scale / _UNIT_SCALE - 1) < _SHARE and zero_point == -128
    yield LintFinding("TG-D030", suspicion if uniform else None, place, text)
    reach = _NORMAL_REACH[0] <= -low <= _NORMAL_REACH[1] and _NORMAL_REACH[0] <= high <= _NORMAL_REACH[1]
    normal = reach and abs(zero_point) <= _NORMAL_ZERO_POINT and not _is_round(high - low)
    yield LintFinding("TG-D031", suspicion if normal else None, place, text)
    if _is_six(tensor):
        yield LintFinding("TG-D032", suspicion, place, text)


def _untrained(model: TfliteModel, name: str) -> Iterator[LintFinding]:
    found = False
    for operator in model.main.operators:
        for index in operator.outputs:
            tensor = model.main.tensors[index]
            if not is_affine(tensor) or tensor.dtype != "int8":
                continue
            low, high = _ends(tensor)
            below = tensor.zero_points[0] + 128
            is_relu = getattr(operator.options, "activation", "NONE") in ("RELU", "RELU6")
            if _is_six(tensor) or (is_relu and below > _NEGATIVE_CODES):
                found = True
                severity = Severity.ERROR if _is_six(tensor) else Severity.WARNING
                text = f"{low:.4g} to {high:.4g}" + (f", {below} of 256 codes below 0 behind a ReLU" if is_relu else "")
                yield LintFinding("TG-D032", severity, f"{name}: operator {operator.index} {operator.name}", text)
    if not found:
        yield LintFinding("TG-D032", None, name, "no activation has a range that training left where it began")


def _ends(tensor: Tensor) -> tuple[float, float]:
    scale, zero_point = tensor.scales[0], tensor.zero_points[0]
    return scale * (-128 - zero_point), scale * (127 - zero_point)


def _is_six(tensor: Tensor) -> bool:
    return abs(tensor.scales[0] / _QAT_SCALE - 1) < 1e-3 and abs(tensor.zero_points[0]) <= 1


def _is_round(width: float) -> bool:
    """Whether a width is a multiple of a half: then somebody clipped there, and no random number did."""
    return math.isclose(width, round(width / _ROUND_STEP) * _ROUND_STEP, rel_tol=1e-5)
