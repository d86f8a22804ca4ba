"""From when to when each tensor and each scratch buffer lives: TensorFlow Lite Micro's `AllocationInfoBuilder`.

Steps are counted as TFLM counts allocation scopes: one per operator, and one more for each subgraph that an operator
runs, whose own operators are counted in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from tinygate.errors import ModelFileError
from tinygate.tflite.model import Operator, Subgraph, TfliteModel
from tinygate.tflite.options import BranchOptions, CallOnceOptions

_MOST_STEPS = 50_000  # subgraphs that run each other could unroll without end
_DEEPEST_CALL = 64
UNUSED = -1


@dataclass
class Life:
    """First and last step of a buffer; UNUSED until it is seen."""

    first_use: int = UNUSED
    last_use: int = UNUSED

    def create(self, step: int) -> None:
        """Note that the buffer is filled at `step`."""
        if self.first_use == UNUSED:
            self.first_use = step

    def use(self, step: int) -> None:
        """Note that the buffer is read at `step`."""
        self.last_use = step


@dataclass
class Lifetimes:
    """Of every tensor by (subgraph, tensor), of every scratch buffer by its number, and who runs at each step."""

    tensors: dict[tuple[int, int], Life]
    scratch: list[Life]
    steps: dict[int, tuple[int, int]] = field(default_factory=dict)


def lifetimes(model: TfliteModel, scratch_owners: Iterable[tuple[int, int]]) -> Lifetimes:
    """Return when everything in `model` lives.

    Args:
        scratch_owners: (subgraph, operator) of each scratch buffer.

    Raises:
        ModelFileError: subgraphs run each other in a circle or without end.
    """
    owners = list(scratch_owners)
    tensors = {(g.index, t.index): Life() for g in model.subgraphs for t in g.tensors}
    walk = _Walk(model, Lifetimes(tensors, [Life() for _ in owners]))
    for number, owner in enumerate(owners):
        walk.scratch_of[owner].append(number)
    walk.subgraph(model.main)
    return walk.lives


class _Walk:
    def __init__(self, model: TfliteModel, lives: Lifetimes) -> None:
        self.model = model
        self.lives = lives
        self.step = 0
        self.depth = 0
        self.scratch_of: defaultdict[tuple[int, int], list[int]] = defaultdict(list)

    def subgraph(self, graph: Subgraph) -> None:
        self.depth += 1
        if self.depth > _DEEPEST_CALL:
            raise ModelFileError("subgraphs of the model run each other in a circle. Export it again.")
        for index in graph.inputs:
            life = self.lives.tensors[graph.index, index]
            life.create(self.step)
            life.use(self.step)
        for operator in graph.operators:
            self.operator(graph, operator)
        for index in graph.outputs:
            life = self.lives.tensors[graph.index, index]
            life.create(self.step)
            life.use(self.step)
        self.depth -= 1

    def operator(self, graph: Subgraph, operator: Operator) -> None:
        self.advance()
        self.lives.steps[self.step] = (graph.index, operator.index)
        for index in operator.outputs:
            self.lives.tensors[graph.index, index].create(self.step)
        start = self.step
        if isinstance(operator.options, BranchOptions | CallOnceOptions):
            for number in operator.options.subgraphs():
                self.advance()
                self.subgraph(self.model.subgraphs[number])
        for index in (*operator.inputs, *operator.outputs):
            if index >= 0:
                self.lives.tensors[graph.index, index].use(self.step)
        for number in self.scratch_of[graph.index, operator.index]:
            self.lives.scratch[number].create(start)
            self.lives.scratch[number].use(self.step)

    def advance(self) -> None:
        self.step += 1
        if self.step > _MOST_STEPS:
            raise ModelFileError(f"the model's subgraphs take more than {_MOST_STEPS} steps. Export it again.")
