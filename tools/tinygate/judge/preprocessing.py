"""Does a device make of raw windows what the host makes of them: the same input, code by code?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.board.evidence import Run, assemble
from tinygate.board.raw import RawPlan, as_sent
from tinygate.board.shared_set import SharedSet
from tinygate.judge.described import described, undescribed
from tinygate.judge.explained import explain
from tinygate.judge.missteps import Host
from tinygate.judge.oracle import OracleRun
from tinygate.model.evaluation import judged
from tinygate.model.folder import Variant
from tinygate.model.scoring import scorer
from tinygate.preprocessing.kinds import as_given
from tinygate.preprocessing.raw import RawWindows
from tinygate.tflite import Tensor
from tinygate.tflite.model import NUMPY_TYPES
from tinygate.verdict import Finding, Verdict

FIGURE = "preprocessing_mismatches"
_UNKNOWN = (
    "The application takes no raw windows, so what it makes of them is not known; let the build put the described "
    "steps in, or give tinygate_start() a preprocessor (docs/preprocessing.md)."
)
Codes = NDArray[Any]


@dataclass(frozen=True)
class Difference:
    """How a device's inputs differ from the host's.

    Attributes:
        windows: how many were compared.
        beyond: in how many a value differs by more than is allowed.
        values: how many values differ at all, of `total`.
        largest: in steps.
        first: window, value and both numbers of the first that differs beyond what is allowed, else at all.
    """

    windows: int
    beyond: int
    values: int
    total: int
    largest: int
    first: tuple[int, int, float, float] | None


def compare_inputs(device: Codes, host: Codes, max_lsb: int) -> Difference:
    """Compare inputs [N, ...] of one type; of float32 a step is a unit in the last place."""
    ours, theirs = (x.reshape(len(x), -1) for x in (device, host))
    steps = np.abs(_ranks(ours) - _ranks(theirs))
    beyond = (steps > max_lsb).any(axis=1)
    where = np.argwhere(steps > max_lsb if beyond.any() else steps > 0)
    first = None
    if len(where):
        window, value = map(int, where[0])
        first = window, value, float(ours[window, value]), float(theirs[window, value])
    largest = int(steps.max(initial=0))
    return Difference(len(ours), int(beyond.sum()), int((steps > 0).sum()), steps.size, largest, first)


def _ranks(values: Codes) -> NDArray[np.int64]:
    """Return numbers whose differences are steps: codes as they are, floats by their place among all floats."""
    if values.dtype.kind != "f":
        return values.astype(np.int64)
    bits = np.where(np.isnan(values), np.float32(np.nan), values).astype(np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def judge_preprocessing(variant: Variant, place: str, run: Run, oracle: OracleRun, host: Host) -> Finding:
    """Judge the inputs that a board made of the test set's raw windows.

    Args:
        variant: what ran there.
        place: where.
        run: what it answered.
        oracle: the same test set in the oracle, from the inputs that the model is judged on.
        host: how the host makes them.

    Returns:
        PASS or FAIL; INCONCLUSIVE where the application takes no raw windows.
    """
    allowed = variant.model.config.preprocessing.max_lsb
    limit = "= 0, every value equal" if not allowed else f"= 0, every value within {allowed} steps"
    shared = (variant.model.name, variant.name, place, "preprocessing", FIGURE)
    raw = variant.model.dataset.test.raw
    if run.raw is None or raw is None:
        return Finding(*shared, None, limit, Verdict.INCONCLUSIVE, str(variant.model.config_path), _UNKNOWN)
    expected = host.codes(raw)
    dtype = np.dtype(NUMPY_TYPES[host.tensor.dtype])
    device = np.ascontiguousarray(run.raw.inputs).view(dtype).reshape(expected.shape)
    found, reason = told_difference(host, raw, device, allowed)
    if found.beyond:
        reason += _cost(variant, run, oracle)
    verdict = Verdict.FAIL if found.beyond else Verdict.PASS
    note = " ".join(
        filter(None, (_own(variant, run.raw.preprocessing), _judged_otherwise(host.tensor, oracle, expected)))
    )
    return Finding(*shared, found.beyond, limit, verdict, str(variant.path), reason, note)


def told_difference(host: Host, raw: RawWindows, device: Codes, allowed: int) -> tuple[Difference, str]:
    """Return how a device's inputs [N, ...] differ from the host's, and the sentences about it."""
    expected = host.codes(raw)
    found = compare_inputs(device, expected, allowed)
    said = _sentence(found, host, allowed)
    return found, said + (_explanation(host, raw, device, expected) if found.values else "")


def _sentence(found: Difference, host: Host, allowed: int) -> str:
    if found.first is None:
        return f"{found.windows} windows compared, all {found.total} values equal."
    window, value, ours, theirs = found.first
    at = f"window {window}, {_place(host, value)}: board {ours:g}, host {theirs:g}"
    step = f"steps of {host.tensor.scales[0]:.6g}" if host.tensor.scales else "units in the last place"
    if not found.beyond:
        return (
            f"{found.values} of {found.total} values differ by at most {found.largest} {step}, within max_lsb = "
            f"{allowed}; the first is {at}."
        )
    return (
        f"The board makes another input of {found.beyond} of {found.windows} raw windows, by up to {found.largest} "
        f"{step}; the first is {at}."
    )


def _place(host: Host, value: int) -> str:
    """Say which value of an input it is: by sample and axis, or by its place in the input's shape."""
    if host.preparation.description is None:
        return f"value {list(map(int, np.unravel_index(value, host.preparation.shape)))}"
    plan = host.plan
    sample, axis = divmod(value, len(plan.names))
    if plan.axes_first:
        axis, sample = divmod(value, plan.samples)
    return f"sample {sample}, axis {plan.names[axis]}"


def _explanation(host: Host, raw: RawWindows, device: Codes, expected: Codes) -> str:
    if host.preparation.description is None:
        return ""
    found = explain(host, raw, device, expected)
    if found is None:
        return " No single mistake that is known explains it."
    return f" Explained by: {found.sentence} ({found.windows} of {len(device)} windows come out so)."


def _cost(variant: Variant, run: Run, oracle: OracleRun) -> str:
    """Say what the model's metric is with the board's inputs, and with the host's."""
    assert run.raw is not None
    judging = scorer(variant.model, variant.model.dataset)
    if judging.unknown:
        return ""
    outputs = assemble([run.raw.answers], run.hello, len(run.output))
    with_board = judging.value(judged(oracle.tflite, variant.model.dataset.test, outputs))
    show, title = judging.figure.show, judging.figure.title
    return f" With it {title} is {show(with_board)}, with the host's input {show(judging.value(oracle.judged))}."


def _own(variant: Variant, name: str) -> str:
    pinned = variant.model.manifest.preprocessing.sha256
    return "" if name.startswith(pinned) else f"The board makes its input by something of its own: {name[:80]}."


def _judged_otherwise(tensor: Tensor, oracle: OracleRun, expected: Codes) -> str:
    """Say how far the inputs that the model is judged on lie from the described steps' own."""
    fed = oracle.fed[0].reshape(len(expected), -1)
    found = compare_inputs(fed, expected.reshape(fed.shape), 0)
    if not found.values or not tensor.scales:
        return ""
    return (
        f"The recipe's own inputs, which the model is judged on, differ from the described steps' in {found.values} of "
        f"{found.total} values, by at most {found.largest} steps."
    )


def host_of(variant: Variant, oracle: OracleRun) -> Host:
    """Return how the host makes a variant's input. Raises DataError: the description cannot be carried out."""
    return Host(described(variant.model), oracle.tflite.inputs[0])


def raw_plan(variant: Variant, oracle: OracleRun, shared_by: int = 1) -> RawPlan | None:
    """Return the raw windows of a model's test set, and what the host makes of them; None where nobody described them.

    Args:
        variant: what shall be fed.
        oracle: the same test set in the oracle.
        shared_by: how many variants a board may be sent them for that keeps them.

    Raises:
        DataError: the description cannot be carried out.
    """
    model = variant.model
    raw = model.dataset.test.raw
    if undescribed(model.dataset) or raw is None:
        return None
    host = host_of(variant, oracle)
    samples = as_given(host.preparation.raw, raw.samples)
    codes = host.codes(raw)
    inputs = np.frombuffer(as_sent(codes), np.uint8).reshape(len(codes), -1)
    content = as_sent(samples)
    shared = SharedSet(content, shared_by * len(content)) if shared_by > 1 else None
    return RawPlan(samples, raw.settings, inputs, shared)
