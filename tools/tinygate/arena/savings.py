"""What would lower an arena: each proposal is planned anew, so that its bytes are computed and not guessed.

Two of them need no other model: an order of the operators with less alive at once, and kernels that overwrite their
input. The others tell the model's author where bytes are: the tensors alive at the peak, quantization per channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinygate.arena.memory import align_up
from tinygate.arena.order import better_order
from tinygate.arena.planner import Request, extent, place
from tinygate.arena.predict import predict
from tinygate.arena.prediction import ArenaPrediction, PlannedBuffer, Saving
from tinygate.tflite.model import Operator, Subgraph, Tensor, TfliteModel

_IN_PLACE = frozenset(
    "ABS ADD ELU EXPAND_DIMS HARD_SWISH LEAKY_RELU LOGISTIC MAXIMUM MINIMUM MUL NEG PRELU QUANTIZE RELU RELU6 RESHAPE "
    "SQUEEZE SUB TANH".split()
)
_MOST_OF_A_KIND = 3
_MOST_CANDIDATES = 24


def savings(model: TfliteModel, prediction: ArenaPrediction) -> tuple[Saving, ...]:
    """Return proposals that lower one of the two numbers, the best first.

    Args:
        prediction: that of `model`.
    """
    found = [
        *_operator_order(model, prediction),
        *_in_place(model, prediction),
        *_smaller_intermediates(prediction),
        *_per_tensor(model, prediction),
    ]
    helping = [saving for saving in found if saving.used_bytes > 0 or saving.minimum_bytes > 0]
    return tuple(sorted(helping, key=lambda saving: (-saving.minimum_bytes, -saving.used_bytes)))


def _saving(prediction: ArenaPrediction, kind: str, sentence: str, head_bytes: int) -> Saving:
    """Return what a smaller head saves; planning and preparing stay as they are."""
    used = head_bytes + prediction.tail_bytes
    others = (moment.size_bytes for moment in prediction.peaks if moment.phase != "run")
    minimum = align_up(max(used, *others))
    return Saving(kind, sentence, prediction.used_bytes - used, prediction.minimum_bytes - minimum)


def _head(buffers: Sequence[PlannedBuffer]) -> int:
    requests = [Request(b.size_bytes, b.first_use, b.last_use) for b in buffers]
    return extent(requests, place(requests))


def _best(proposals: Sequence[Saving]) -> list[Saving]:
    return sorted(proposals, key=lambda saving: (-saving.used_bytes, saving.sentence))[:_MOST_OF_A_KIND]


def _operator_order(model: TfliteModel, prediction: ArenaPrediction) -> list[Saving]:
    order = better_order(model, prediction.plan)
    if order is None:
        return []
    graph = model.main
    operators = tuple(replace(graph.operators[old], index=new) for new, old in enumerate(order))
    other = predict(replace(model, subgraphs=(replace(graph, operators=operators),)), prediction.target)
    sentence = f"run the operators in the order {', '.join(map(str, order))}"
    return [
        Saving(
            "operator_order",
            sentence,
            prediction.used_bytes - other.used_bytes,
            prediction.minimum_bytes - other.minimum_bytes,
        )
    ]


def _in_place(model: TfliteModel, prediction: ArenaPrediction) -> list[Saving]:
    buffers = {(b.subgraph, b.tensor): b for b in prediction.plan if not b.is_scratch}
    proposals: list[Saving] = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            pair = _overwritten(graph, operator, buffers) if operator.name in _IN_PLACE else None
            if pair is None or len(proposals) == _MOST_CANDIDATES:
                continue
            source, output = pair
            merged = replace(source, last_use=output.last_use)
            rest = [merged if b is source else b for b in prediction.plan if b is not output]
            sentence = f"let operator {operator.index} {operator.name} write tensor {output.tensor} over its input"
            proposals.append(_saving(prediction, "in_place", sentence, _head(rest)))
    return _best(proposals)


def _overwritten(
    graph: Subgraph, operator: Operator, buffers: dict[tuple[int, int], PlannedBuffer]
) -> tuple[PlannedBuffer, PlannedBuffer] | None:
    """Return input and output of an operator that could share memory: equally large, the input not needed any more."""
    output = buffers.get((graph.index, operator.outputs[0])) if operator.outputs else None
    for index in operator.inputs:
        source = buffers.get((graph.index, index))
        if source and output and source.size_bytes == output.size_bytes and source.last_use == output.first_use:
            return source, output
    return None


def _smaller_intermediates(prediction: ArenaPrediction) -> list[Saving]:
    proposals: list[Saving] = []
    alive = sorted((b for b in prediction.alive_at_peak if not b.is_scratch), key=lambda b: -b.size_bytes)
    for buffer in alive[:_MOST_OF_A_KIND]:
        half = replace(buffer, size_bytes=align_up(buffer.size_bytes // 2))
        head_bytes = _head([half if b is buffer else b for b in prediction.plan])
        sentence = f"halve tensor {buffer.tensor} ({buffer.size_bytes:,} bytes): fewer rows, columns or channels"
        proposals.append(_saving(prediction, "smaller_intermediate", sentence, head_bytes))
    return _best(proposals)


def _per_tensor(model: TfliteModel, prediction: ArenaPrediction) -> list[Saving]:
    """Weights quantized per channel cost memory while operators are prepared, those of FULLY_CONNECTED for good."""
    if not any(len(tensor.scales) > 1 for graph in model.subgraphs for tensor in graph.tensors):
        return []
    graphs = tuple(replace(g, tensors=tuple(_with_one_scale(t) for t in g.tensors)) for g in model.subgraphs)
    other = predict(replace(model, subgraphs=graphs), prediction.target)
    sentence = "quantize weights per tensor instead of per channel, at a cost in accuracy"
    used, minimum = prediction.used_bytes - other.used_bytes, prediction.minimum_bytes - other.minimum_bytes
    return [Saving("per_tensor", sentence, used, minimum)]


def _with_one_scale(tensor: Tensor) -> Tensor:
    if len(tensor.scales) < 2:
        return tensor
    return replace(tensor, scales=tensor.scales[:1], zero_points=tensor.zero_points[:1])
