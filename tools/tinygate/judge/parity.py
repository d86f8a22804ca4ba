"""Does a board compute what the oracle computes, over the whole test set?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import EvidenceError, TinygateError
from tinygate.interpreter.diagnosis import fit_roundings
from tinygate.judge.oracle import OracleRun
from tinygate.model.folder import Variant
from tinygate.verdict import Finding, Verdict

CHIP_FLOAT_TOLERANCE = 1e-5
"""How far a float output of a chip may lie from the oracle's, in the output's unit. A chip's compiler fuses and orders
additions differently; a softmax output moved by that much moves no decision, which is demanded as well."""


_FLOATS_DIFFER = (
    f"a chip's compiler orders float additions otherwise; within {CHIP_FLOAT_TOLERANCE:g} of the oracle, "
    "the same decision."
)


_EXPLAINED_WINDOWS = 32


@dataclass(frozen=True)
class Parity:
    """How a board's outputs compare with the oracle's.

    Attributes:
        windows: how many windows were compared.
        mismatches: how many windows differ: a value by more than the tolerance, or the decision.
        first: index of the first of them, None if there is none.
        largest_difference: over all values of all windows, in units of the last place for integer outputs.
        device, oracle: values of the first window that differs; empty if there is none.
    """

    windows: int
    mismatches: int
    first: int | None
    largest_difference: float
    device: tuple[float, ...]
    oracle: tuple[float, ...]

    def sentence(self) -> str:
        """Say it for a reader: what was compared, and where it differs first."""
        if self.first is None:
            return f"{self.windows} windows compared; largest difference {self.largest_difference:g}."
        return (
            f"{self.mismatches} of {self.windows} windows differ, the first is window {self.first}: board "
            f"{_short(self.device)}, oracle {_short(self.oracle)}; largest difference {self.largest_difference:g}."
        )


def compare(device: NDArray[Any], oracle: NDArray[Any], tolerance: float = 0.0) -> Parity:
    """Compare raw outputs [N, ...] value by value.

    Args:
        device: what the board answered.
        oracle: what the reference interpreter computed from the same bytes.
        tolerance: largest allowed difference of a float value; integers must be equal.

    Raises:
        EvidenceError: the two are of different type or shape, so that nothing can be compared.
    """
    if device.dtype.newbyteorder("=") != oracle.dtype or device.shape != oracle.shape:
        raise EvidenceError(
            f"the board's outputs are {device.dtype} {device.shape}, the oracle's {oracle.dtype} {oracle.shape}: "
            "expected the same test set through the same model"
        )
    ours, theirs = (np.reshape(outputs, (len(outputs), -1)) for outputs in (device, oracle))
    difference = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    exceeds = difference > (tolerance if oracle.dtype.kind == "f" else 0)
    differs = (exceeds | np.isnan(difference)).any(axis=1) | (ours.argmax(axis=1) != theirs.argmax(axis=1))
    first = int(differs.argmax()) if differs.any() else None
    shown = ((), ()) if first is None else (tuple(map(float, ours[first])), tuple(map(float, theirs[first])))
    return Parity(len(ours), int(differs.sum()), first, float(difference.max(initial=0.0)), *shown)


def compare_all(device: Sequence[NDArray[Any]], oracle: Sequence[NDArray[Any]], tolerance: float = 0.0) -> Parity:
    """Compare every output of a model, [N, ...] each; arguments and errors as for `compare`.

    Returns:
        The output that differs first, or most; a window counts as different as often as an output differs in it.
    """
    if len(device) != len(oracle):
        raise EvidenceError(f"the board has {len(device)} outputs, the oracle {len(oracle)}: expected the same model")
    found = [compare(ours, theirs, tolerance) for ours, theirs in zip(device, oracle, strict=True)]
    first = min(found, key=lambda one: (one.first is None, one.first or 0))
    largest = max(one.largest_difference for one in found)
    return replace(first, mismatches=sum(one.mismatches for one in found), largest_difference=largest)


def alike(outputs: Sequence[NDArray[Any]]) -> str:
    """Say that every window has the same answer, [N, ...] each, so that equal ones prove little; empty if not so."""
    count = len(outputs[0])
    if count < 2 or any((one != one[:1]).any() for one in outputs):
        return ""
    return (
        f"all {count} windows have the same answer, so that neither exchanged windows nor state that is not reset "
        "would be seen; bring inputs that the model tells apart."
    )


def explanation(oracle: OracleRun, outputs: Sequence[NDArray[Any]]) -> str:
    """Return which other rounding of an integer model gives a board's outputs [N, ...]; empty if none is known to.

    A board that rounds in one step where TensorFlow Lite Micro rounds in two has another kernel library, not a fault.
    """
    if len(outputs) != 1 or len(oracle.fed) != 1 or oracle.resets is not None:
        return ""
    theirs = np.reshape(oracle.reference.outputs, (len(outputs[0]), -1))
    differs = np.flatnonzero((np.reshape(outputs[0], theirs.shape) != theirs).any(axis=1))[:_EXPLAINED_WINDOWS]
    try:
        best = fit_roundings(oracle.tflite, oracle.fed[0][differs], outputs[0][differs])[0]
    except TinygateError:  # floats, or an operator that the interpreter does not have
        return ""
    return f" Explained by another rounding: {best.name}." if best.mismatches == 0 else ""


def judge_parity(
    variant: Variant, place: str, outputs: Sequence[NDArray[Any]], oracle: OracleRun, *, exact_floats: bool
) -> Finding:
    """Judge what a board answered for the whole test set against the oracle.

    Args:
        variant: what ran there.
        place: where.
        outputs: raw values of every output, [N, ...] each.
        oracle: the same windows in the oracle.
        exact_floats: whether the board computes with the oracle's own build, so that floats must be equal as well.

    Returns:
        PASS or FAIL; INCONCLUSIVE where outputs differ from a stand-in for TensorFlow Lite Micro, which rounds some
        operators otherwise.
    """
    exact = exact_floats or all(tensor.dtype != "float32" for tensor in oracle.tflite.outputs)
    tolerance = 0.0 if exact else CHIP_FLOAT_TOLERANCE
    parity = compare_all(outputs, oracle.reference.all_outputs, tolerance)
    limit = "= 0, every value equal" if exact else f"= 0, floats within {CHIP_FLOAT_TOLERANCE:g} and the same decision"
    note = " ".join(filter(None, ("" if exact else _FLOATS_DIFFER, alike(oracle.reference.all_outputs))))
    reason = f"{parity.sentence()} Oracle: {oracle.reference.oracle} {oracle.reference.version}."
    if not parity.mismatches:
        verdict = Verdict.PASS
    else:
        reason += explanation(oracle, outputs)
        verdict = Verdict.FAIL if oracle.reference.oracle == "tflm" else Verdict.INCONCLUSIVE
    shared = (variant.model.name, variant.name, place, "parity", "parity_mismatches")
    return Finding(*shared, parity.mismatches, limit, verdict, str(variant.path), reason, note)


def _short(values: tuple[float, ...], limit: int = 8) -> str:
    return "[" + " ".join(f"{value:g}" for value in values[:limit]) + (" …]" if len(values) > limit else "]")
