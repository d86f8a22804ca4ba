"""Looks for an order of a graph's operators in which less memory is alive at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from tinygate.arena.prediction import PlannedBuffer
from tinygate.tflite.model import Operator, Subgraph, TfliteModel

_MOST_OPERATORS = 400
_STATEFUL = frozenset("ASSIGN_VARIABLE CALL_ONCE CIRCULAR_BUFFER IF READ_VARIABLE VAR_HANDLE WHILE".split())

Rank = Callable[[int, int, Operator], tuple[int, ...]]


def better_order(model: TfliteModel, plan: Sequence[PlannedBuffer]) -> tuple[int, ...] | None:
    """Return the operators' numbers in an order with a lower peak, None if none was found.

    Ready operators are taken greedily, by what they leave alive and by what is alive while they run. Graphs whose
    operators keep state are left alone: their order means something.
    """
    graph = model.main
    if len(model.subgraphs) != 1 or not 2 < len(graph.operators) <= _MOST_OPERATORS:
        return None
    if any(operator.name in _STATEFUL for operator in graph.operators) or any(t.is_variable for t in graph.tensors):
        return None
    sizes = {b.tensor: b.size_bytes for b in plan if not b.is_scratch}
    ranks: tuple[Rank, ...] = (
        lambda left, during, o: (left, during, o.index),
        lambda left, during, o: (during, left, o.index),
    )
    current = _peak(graph, sizes, tuple(range(len(graph.operators))))
    peak, order = min((_peak(graph, sizes, order), order) for order in (_greedy(graph, sizes, rank) for rank in ranks))
    return order if peak < current else None


class _Alive:
    """Which tensors are alive as operators run, and how many bytes they take."""

    def __init__(self, graph: Subgraph, sizes: Mapping[int, int]) -> None:
        self.sizes = sizes
        self.readers = Counter(i for o in graph.operators for i in set(o.inputs) if i in sizes)
        self.readers.update(i for i in graph.outputs if i in sizes)  # the caller reads them at the end
        self.bytes = sum(sizes.get(i, 0) for i in set(graph.inputs))

    def while_running(self, operator: Operator) -> int:
        """Return what is alive while an operator runs."""
        return self.bytes + sum(self.sizes.get(i, 0) for i in set(operator.outputs))

    def after(self, operator: Operator) -> int:
        """Return what is alive when it has run."""
        dead = sum(self.sizes[i] for i in set(operator.inputs) if self.readers.get(i) == 1)
        return self.while_running(operator) - dead

    def run(self, operator: Operator) -> None:
        """Let it run."""
        self.bytes = self.after(operator)
        self.readers.subtract(i for i in set(operator.inputs) if i in self.sizes)


def _peak(graph: Subgraph, sizes: Mapping[int, int], order: Sequence[int]) -> int:
    alive, peak = _Alive(graph, sizes), 0
    for number in order:
        peak = max(peak, alive.while_running(graph.operators[number]))
        alive.run(graph.operators[number])
    return peak


def _greedy(graph: Subgraph, sizes: Mapping[int, int], rank: Rank) -> tuple[int, ...]:
    made = {i for o in graph.operators for i in o.outputs}
    missing = {o.index: {i for i in o.inputs if i in made} for o in graph.operators}
    alive, order = _Alive(graph, sizes), []
    ready = [o for o in graph.operators if not missing[o.index]]
    waiting = [o for o in graph.operators if missing[o.index]]
    while ready:
        chosen = min(ready, key=lambda o: rank(alive.after(o), alive.while_running(o), o))
        alive.run(chosen)
        order.append(chosen.index)
        ready.remove(chosen)
        for operator in waiting:
            missing[operator.index].difference_update(chosen.outputs)
        ready += [o for o in waiting if not missing[o.index]]
        waiting = [o for o in waiting if missing[o.index]]
    return tuple(order) if len(order) == len(graph.operators) else tuple(range(len(graph.operators)))
