"""What released kernels are known to compute wrongly, with source, versions and the condition that tells.

Each entry has a small model in the tests. Standard library only: the firmware's build refuses by the same table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinygate.tflite.model import Operator, Subgraph, Tensor, TfliteModel

PINNED = {"esp-tflite-micro": "1.4.0", "esp-nn": "1.2.3"}
"""The versions that the firmware is built with: firmware/components/tinygate/idf_component.yml."""

ESP_TARGETS = ("esp32", "esp32s2", "esp32s3", "esp32c3", "esp32c6", "esp32p4")
_SIMD_BYTES = 16

Condition = Callable[["Operator", "list[Tensor | None]", "Tensor"], str]


@dataclass(frozen=True)
class KnownError:
    """One thing that goes wrong.

    Attributes:
        name: what to call it.
        library: whose kernel; "tflite-micro" for every build of it.
        seen: version in which it was seen; fixed: the first without it, "" if none is known.
        targets: chips; () for all, and for no target named.
        operator: which operator.
        rule: the audit's rule for it.
        sentence: what goes wrong; remedy: what to do; source: who says so.
        condition: of the operator, its inputs and first output: the numbers that show it, "" where it does not apply.
        in_loops: whether it goes wrong in the body of a WHILE only.
    """

    name: str
    library: str
    seen: str
    fixed: str
    targets: tuple[str, ...]
    operator: str
    rule: str
    sentence: str
    remedy: str
    source: str
    condition: Condition
    in_loops: bool = False

    def concerns(self, target: str, versions: Mapping[str, str]) -> bool:
        """Whether a build for `target` with these versions has the error; what is not named is taken as pinned."""
        if self.targets and target not in self.targets:
            return False
        version = versions.get(self.library) or PINNED.get(self.library, "")
        return not version or not self.fixed or numbers_of(version) < numbers_of(self.fixed)


def numbers_of(version: str) -> tuple[int, ...]:
    """Return a version's numbers: (1, 2, 3) for "1.2.3"; what is no number counts as 0."""
    return tuple(int(part) if part.isdigit() else 0 for part in version.split("."))


def known_errors(
    model: TfliteModel, graph: Subgraph, target: str, versions: Mapping[str, str] | None = None
) -> Iterator[tuple[KnownError, Operator, str]]:
    """Yield what a build for `target` would compute wrongly in a subgraph: the entry, the operator, the numbers."""
    in_loop = graph.index in model.loop_bodies
    entries = [e for e in KNOWN_ERRORS if e.concerns(target, versions or {}) and (in_loop or not e.in_loops)]
    for operator in graph.operators:
        tensors = [graph.tensors[i] if 0 <= i < len(graph.tensors) else None for i in operator.inputs]
        results = [graph.tensors[i] for i in operator.outputs[:1] if 0 <= i < len(graph.tensors)]
        for entry in entries if tensors and tensors[0] is not None and results else ():
            numbers = entry.condition(operator, tensors, results[0]) if entry.operator == operator.name else ""
            if numbers:
                yield entry, operator, numbers


def _per_channel_int16(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    source, weights = inputs[0], inputs[1] if len(inputs) > 1 else None
    if source is None or weights is None or source.dtype != "int16" or len(weights.scales) < 2:
        return ""
    return f"int16 activations and weights quantized per channel, {len(weights.scales)} scales"


def _padding(size: int, result: int, window: int, stride: int) -> tuple[int, int]:
    """Return what SAME adds before and after."""
    total = max((result - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def _paddings(operator: Operator, source: Tensor, weights: Tensor, result: Tensor) -> list[tuple[int, int]]:
    """Return padding before and after along height and width of an undilated int8 convolution; [] for others."""
    options = operator.options
    dilated = (getattr(options, "dilation_h", 1), getattr(options, "dilation_w", 1)) != (1, 1)
    strides = (getattr(options, "stride_h", 0), getattr(options, "stride_w", 0))
    shapes = (source.shape, weights.shape, result.shape)
    if source.dtype != "int8" or dilated or min(strides) < 1 or any(len(shape) != 4 for shape in shapes):
        return []
    if getattr(options, "padding", "") != "SAME":
        return []
    return [_padding(source.shape[d], result.shape[d], weights.shape[d], strides[d - 1]) for d in (1, 2)]


def _asymmetric_convolution(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    source, weights = inputs[0], inputs[1] if len(inputs) > 1 else None
    if source is None or weights is None or len(weights.shape) != 4 or weights.shape[3:] != source.shape[3:]:
        return ""
    paddings = _paddings(operator, source, weights, result)
    row, window = weights.shape[2] * weights.shape[3], prod(weights.shape[1:])
    copies_windows = row < _SIMD_BYTES <= window  # this path of the kernel looks at every edge
    leading = any(before for before, _ in paddings)
    if not leading or copies_windows or all(before == after for before, after in paddings):
        return ""
    return _padding_words(paddings)


def _short_scratch(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    source, weights = inputs[0], inputs[1] if len(inputs) > 1 else None
    if source is None or weights is None or weights.shape[1:3] != (3, 3) or weights.shape[3:] != source.shape[3:]:
        return ""
    paddings = _paddings(operator, source, weights, result)
    before = tuple(first for first, _ in paddings)
    if not paddings or source.shape[3] % _SIMD_BYTES or before in ((0, 0), (1, 1)):
        return ""
    return f"{source.shape[3]} channels, {_padding_words(paddings)}"


def _padding_words(paddings: list[tuple[int, int]]) -> str:
    (top, bottom), (left, right) = paddings
    return f"padding {top} above, {bottom} below, {left} left, {right} right"


def _misaligned_rows(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    source, weights = inputs[0], inputs[1] if len(inputs) > 1 else None
    if source is None or weights is None or source.dtype != "int8" or len(weights.shape) != 2:
        return ""
    depth = weights.shape[1]
    rows = prod(source.shape) // depth if depth else 0
    return f"{rows} rows of {depth} bytes" if rows > 1 and depth >= _SIMD_BYTES and depth % _SIMD_BYTES else ""


def _softmax_scratch(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    shape = inputs[0].shape if inputs[0] is not None and inputs[0].dtype == "int8" else ()
    return f"shape {shape}" if len(shape) > 2 and shape[-1] > shape[1] else ""


def _run_time_size(operator: Operator, inputs: list[Tensor | None], result: Tensor) -> str:
    begin, size = (inputs[1], inputs[2]) if len(inputs) > 2 else (None, None)
    if begin is None or size is None:
        return ""
    if not size.is_constant:
        return "the size is computed in each turn"
    is_rest = any(
        int.from_bytes(size.data[i : i + 4], "little", signed=True) == -1 for i in range(0, len(size.data), 4)
    )
    return "the size is what the begin, computed in each turn, leaves" if is_rest and not begin.is_constant else ""


KNOWN_ERRORS = (
    KnownError(
        "16x8-fully-connected-per-channel", "esp-tflite-micro", "1.4.0", "", ESP_TARGETS, "FULLY_CONNECTED", "TG-Q058",
        "FULLY_CONNECTED for int16 activations reads one multiplier for all channels; with weights quantized per "
        "channel it is 0, and so is every output.",
        "Convert with dense layers quantized per tensor "
        "(converter._experimental_disable_per_channel_quantization_for_dense_layers = True).",
        "seen on an emulated ESP32", _per_channel_int16,
    ),
    KnownError(
        "asymmetric-same-padding", "esp-nn", "1.2.3", "", ("esp32s3",), "CONV_2D", "TG-Q058",
        "CONV_2D pads below and on the right as it does above and on the left; where SAME needs more there, the last "
        "row or column is computed from foreign memory.",
        "Choose sizes for which SAME pads evenly, or pad by PAD and use VALID; or take an esp-nn with the fix.",
        "esp-nn #31; read in the source of 1.2.3", _asymmetric_convolution,
    ),
    KnownError(
        "short-depthwise-scratch", "esp-nn", "1.2.3", "", ("esp32s3",), "DEPTHWISE_CONV_2D", "TG-Q058",
        "DEPTHWISE_CONV_2D asks for less scratch memory than it writes when the padding is neither 0 nor 1 on both "
        "leading sides: what lies behind it is overwritten.",
        "Choose sizes for which SAME pads evenly, or pad by PAD and use VALID; or take an esp-nn with the fix.",
        "esp-nn #30 and #37; read in the source of 1.2.3", _short_scratch,
    ),
    KnownError(
        "misaligned-rows", "esp-nn", "1.2.3", "1.2.6", ("esp32s3",), "FULLY_CONNECTED", "TG-Q058",
        "FULLY_CONNECTED is wrong on inputs that do not begin at a multiple of 16 bytes: with several rows whose "
        "length is none, every row but the first.",
        "Make the rows a multiple of 16 long, or take esp-nn 1.2.6.",
        "esp-nn #34", _misaligned_rows,
    ),
    KnownError(
        "softmax-scratch", "esp-nn", "1.2.3", "", ESP_TARGETS, "SOFTMAX", "TG-Q044",
        "SOFTMAX asks for scratch memory by dimension 1 and writes by the last dimension.",
        "Reshape to two dimensions before SOFTMAX.",
        "measured with esp-nn 1.2.3", _softmax_scratch,
    ),
    KnownError(
        "run-time-size-in-a-loop", "tflite-micro", "0.dev20261023182759", "", (), "SLICE", "TG-Q059",
        "TFLM gives a SLICE the shape that stands in the file, whatever its size at run time. Keras 3 leaves an LSTM "
        "or GRU that returns a sequence (all but the last of a stack) as such a loop: what it collects is wrong.",
        "Unroll the layer (`unroll=True`), or convert with a TensorFlow that fuses it to UNIDIRECTIONAL_SEQUENCE_LSTM.",
        "measured on two stacked layers; tflite-micro #3674", _run_time_size, in_loops=True,
    ),
)  # fmt: skip
"""Everything known."""
