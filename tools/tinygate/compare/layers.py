"""A graph as layers that can be compared, however the converter fused it.

A layer is an operator together with the activations and the multiplications and additions by a constant that follow it
and that nothing else reads: a float graph with CONV_2D, MUL, ADD, RELU and an int8 graph with one CONV_2D whose
normalisation is folded and whose activation is fused have the same layers. Conversions between number formats are none.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tinygate.compare.execution import is_comparable
from tinygate.tflite import Operator, Subgraph, Tensor, TfliteModel

_CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "CAST")
_ACTIVATIONS = ("RELU", "RELU6", "RELU_N1_TO_1")
_CONSTANT_ARITHMETIC = ("ADD", "MUL", "SUB")


@dataclass(frozen=True)
class Layer:
    """An operator with what was folded into it.

    Attributes:
        operator: the operator that gives the layer its name.
        folded: the operators folded into it, in order.
        result: the tensor after all of them.
    """

    operator: Operator
    folded: tuple[Operator, ...]
    result: Tensor

    @property
    def kind(self) -> str:
        """The operator's name, "CONV_2D"."""
        return self.operator.name

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the result without dimensions of size 1: fusing RESHAPE or SQUEEZE must not matter."""
        return tuple(size for size in self.result.shape if size != 1)


def layers_of(model: TfliteModel) -> tuple[Layer, ...]:
    """Return the layers of a model's main graph in execution order, those with a comparable result."""
    graph = model.main
    readers = Counter(index for operator in graph.operators for index in operator.inputs)
    reader_of = {index: operator for operator in graph.operators for index in operator.inputs}
    found: list[Layer] = []
    folded: set[int] = set()
    for operator in graph.operators:
        if operator.index in folded or operator.name in _CONVERSIONS or not operator.outputs:
            continue
        chain = _chain(graph, operator, readers, reader_of)
        folded.update(other.index for other in chain)
        result = graph.tensors[(chain or [operator])[-1].outputs[0]]
        if is_comparable(result) and not result.is_constant:
            found.append(Layer(operator, tuple(chain), result))
    return tuple(found)


def _chain(
    graph: Subgraph, operator: Operator, readers: Counter[int], reader_of: dict[int, Operator]
) -> list[Operator]:
    """Return the operators after `operator` that belong to its layer."""
    chain: list[Operator] = []
    last = operator
    while last.outputs and readers[last.outputs[0]] == 1 and last.outputs[0] not in graph.outputs:
        following = reader_of[last.outputs[0]]
        if not _is_foldable(graph, following):
            break
        chain.append(following)
        last = following
    return chain


def _is_foldable(graph: Subgraph, operator: Operator) -> bool:
    if operator.name in _ACTIVATIONS:
        return True
    constants = [index for index in operator.inputs if index >= 0 and graph.tensors[index].is_constant]
    return operator.name in _CONSTANT_ARITHMETIC and len(constants) == 1


def logits_of(model: TfliteModel) -> Tensor:
    """Return what the last SOFTMAX or LOGISTIC reads, before it squeezes differences; the output if there is none."""
    graph, wanted = model.main, model.output.index
    for operator in reversed(graph.operators):
        if wanted not in operator.outputs:
            continue
        source = operator.inputs[0]
        if operator.name in ("SOFTMAX", "LOGISTIC", "LOG_SOFTMAX"):
            return graph.tensors[source]
        if operator.name not in (*_CONVERSIONS, "RESHAPE", "SQUEEZE"):
            break
        wanted = source
    return model.output
