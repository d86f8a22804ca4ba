"""The arena: what the model needs on a chip, computed before any board is touched, against what a board says."""

from __future__ import annotations

import math
from functools import cache

from tinygate.arena import TARGETS, ArenaPrediction, differences, load_layout, predict
from tinygate.board.evidence import Run
from tinygate.judge.facts import fact
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant
from tinygate.tflite import read_model
from tinygate.verdict import Finding

SPARE = 1.125
"""What a firmware's arena has above the predicted minimum; more where the prediction is a lower bound."""
_UNSURE = 1.5
_UNSURE_BYTES = 16_384
_ALIGNMENT = 16


@cache
def predicted(variant: Variant, chip: str) -> ArenaPrediction | None:
    """Return a variant's arena on a chip; None for a chip whose arena nobody has computed."""
    return predict(read_model(variant.content), chip) if chip in TARGETS else None


def arena_bytes_for(variant: Variant, chip: str) -> int | None:
    """Return how large a firmware's arena is to be, a multiple of 16; None where nothing is predicted."""
    found = predicted(variant, chip)
    if found is None:
        return None
    wanted = found.minimum_bytes * SPARE if found.exact else found.minimum_bytes * _UNSURE + _UNSURE_BYTES
    return math.ceil(wanted / _ALIGNMENT) * _ALIGNMENT


def judge_prediction(variant: Variant, place: str, run: Run) -> Finding | None:
    """Judge whether a board uses the arena that was computed; None where there is nothing to hold it against."""
    found = predicted(variant, run.hello.target)
    if found is None or run.arena.pointer_bits != 32:
        return None
    used, wanted = run.arena.used_bytes, found.used_bytes
    if not found.exact:
        reason = f"The prediction is a lower bound: {found.unknown[0]}"
        return fact(variant, place, "arena", "arena_as_predicted", used, f"≥ {wanted}", used >= wanted, reason)
    names = _differences(run)
    cause = names[0] if names else "no structure differs: another version of the interpreter, or of a kernel library"
    reason = (
        ""
        if used == wanted
        else f"Computed for {found.runtime} with {found.kernels}; the board: {run.hello.tflm_version}, "
        f"{run.hello.kernels}. {cause}."
    )
    return fact(variant, place, "arena", "arena_as_predicted", used, f"= {wanted}", used == wanted, reason)


def judge_least_arena(variant: Variant, place: str, used_bytes: int) -> Finding:
    """Hold what a device reports against what activations and scratch buffers take in the oracle, on any target.

    Persistent structures come on top; they shrink with the pointers, activations do not. A device that reports less
    would pass any budget.
    """
    least = run_oracle(variant).reference.arena_head_bytes or 1
    holds = used_bytes >= least
    reason = (
        ""
        if holds
        else "The application reports a smaller arena than the model's activations take: what it measures is another "
        "model's, or not the arena; look at what it answers to an arena request."
    )
    return fact(variant, place, "arena", "arena_used_at_least_bytes", used_bytes, f"≥ {least}", holds, reason)


def arena_differs(variant: Variant, place: str, measured: int, computed: int) -> Finding:
    """Return FAIL: the smallest arena that works on a board is not the one that was computed."""
    reason = "The arena that was computed for this chip is not the board's: another version of interpreter or kernels."
    return fact(variant, place, "arena", "minimum_as_predicted", measured, f"= {computed}", False, reason)


def judge_layout(variant: Variant, place: str, run: Run) -> Finding | None:
    """Judge whether the structures in a board's arena have the sizes that predictions rest on.

    Returns:
        FAIL with the first structure that differs; None where the board tells no layout of a chip.
    """
    if run.layout is None or run.arena.pointer_bits != 32 or run.hello.target not in TARGETS:
        return None
    found = _differences(run)
    count = len(run.layout.names)
    more = f" {len(found) - 1} more differ." if len(found) > 1 else ""
    reason = f"{found[0]}.{more} A component has changed: pin it, or record the new layout." if found else ""
    limit = f"0 of {count} differ"
    return fact(variant, place, "arena", "structures_that_differ", len(found), limit, not found, reason)


def _differences(run: Run) -> tuple[str, ...]:
    if run.layout is None:
        return ()
    layout = load_layout(TARGETS[run.hello.target].layout_name)
    return differences(layout, run.layout.names, run.layout.sizes, run.layout.alignments)
