"""Every way to damage a quantized model that we know of is found, at its place, by the rule that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sound_model import sound_model

from tinygate.audit import AuditFinding, audit
from tinygate.tflite import read_model
from tinygate.tflite.edit import rewrite

SOUND = sound_model()

Change = Callable[[Any, "Places"], None]


class Places:
    """Where things are in the sound model: first convolution with its tensors, pool, matrix product, softmax."""

    def __init__(self, data: bytes) -> None:
        self.model = read_model(data)
        operators = self.model.main.operators
        self.conv = next(op for op in operators if op.name == "CONV_2D")
        self.pool = next(op for op in operators if op.name == "MAX_POOL_2D")
        self.depthwise = next(op for op in operators if op.name == "DEPTHWISE_CONV_2D")
        self.dense = next(op for op in operators if op.name == "FULLY_CONNECTED")
        self.softmax = next(op for op in operators if op.name == "SOFTMAX")
        self.input, self.weights, self.bias = self.conv.inputs
        (self.features,) = self.conv.outputs
        (self.pooled,) = self.pool.outputs
        self.axes = next(op for op in operators if op.name == "MEAN").inputs[1]
        self.mean = self.dense.inputs[0]
        (self.logits,) = self.dense.outputs
        (self.output,) = self.softmax.outputs


PLACES = Places(SOUND)
P = PLACES


def scale(tensor: int, factor: float, channel: int = 0) -> Change:
    def change(graph: Any, places: Places) -> None:
        values = np.array(graph.tensors[tensor].quantization.scale, np.float32)
        values[channel] = factor if factor in (0.0,) or not np.isfinite(factor) else values[channel] * factor
        graph.tensors[tensor].quantization.scale = values

    return change


def zero_point(tensor: int, *values: int) -> Change:
    def change(graph: Any, places: Places) -> None:
        count = len(graph.tensors[tensor].quantization.zeroPoint)
        graph.tensors[tensor].quantization.zeroPoint = list(values) if len(values) > 1 else list(values) * count

    return change


def of_tensor(tensor: int, **attributes: Any) -> Change:
    def change(graph: Any, places: Places) -> None:
        for name, value in attributes.items():
            setattr(graph.tensors[tensor], name, value)

    return change


def of_options(operator: int, **attributes: Any) -> Change:
    def change(graph: Any, places: Places) -> None:
        for name, value in attributes.items():
            setattr(graph.operators[operator].builtinOptions, name, value)

    return change


def of_operator(operator: int, **attributes: Any) -> Change:
    def change(graph: Any, places: Places) -> None:
        for name, value in attributes.items():
            setattr(graph.operators[operator], name, value)

    return change


def axis(tensor: int, dimension: int) -> Change:
    def change(graph: Any, places: Places) -> None:
        graph.tensors[tensor].quantization.quantizedDimension = dimension

    return change


def recorded(tensor: int, low: float, high: float) -> Change:
    def change(graph: Any, places: Places) -> None:
        graph.tensors[tensor].quantization.min = [low]
        graph.tensors[tensor].quantization.max = [high]

    return change


def without_quantization(tensor: int) -> Change:
    return of_tensor(tensor, quantization=None)


def swapped_operators(graph: Any, places: Places) -> None:
    graph.operators[0], graph.operators[1] = graph.operators[1], graph.operators[0]


CORRUPTIONS: list[tuple[str, Change, str, int]] = [
    ("scale 0", scale(P.features, 0.0), "TG-Q001", P.features),
    ("scale NaN", scale(P.features, float("nan")), "TG-Q001", P.features),
    ("scale infinite", scale(P.input, float("inf")), "TG-Q001", P.input),
    ("scale negative", scale(P.logits, -1.0), "TG-Q001", P.logits),
    ("one channel scale negative", scale(P.weights, -1.0, 5), "TG-Q001", P.weights),
    ("scale subnormal", scale(P.input, 1e-40), "TG-Q001", P.input),
    ("activation zero point 128", zero_point(P.input, 128), "TG-Q002", P.input),
    ("activation zero point -129", zero_point(P.logits, -129), "TG-Q002", P.logits),
    ("weight zero point", zero_point(P.weights, 3), "TG-Q003", P.weights),
    ("weight zero point of one channel", zero_point(P.weights, *([0] * 7 + [1] + [0] * 8)), "TG-Q003", P.weights),
    ("weight axis 3", axis(P.weights, 3), "TG-Q004", P.weights),
    ("bias axis 1", axis(P.bias, 1), "TG-Q004", P.bias),
    ("bias axis -1", axis(P.bias, -1), "TG-Q004", P.bias),
    ("bias axis 7", axis(P.bias, 7), "TG-Q004", P.bias),
    ("bias without quantization", without_quantization(P.bias), "TG-Q053", P.bias),
    ("variable weights", of_tensor(P.weights, isVariable=True), "TG-Q038", P.weights),
    ("batch open in one tensor", of_tensor(P.features, shapeSignature=[-1, 50, 1, 16]), "TG-Q055", P.features),
    ("batch open at the input", of_tensor(P.input, shapeSignature=[-1, 50, 1, 6]), "TG-Q055", P.input),
    ("weight axis 9", axis(P.weights, 9), "TG-Q004", P.weights),
    ("bias scale doubled", scale(P.bias, 2.0, 3), "TG-Q005", P.bias),
    ("weight scale of one channel", scale(P.weights, 1.01, 3), "TG-Q005", P.bias),
    ("input scale", scale(P.input, 0.5), "TG-Q005", P.bias),
    ("output scale shifted, before a pool", scale(P.features, 1.25), "TG-Q010", P.pooled),
    ("pool output scale", scale(P.pooled, 1.5), "TG-Q010", P.pooled),
    ("pool output zero point", zero_point(P.pooled, -100), "TG-Q010", P.pooled),
    ("softmax scale", scale(P.output, 2.0), "TG-Q009", P.output),
    ("softmax zero point", zero_point(P.output, 0), "TG-Q009", P.output),
    ("relu zero point", zero_point(P.features, -43), "TG-Q011", P.features),
    ("logits scale far too small", scale(P.logits, 1e-4), "TG-Q028", P.logits),
    ("logits that say nothing", scale(P.logits, 0.003), "TG-Q052", P.logits),
    ("logits int32", of_tensor(P.logits, type=2), "TG-Q030", P.logits),
    ("probabilities int32", of_tensor(P.output, type=2), "TG-Q030", P.output),
    ("input int16", of_tensor(P.input, type=7), "TG-Q030", P.input),
    ("input uint8", of_tensor(P.input, type=3), "TG-Q030", P.input),
    ("input of another depth", of_tensor(P.input, shape=[1, 50, 1, 7]), "TG-Q029", P.input),
    ("logits scale too small", scale(P.logits, 0.003), "TG-Q050", P.logits),
    ("mean scale far too large", scale(P.mean, 10.0), "TG-Q035", P.mean),
    ("mean scale far too small", scale(P.mean, 0.001), "TG-Q050", P.mean),
    ("logits scale far too large", scale(P.logits, 300.0), "TG-Q035", P.logits),
    ("logits scale absurd", scale(P.logits, 1e12), "TG-Q008", P.logits),
    ("fused tanh", of_options(P.conv.index, fusedActivationFunction=4), "TG-Q012", -1),
    ("fused activation unknown", of_options(P.conv.index, fusedActivationFunction=77), "TG-Q012", -1),
    ("float input", of_tensor(P.input, type=0), "TG-Q014", P.input),
    ("float weights", of_tensor(P.weights, type=0), "TG-Q024", P.weights),
    ("int16 output", of_tensor(P.pooled, type=7), "TG-Q030", P.pooled),
    ("type unknown", of_tensor(P.features, type=99), "TG-Q046", P.features),
    ("bias float", of_tensor(P.bias, type=0), "TG-Q027", P.bias),
    ("bias zero point", zero_point(P.bias, 1), "TG-Q027", P.bias),
    ("bias cut short", of_tensor(P.bias, shape=[15]), "TG-Q027", P.bias),
    ("weights without quantization", without_quantization(P.weights), "TG-Q036", P.weights),
    ("input without quantization", without_quantization(P.input), "TG-Q036", P.input),
    ("probabilities without quantization", without_quantization(P.output), "TG-Q036", P.output),
    ("pool input without quantization", without_quantization(P.features), "TG-Q036", P.features),
    ("weights' buffer taken away", of_tensor(P.weights, buffer=0), "TG-Q032", P.weights),
    ("weights' buffer swapped", of_tensor(P.weights, buffer=P.model.main.tensors[P.bias].buffer), "TG-Q024", P.weights),
    ("buffer dangling", of_tensor(P.weights, buffer=4_000_000), "TG-Q023", P.weights),
    ("weights of another shape", of_tensor(P.weights, shape=[16, 7, 1, 5]), "TG-Q024", P.weights),
    ("weights transposed", of_tensor(P.weights, shape=[16, 7, 6, 1]), "TG-Q029", P.weights),
    ("output of another shape", of_tensor(P.features, shape=[1, 99, 1, 16]), "TG-Q029", P.features),
    ("shape negative", of_tensor(P.features, shape=[1, -50, 1, 16]), "TG-Q046", P.features),
    ("shape huge", of_tensor(P.features, shape=[2**31 - 1] * 4), "TG-Q029", P.features),
    ("shape of rank 0", of_tensor(P.features, shape=[]), "TG-Q029", P.weights),
    ("stride 0", of_options(P.conv.index, strideH=0), "TG-Q040", -1),
    ("dilation negative", of_options(P.conv.index, dilationHFactor=-1), "TG-Q040", -1),
    ("no options", of_operator(P.conv.index, builtinOptionsType=0, builtinOptions=None), "TG-Q040", -1),
    ("beta 0", of_options(P.softmax.index, beta=0.0), "TG-Q040", -1),
    ("depth multiplier", of_options(P.depthwise.index, depthMultiplier=3), "TG-Q029", P.depthwise.inputs[1]),
    ("recorded range", recorded(P.input, -3.0, 9.0), "TG-Q051", P.input),
    ("recorded range upside down", recorded(P.input, 3.8, -3.8), "TG-Q051", P.input),
    ("constant as input", of_tensor(P.input, buffer=P.model.main.tensors[P.bias].buffer), "TG-Q032", P.input),
    ("padding unknown", of_options(P.pool.index, padding=9), "TG-Q040", -1),
    ("tensor index dangling", of_operator(P.conv.index, inputs=[0, 10**6, 1]), "TG-Q023", -1),
    ("tensor index negative", of_operator(P.conv.index, outputs=[-5]), "TG-Q023", -1),
    ("operator code dangling", of_operator(P.conv.index, opcodeIndex=99), "TG-Q023", -1),
    ("weights left out", of_operator(P.conv.index, inputs=[P.input, -1, P.bias]), "TG-Q039", -1),
    ("inputs missing", of_operator(P.conv.index, inputs=[P.input]), "TG-Q039", -1),
    ("cycle", of_operator(P.conv.index, inputs=[P.output, P.weights, P.bias]), "TG-Q032", P.output),
    ("operator reads its own output", of_operator(P.pool.index, inputs=[P.pooled]), "TG-Q032", P.pooled),
    ("two writers", of_operator(P.pool.index, outputs=[P.features]), "TG-Q032", P.features),
    ("operators in the wrong order", swapped_operators, "TG-Q032", P.features),
    ("input without channels", of_tensor(P.input, shape=[1, 50, 1, 0]), "TG-Q029", P.input),
    ("output without rows", of_tensor(P.features, shape=[1, 0, 1, 16]), "TG-Q029", P.features),
    ("options of ADD at a convolution", of_operator(P.conv.index, builtinOptionsType=11), "TG-Q040", -1),
    ("options of ADD at a pool", of_operator(P.pool.index, builtinOptionsType=11), "TG-Q040", -1),
    ("weights format 1", of_options(P.dense.index, weightsFormat=1), "TG-Q040", -1),
    ("shape open", of_tensor(P.features, shapeSignature=[1, -1, 1, 16]), "TG-Q016", P.features),
]


def changed(change: Change) -> bytes:
    return rewrite(SOUND, lambda model: change(model.subgraphs[0], PLACES))


def codes(data: bytes) -> dict[str, list[AuditFinding]]:
    found: dict[str, list[AuditFinding]] = {}
    for finding in audit(data, target="esp32").findings:
        found.setdefault(finding.code, []).append(finding)
    assert "TG-Q049" not in found, found["TG-Q049"]
    return found


def test_the_sound_model_itself_has_no_error_and_no_warning() -> None:
    assert {f.severity for fs in codes(SOUND).values() for f in fs} <= {"note"}


@pytest.mark.parametrize(("change", "code", "tensor"), [c[1:] for c in CORRUPTIONS], ids=[c[0] for c in CORRUPTIONS])
def test_a_corruption_is_found_where_it_is(change: Change, code: str, tensor: int) -> None:
    found = codes(changed(change))
    assert code in found, f"only {sorted(found)}"
    assert tensor == -1 or any(tensor in (f.tensor, *f.related) for f in found[code])


@pytest.mark.parametrize(
    ("change", "code", "tensor"),
    [
        (of_tensor(P.input, type=0), "TG-Q014", P.input),
        (of_tensor(P.logits, type=0), "TG-Q030", P.logits),
        (of_tensor(P.features, type=0), "TG-Q030", P.features),
        (of_tensor(P.pooled, type=7), "TG-Q030", P.pooled),
    ],
)
def test_the_odd_type_among_others_is_named_first(change: Change, code: str, tensor: int) -> None:
    found = codes(changed(change))[code]
    assert [finding.tensor for finding in found] == [tensor] * len(found)
    assert all(tensor not in finding.related for finding in found)


@pytest.mark.parametrize("factor", [0.05, 20.0])
@pytest.mark.parametrize("tensor", [P.weights, P.bias])
def test_of_weights_and_bias_the_one_with_an_altered_scale_is_named_first(tensor: int, factor: float) -> None:
    def change(graph: Any, places: Places) -> None:
        graph.tensors[tensor].quantization.scale = np.array(graph.tensors[tensor].quantization.scale) * factor

    (finding,) = codes(changed(change))["TG-Q005"]
    assert finding.tensor == tensor


def with_data(tensor: int, alter: Callable[[NDArray[Any]], None]) -> bytes:
    """The sound model with the codes of a constant altered."""

    def change(model: Any) -> None:
        target = model.subgraphs[0].tensors[tensor]
        kind = {9: np.int8, 2: np.int32}[target.type]
        values = np.array(model.buffers[target.buffer].data, np.uint8).view(kind).reshape(target.shape).copy()
        alter(values)
        model.buffers[target.buffer].data = values.reshape(-1).view(np.uint8)

    return rewrite(SOUND, change)


def put(channel: Any, value: int) -> Callable[[NDArray[Any]], None]:
    def alter(values: NDArray[Any]) -> None:
        values[channel] = value

    return alter


@pytest.mark.parametrize(
    ("tensor", "alter", "code"),
    [
        (P.bias, put(4, 2**31 - 1), "TG-Q006"),
        (P.bias, put(4, 2**30 + 1), "TG-Q006"),
        (P.bias, put(4, -(2**31)), "TG-Q007"),
        (P.bias, put(4, 50_000_000), "TG-Q034"),
        (P.weights, put((3, 0, 0, 0), -128), "TG-Q025"),
        (P.weights, put(3, 0), "TG-Q034"),
        (P.axes, put(0, 7), "TG-Q040"),
        (P.weights, lambda w: np.clip(w.astype(int) * 4, -127, 127, out=w, casting="unsafe"), "TG-Q033"),
        (P.dense.inputs[1], lambda w: np.floor_divide(w, 4, out=w), "TG-Q026"),
    ],
)
def test_altered_data_are_found(tensor: int, alter: Callable[[NDArray[Any]], None], code: str) -> None:
    found = codes(with_data(tensor, alter))
    assert code in found, f"only {sorted(found)}"
    assert tensor == P.axes or any(tensor in (f.tensor, *f.related) for f in found[code])


def test_a_wrong_identifier_and_schema_version_are_found() -> None:
    data = SOUND
    assert "TG-Q018" in codes(data.replace(b"TFL3", b"TFL2"))
    assert "TG-Q018" in codes(rewrite(data, lambda model: setattr(model, "version", 2)))


def test_an_unknown_operator_is_found() -> None:
    def change(model: Any) -> None:
        model.operatorCodes[0].builtinCode = 108  # COS of int8 convolutions' operands: registered, but no convolution
        model.operatorCodes[1].builtinCode = 999
        model.operatorCodes[1].deprecatedBuiltinCode = 127

    assert "TG-Q015" in codes(rewrite(SOUND, change))


def test_unused_and_duplicate_buffers_are_noted() -> None:
    def change(model: Any) -> None:
        model.buffers.append(model.buffers[model.subgraphs[0].tensors[P.weights].buffer])
        model.subgraphs[0].tensors[P.weights].buffer = len(model.buffers) - 1

    assert "TG-Q019" in codes(rewrite(SOUND, change))


@pytest.mark.parametrize("magnitude", [2**30, -(2**30), 2**30 + 128])
def test_a_bias_where_converters_stop_is_no_finding(magnitude: int) -> None:
    assert "TG-Q006" not in codes(with_data(P.bias, put(4, magnitude)))


@pytest.mark.parametrize(("outputs", "tensor"), [([P.input], P.output), ([P.weights], P.weights), ([P.input], P.input)])
def test_an_output_that_is_not_computed_and_a_result_that_is_not_read_are_found(outputs: Any, tensor: int) -> None:
    found = codes(rewrite(SOUND, lambda model: setattr(model.subgraphs[0], "outputs", outputs)))
    assert tensor in {finding.tensor for finding in found["TG-Q054"]}
