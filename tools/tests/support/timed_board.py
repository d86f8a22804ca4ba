"""A virtual board that counts time: what replays a chip's latency and profile, with a lab's noise.

Put into a process of the virtual board as its sitecustomize.py, it answers as a chip with KERNELS would; SLOWER names an
operator by its number, and how many times its ticks it takes: "1:2.0".
"""

import os
import random
import time
import zlib
from typing import Any

from tinygate.protocol import Bench, Profile
from tinygate.virtual import app, description

MHZ, TICKS = 240, 9_000
description._BOARD |= {
    "cpu_mhz": MHZ, "flash_mhz": 40, "optimization": "perf", "arena_placement": "internal", "sdk": "ESP-IDF v5.1",
    "kernels": os.environ["KERNELS"], "emulated": "none", "timing": "cycles",
}  # fmt: skip
_NUMBER, _, _FACTOR = os.environ.get("SLOWER", "-1:1").partition(":")
_CHANCE = random.SystemRandom()  # boots are forked from one process, and would share another's state


def _ticks(self: Any, interpreter: Any) -> list[int]:
    """What each operator takes in one run of this boot."""
    luck = vars(self).setdefault("luck", _CHANCE.gauss(1, 0.003))
    count = len(interpreter.operators)
    factors = (float(_FACTOR) if number == int(_NUMBER) else 1.0 for number in range(count))
    return [
        int(TICKS * (number + 1) * luck * _CHANCE.gauss(1, 0.001) * factor) for number, factor in enumerate(factors)
    ]


def _bench(self: Any, interpreter: Any, request: Any) -> Bench:
    cycles = [sum(_ticks(self, interpreter)) for _ in range(request.invocations)]
    late = tuple(int(c * 1.05) if _CHANCE.random() < 0.02 else c for c in cycles)
    time.sleep(sum(late) / MHZ / 1e6)
    crc = f"{zlib.crc32(self._window):08x}"
    return Bench(request.warmup, request.invocations, crc, 3, late, tuple(c // MHZ for c in late))


def _profile(self: Any, interpreter: Any, request: Any) -> Profile:
    return Profile(interpreter.operators, tuple(_ticks(self, interpreter)))


app.App._bench = _bench  # type: ignore[method-assign]
app.App._profile = _profile  # type: ignore[method-assign]
