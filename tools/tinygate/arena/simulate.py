"""Runs `AllocateTensors()` of TensorFlow Lite Micro on a model, in the same order, without any kernel.

    interpreter's structures → parsed options → init of every operator → prepare of every operator
        → variables and the plan of the head → descriptions of inputs and outputs

Mirrors MicroInterpreter, MicroAllocator and MicroInterpreterGraph.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tinygate.arena.kernels import Kernel
from tinygate.arena.layout import Layout
from tinygate.arena.lifetimes import Life, lifetimes
from tinygate.arena.memory import ALIGNMENT, Memory, Owner, align_up
from tinygate.arena.node import Graphs, Node, Scratch, describe
from tinygate.arena.planner import ONLINE, Request, extent, place
from tinygate.errors import ModelFileError
from tinygate.tflite.model import Operator, Subgraph, TfliteModel
from tinygate.tflite.options import VarHandleOptions

_MOST_SCRATCH_PER_OPERATOR = 12  # also what the head reserves ahead
_OFFLINE_PLAN = "OfflineMemoryAllocation"

Step = Callable[[Kernel, Node], None]


@dataclass(frozen=True)
class Placed:
    """A buffer of the head.

    Attributes:
        graph, tensor: whose values it holds; tensor is -1 for a scratch buffer.
        scratch: the scratch buffer it is, None for a tensor.
        offset_bytes: from the start of the arena.
        request: its size and life.
    """

    graph: int
    tensor: int
    scratch: Scratch | None
    offset_bytes: int
    request: Request


@dataclass(frozen=True)
class Simulation:
    """What allocating came to: the memory, the plan, what is known of the graphs, who runs at which step."""

    memory: Memory
    graphs: Graphs
    plan: tuple[Placed, ...]
    head_bytes: int
    steps: Mapping[int, tuple[int, int]]


def simulate(model: TfliteModel, layout: Layout, kernels: Mapping[str, Kernel], *, recording: bool) -> Simulation:
    """Return what allocating `model` takes.

    Args:
        layout: sizes of structures.
        kernels: by operator.
        recording: whether the allocators are those that record, as in the wheel.

    Raises:
        ModelFileError: TFLM could not allocate this model whatever the arena.
    """
    run = _Run(model, layout, kernels)
    run.create_allocators("Recording" if recording else "")
    run.describe_graphs()
    run.parse_options()
    run.each_operator(lambda kernel, node: kernel.init(node))
    run.prepare()
    return run.plan()


class _Run:
    def __init__(self, model: TfliteModel, layout: Layout, kernels: Mapping[str, Kernel]) -> None:
        self.model, self.layout, self.kernels = model, layout, kernels
        self.memory = Memory()
        self.graphs = Graphs(layout)
        self.unknown_names: set[str] = set()

    def structure(self, name: str, count: int = 1, kind: str = "") -> None:
        size, alignment = self.layout.structures[name]
        self.memory.persistent(size * count, alignment, kind or name)

    def create_allocators(self, prefix: str) -> None:
        self.structure(f"{prefix}SingleArenaBufferAllocator")
        self.structure("GreedyMemoryPlanner")
        self.structure(f"{prefix}MicroAllocator")
        if count := len(_variables(self.model)):
            kind = "table of resource variables"
            self.memory.persistent(self.layout.size("MicroResourceVariables"), ALIGNMENT, kind)
            self.memory.persistent(self.layout.size("MicroResourceVariables.entry") * count, ALIGNMENT, kind)
        self.structure("BuiltinDataAllocator")

    def describe_graphs(self) -> None:
        self._reserve_requests()
        graphs = self.model.subgraphs
        self.structure("SubgraphAllocations", len(graphs))
        for graph in graphs:
            self.structure("TfLiteEvalTensor", len(graph.tensors))
        for graph in graphs:
            self.structure("NodeAndRegistration", len(graph.operators))

    def parse_options(self) -> None:
        for graph, operator in self._operators():
            kernel = self.kernels.get(operator.name)
            self.memory.owner = _owner(graph, operator)
            if kernel and kernel.parameters:
                self.structure(kernel.parameters, kind="options")
        self.memory.owner = Owner()

    def each_operator(self, step: Step) -> None:
        for graph, operator in self._operators():
            kernel = self.kernels.get(operator.name)
            self.memory.owner = _owner(graph, operator)
            if kernel is None:
                self._say_unknown(operator)
            else:
                step(kernel, Node(graph, operator, self.graphs, self.memory))
        self.memory.owner = Owner()

    def prepare(self) -> None:
        def step(kernel: Kernel, node: Node) -> None:
            before = len(self.graphs.scratch)
            kernel.prepare(node)
            if len(self.graphs.scratch) - before > _MOST_SCRATCH_PER_OPERATOR:
                raise ModelFileError(f"{node} asks for too many scratch buffers.")
            self._reserve_requests()

        self.each_operator(step)

    def plan(self) -> Simulation:
        scratch = self.graphs.scratch
        if scratch:
            self.structure("ScratchBufferHandle", len(scratch))
        self.memory.phase = "plan"
        self._take_plan_tables()
        offline = _offline_offsets(self.model)
        self._take_variables(offline)
        lives = lifetimes(self.model, [(s.owner.subgraph, s.owner.operator) for s in scratch])
        buffers = [*self._tensor_buffers(lives.tensors, offline), *_scratch_buffers(scratch, lives.scratch)]
        requests = [buffer.request for buffer in buffers]
        self.memory.aligned_work_area(len(buffers) * self.layout.size("GreedyMemoryPlanner.buffer"), "planner")
        offsets = place(requests)
        head_bytes = extent(requests, offsets)
        self.memory.phase = "run"
        self.memory.resize_head(head_bytes, "planned activations and scratch")
        self._describe_interface()
        plan = tuple(
            Placed(b.graph, b.tensor, b.scratch, offset, b.request) for b, offset in zip(buffers, offsets, strict=True)
        )
        return Simulation(self.memory, self.graphs, plan, head_bytes, lives.steps)

    def _reserve_requests(self) -> None:
        count = len(self.graphs.scratch) + _MOST_SCRATCH_PER_OPERATOR
        self.memory.resize_head(count * self.layout.size("ScratchBufferRequest"), "scratch requests")

    def _take_plan_tables(self) -> None:
        tensors = sum(len(graph.tensors) for graph in self.model.subgraphs)
        size, alignment = self.layout.structures["size_t"]
        self.memory.temporary(len(self.model.subgraphs) * size, alignment, "subgraph offsets")
        size, alignment = self.layout.structures["AllocationInfo"]
        self.memory.temporary((tensors + len(self.graphs.scratch)) * size, alignment, "AllocationInfo")

    def _take_variables(self, offline: Sequence[int]) -> None:
        for number, (graph, index) in enumerate(self._tensors()):
            if graph.tensors[index].is_variable and _offset(offline, number) == ONLINE:
                self.memory.persistent(self.graphs.size_bytes(graph, index), ALIGNMENT, "variable tensor")

    def _tensor_buffers(self, lives: Mapping[tuple[int, int], Life], offline: Sequence[int]) -> Iterator[Placed]:
        for number, (graph, index) in enumerate(self._tensors()):
            tensor, offset = graph.tensors[index], _offset(offline, number)
            size_bytes = self.graphs.size_bytes(graph, index)
            has_data = bool(tensor.data) or (graph.index, index) in self.graphs.has_data
            wanted = not has_data and not tensor.is_variable and size_bytes > 0
            if wanted or (tensor.is_variable and offset != ONLINE):
                life = lives[graph.index, index]
                request = Request(align_up(size_bytes), life.first_use, life.last_use, offset)
                yield Placed(graph.index, index, None, 0, request)

    def _describe_interface(self) -> None:
        for indices, what in ((self.model.main.inputs, "inputs"), (self.model.main.outputs, "outputs")):
            self.memory.owner = Owner(name=what)
            self.memory.persistent(len(indices) * self.layout.size("pointer"), ALIGNMENT, f"list of {what}")
            for index in indices:
                describe(self.model.main.tensors[index], self.layout, self.memory.persistent)
        self.memory.owner = Owner()

    def _operators(self) -> Iterator[tuple[Subgraph, Operator]]:
        return ((graph, operator) for graph in self.model.subgraphs for operator in graph.operators)

    def _tensors(self) -> Iterator[tuple[Subgraph, int]]:
        return ((graph, index) for graph in self.model.subgraphs for index in range(len(graph.tensors)))

    def _say_unknown(self, operator: Operator) -> None:
        if operator.name not in self.unknown_names:
            self.unknown_names.add(operator.name)
            self.graphs.unknown.append(f"operator {operator.name} is not known: what its kernel takes is not counted")


def _owner(graph: Subgraph, operator: Operator) -> Owner:
    return Owner(graph.index, operator.index, operator.name)


def _scratch_buffers(scratch: Sequence[Scratch], lives: Sequence[Life]) -> Iterator[Placed]:
    for buffer, life in zip(scratch, lives, strict=True):
        request = Request(align_up(buffer.size_bytes), life.first_use, life.last_use)
        yield Placed(buffer.owner.subgraph, -1, buffer, 0, request)


def _variables(model: TfliteModel) -> set[tuple[str, str]]:
    """Return the resource variables of a model."""
    options = [operator.options for graph in model.subgraphs for operator in graph.operators]
    return {(o.container, o.shared_name) for o in options if isinstance(o, VarHandleOptions)}


def _offline_offsets(model: TfliteModel) -> tuple[int, ...]:
    """Return the places that the file gives to its tensors, () if it gives none.

    Raises:
        ModelFileError: they are not one per tensor.
    """
    found: tuple[int, ...] = ()
    for metadata in model.metadata:
        if metadata.name == _OFFLINE_PLAN:
            data = model.buffers[metadata.buffer].data
            numbers = struct.unpack(f"<{len(data) // 4}i", data[: len(data) // 4 * 4])
            tensors = sum(len(graph.tensors) for graph in model.subgraphs)
            if len(numbers) < 3 + tensors or numbers[2] != tensors:
                raise ModelFileError(
                    f"the model's offline memory plan is not one for its {tensors} tensors. Export it again."
                )
            found = numbers[3 : 3 + tensors]
    return found


def _offset(offline: Sequence[int], number: int) -> int:
    return offline[number] if offline else ONLINE
