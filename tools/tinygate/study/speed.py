"""`python -m tinygate.study.speed model.tflite`: how long LiteRT takes for an inference on this machine, as JSON.

One thread, its own kernels (XNNPACK), random input, in a process of its own. It says which variant this processor
likes, and nothing of a chip.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROUNDS, ROUND_S = 9, 0.02
_TIMEOUT_S = 120


def measure(path: Path) -> dict[str, float]:
    """Return the median and the fastest and slowest of ROUNDS means, in µs; empty if LiteRT does not run the model."""
    command = [sys.executable, "-W", "ignore", "-m", "tinygate.study.speed", str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
        return {name: float(value) for name, value in json.loads(done.stdout).items()}
    except (subprocess.SubprocessError, OSError, ValueError):
        return {}


def _run(path: Path) -> dict[str, float]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    generator = np.random.default_rng(0)
    for detail in interpreter.get_input_details():
        values = generator.integers(0, 2, detail["shape"])
        interpreter.set_tensor(detail["index"], values.astype(detail["dtype"]))
    interpreter.invoke()
    rounds = sorted(_mean_us(interpreter) for _ in range(ROUNDS))
    return {"median_us": rounds[ROUNDS // 2], "fastest_us": rounds[0], "slowest_us": rounds[-1]}


def _mean_us(interpreter: object) -> float:
    count, started = 0, time.perf_counter()
    while (elapsed := time.perf_counter() - started) < ROUND_S:
        interpreter.invoke()  # type: ignore[attr-defined]
        count += 1
    return elapsed / count * 1e6


if __name__ == "__main__":
    print(json.dumps(_run(Path(sys.argv[1]))))
