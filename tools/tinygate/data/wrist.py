"""The wrist recordings that two of the models learn from: 140 recordings of 10 people doing 7 shoulder exercises.

Smartwatch data at 50 Hz, `watch_dataset.npy` in the wheel of seglearn 1.2.5 (BSD; Burns et al. 2018, arXiv 1802.01489).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tinygate.data.wheel import load_pickled_dict, locate_wheel_file
from tinygate.data.windows import Recording
from tinygate.errors import DataError

WHEEL = ("seglearn", "1.2.5", "seglearn/data/watch_dataset.npy")
SHA256 = "eb122f23cdf06ef6bd6c6c5312958ec5cf9d038e2e6d457b8081662c75a42537"
AXES = ("ax", "ay", "az", "wx", "wy", "wz")  # g and rad/s

# A left wrist is the mirror image of a right one: reflected across the watch's x axis, acceleration flips in x, and
# rotation, being an axial vector, in y and z. The wearer's side is a setting of the watch.
MIRROR = (-1.0, 1.0, 1.0, 1.0, -1.0, -1.0)


@dataclass(frozen=True)
class WristRecording(Recording):
    """A recording and the wrist it was worn on."""

    left_wrist: bool


@cache
def load_recordings() -> tuple[WristRecording, ...]:
    """Return all recordings in the order of the file, raw samples as they are.

    Raises:
        DataError: the wheel or file is missing or altered, or holds something else than expected.
    """
    content = load_pickled_dict(locate_wheel_file(*WHEEL), SHA256)
    if tuple(content["X_labels"]) != AXES:
        raise DataError(f"{WHEEL[2]} has axes {content['X_labels']}, expected {AXES}; install seglearn {WHEEL[1]}")
    columns = zip(content["X"], content["y"], content["subject"], content["side"], strict=True)
    return tuple(
        WristRecording(index, int(subject), int(label), np.asarray(raw, np.float64), left_wrist=not side)
        for index, (raw, label, subject, side) in enumerate(columns)
    )


def facing_right(recording: WristRecording, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return samples [..., 6] as a right wrist would have given them."""
    return samples * np.array(MIRROR) if recording.left_wrist else samples
