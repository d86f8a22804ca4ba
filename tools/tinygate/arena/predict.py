"""The arena of a model, before any board is touched: the room's one function."""

from __future__ import annotations

from tinygate.arena.layout import Layout
from tinygate.arena.prediction import ArenaPrediction, PlannedBuffer, Step
from tinygate.arena.simulate import Placed, Simulation, simulate
from tinygate.arena.targets import Target, target_named
from tinygate.tflite.model import TfliteModel
from tinygate.tflite.options import VarHandleOptions


def predict(model: TfliteModel, target: str, layout: Layout | None = None) -> ArenaPrediction:
    """Return what arena TensorFlow Lite Micro needs for `model`.

    Args:
        model: as `read_model` returns it.
        target: a name in `TARGETS`.
        layout: sizes of structures, if not those of the target's data file.

    Raises:
        ConfigError: an unknown target.
        ModelFileError: a model that TFLM allocates in no arena: open dimensions, types without a size.
    """
    chosen = target_named(target)
    sizes = layout or chosen.layout
    run = simulate(model, sizes, chosen.kernels, recording=chosen.recording)
    return _prediction(model, chosen, sizes, run)


def _prediction(model: TfliteModel, target: Target, layout: Layout, run: Simulation) -> ArenaPrediction:
    plan = tuple(_buffer(model, placed) for placed in run.plan)
    steps = tuple(
        Step(step, graph, operator, model.subgraphs[graph].operators[operator].name)
        for step, (graph, operator) in sorted(run.steps.items())
    )
    unknown = tuple(run.graphs.unknown)
    return ArenaPrediction(
        target=target.name,
        runtime=layout.runtime,
        kernels=layout.kernels,
        used_bytes=run.head_bytes + run.memory.tail_bytes,
        minimum_bytes=run.memory.needed_bytes,
        head_bytes=run.head_bytes,
        tail_bytes=run.memory.tail_bytes,
        exact=not unknown,
        unknown=unknown,
        notes=tuple(_notes(model)),
        peaks=tuple(run.memory.peaks.values()),
        persistent=tuple(run.memory.persistent_parts),
        plan=plan,
        steps=steps,
        peak_step=_peak_step(plan, run.head_bytes),
    )


def _buffer(model: TfliteModel, placed: Placed) -> PlannedBuffer:
    scratch = placed.scratch
    name = f"{scratch.owner}: {scratch.kind}" if scratch else model.subgraphs[placed.graph].tensors[placed.tensor].name
    return PlannedBuffer(
        name=name,
        is_scratch=scratch is not None,
        subgraph=placed.graph,
        tensor=placed.tensor,
        offset_bytes=placed.offset_bytes,
        size_bytes=placed.request.size_bytes,
        first_use=placed.request.first_use,
        last_use=placed.request.last_use,
    )


def _peak_step(plan: tuple[PlannedBuffer, ...], head_bytes: int) -> int:
    """Return the step with most bytes alive among those at which a buffer reaches the head's end."""
    highest = {step for b in plan if b.end_bytes == head_bytes for step in range(b.first_use, b.last_use + 1)}
    alive = {step: sum(b.size_bytes for b in plan if b.first_use <= step <= b.last_use) for step in highest}
    return max(alive, key=lambda step: (alive[step], -step), default=0)


def _notes(model: TfliteModel) -> list[str]:
    options = [operator.options for graph in model.subgraphs for operator in graph.operators]
    variables = {(o.container, o.shared_name) for o in options if isinstance(o, VarHandleOptions)}
    if not variables:
        return []
    return [
        f"the table of resource variables is taken from this arena and has room for the model's {len(variables)}; "
        "an app that makes it elsewhere or larger must subtract or add"
    ]
