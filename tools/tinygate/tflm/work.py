"""About how much work a model is: what a deadline can be reckoned with, no prediction of a latency."""

from __future__ import annotations

from math import prod

from tinygate.tflite import Operator, Subgraph, Tensor, TfliteModel
from tinygate.tflm.operators import WEIGHT_INPUTS, WEIGHTED

_GATES = 8  # products per output and weight of a recurrent cell: four gates, of input and of state


def multiplications(model: TfliteModel) -> int:
    """Return about how many multiplications an invocation takes: those of layers, and one an element for the rest.

    Each subgraph (of a loop or branch) counts once.
    """
    return sum(multiplications_of(operator, graph) for graph in model.subgraphs for operator in graph.operators)


def multiplications_of(operator: Operator, graph: Subgraph) -> int:
    """Return about how many multiplications one operator of a subgraph takes."""
    outputs = sum(graph.tensors[index].element_count for index in operator.outputs if index >= 0)
    weights = weights_of(operator, graph)
    if weights is None:
        return outputs
    shape = weights.shape or (1,)
    channels = shape[WEIGHTED[operator.name].axis] if operator.name in WEIGHTED else shape[0]
    products = outputs * max(1, prod(shape) // max(1, channels))
    return products if operator.name in WEIGHTED else _GATES * products


def weights_of(operator: Operator, graph: Subgraph) -> Tensor | None:
    """Return the tensor that an operator multiplies its input with; None if it has none."""
    place = WEIGHT_INPUTS.get(operator.name, (0, len(operator.inputs)))[1]
    index = operator.inputs[place] if place < len(operator.inputs) else -1
    return graph.tensors[index] if index >= 0 else None
