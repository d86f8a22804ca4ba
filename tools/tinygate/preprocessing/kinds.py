"""The kinds of preprocessing that a recipe can describe, behind one interface: what a third needs is one entry here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import DataError
from tinygate.preprocessing.description import Description, RawWindow, read_description
from tinygate.preprocessing.micro_features import micro_features, read_audio, shape_of
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import plan_of

Settings = NDArray[Any] | None


@dataclass(frozen=True)
class Preparation:
    """How raw windows become a model's input.

    Attributes:
        raw: what is given.
        shape: of an input, without a batch.
        inputs: the host's path: inputs [N, ...shape] of windows as given and their settings.
        description: the steps, where it is made of steps: what differs can then be explained.
        software: what carries it out where no C is compiled.
    """

    raw: RawWindow
    shape: tuple[int, ...]
    inputs: Callable[[NDArray[Any], Settings], NDArray[np.float32]]
    description: Description | None = None
    software: str = "NumPy"


def read_preparation(constants: Mapping[str, Any], where: str = "the preprocessing") -> Preparation:
    """Return what a description comes to; `where` says in messages whose it is.

    Raises:
        DataError: the description cannot be carried out.
    """
    kind = constants.get("kind")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise DataError(f"{where}: kind is {kind!r}; expected one of {', '.join(_KINDS)}.")
    return _KINDS[kind](constants, where)


def as_given(raw: RawWindow, samples: NDArray[Any]) -> NDArray[Any]:
    """Return raw windows [N, samples, axes] in the type in which the sensor gives them.

    Raises:
        DataError: windows of another shape, or integers that the type has not.
    """
    if samples.ndim != 3 or samples.shape[1:] != raw.shape:
        raise DataError(f"raw windows of shape {samples.shape[1:]}; the preprocessing takes {raw.shape}.")
    with np.errstate(all="ignore"):
        given = samples.astype(raw.dtype)
    if given.dtype.kind != "f" and not np.array_equal(given, samples):
        raise DataError(f"raw windows hold values that {raw.dtype}, in which the sensor gives them, has not.")
    return given


def _steps(constants: Mapping[str, Any], where: str) -> Preparation:
    description = read_description(constants, where)
    plan = plan_of(description)
    return Preparation(plan.raw, plan.shape, partial(prepare, plan), description)


def _micro_features(constants: Mapping[str, Any], where: str) -> Preparation:
    raw = read_audio(constants, where)
    return Preparation(raw, shape_of(raw), lambda samples, _: micro_features(raw, samples), software="pymicro-features")


_KINDS: Mapping[str, Callable[[Mapping[str, Any], str], Preparation]] = {
    "steps": _steps,
    "micro_features": _micro_features,
}
