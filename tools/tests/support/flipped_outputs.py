"""A pytest plugin: the board answers one byte of window 7 otherwise than its model computes it."""

import dataclasses
from typing import Any

import numpy as np


def pytest_collection_finish() -> None:
    """Stand between the board and who measures it."""
    from tinygate.board.evidence import Run
    from tinygate.plugin import measuring

    measure = measuring.measure

    def flipped(*args: Any) -> Run:
        run = measure(*args)
        output = np.array(run.output)
        output[7].reshape(-1).view(np.uint8)[0] ^= 1
        return dataclasses.replace(run, outputs=(output, *run.outputs[1:]))

    measuring.measure = flipped
