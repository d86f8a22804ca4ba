"""The oracle's process and its cache when somebody else meddles with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tinygate.errors import LabError
from tinygate.oracle import cache, oracle, process, run_tflm

pytestmark = pytest.mark.skipif(not oracle.tflm_is_installed(), reason="the TFLM wheel is for Linux on x86-64 only")
MANY = np.zeros((100_000, 2), np.int8)


def worker(content: bytes) -> int:
    run_tflm(content, MANY[:1], use_cache=False)
    return process._running["tflm"]._process.pid


def test_a_stopped_process_is_the_labs_fault_even_while_it_is_written_to(doubling: bytes) -> None:
    os.kill(worker(doubling), signal.SIGSTOP)
    with pytest.raises(LabError, match="stopped from outside"):
        run_tflm(doubling, MANY, use_cache=False, timeout_s=0.5)


def test_a_killed_process_is_the_labs_fault(doubling: bytes) -> None:
    pid = worker(doubling)
    threading.Timer(0.1, os.kill, (pid, signal.SIGKILL)).start()
    with pytest.raises(LabError, match=r"killed from outside \(SIGKILL\)"):
        run_tflm(doubling, np.tile(MANY, (20, 1)), use_cache=False)


def test_a_process_does_not_outlive_a_parent_that_is_killed(doubling: bytes, tmp_path: Path) -> None:
    model = tmp_path / "m.tflite"
    model.write_bytes(doubling)
    program = (
        "import sys, threading, numpy as np; from pathlib import Path; from tinygate.oracle import process, run_tflm\n"
        f"content = Path({str(model)!r}).read_bytes()\n"
        "first = threading.Thread(target=lambda: run_tflm(content, np.zeros((1, 2), np.int8), use_cache=False))\n"
        "first.start(); first.join(); print(process._running['tflm']._process.pid, flush=True)\n"
        "run_tflm(content, np.zeros((3_000_000, 2), np.int8), use_cache=False)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    time.sleep(0.5)
    assert Path(f"/proc/{pid}").exists()
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(pid)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("damage", ["cut", "another", "flipped", "garbage", "header"])
def test_a_cache_entry_that_is_not_this_results_is_made_anew(
    damage: str, doubling: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYGATE_CACHE", str(tmp_path))
    inputs = np.array([[1, 2]], np.int8)
    right = run_tflm(doubling, inputs).outputs
    (path,) = (cache.cache_folder() / "reference").iterdir()
    content = path.read_bytes()
    if damage == "another":
        run_tflm(doubling, np.array([[7, 7]], np.int8))
        (other,) = set((cache.cache_folder() / "reference").iterdir()) - {path}
        path.write_bytes(other.read_bytes())
    else:
        path.write_bytes(
            {
                "cut": content[: len(content) // 2],
                "flipped": content[:200] + bytes([content[200] ^ 255]) + content[201:],
                "garbage": b"PK\x03\x04" + b"x" * 500,
                "header": content.replace(b"'descr'", b"'descr:"),
            }[damage]
        )
    again = run_tflm(doubling, inputs)
    np.testing.assert_array_equal(again.outputs, right)
    assert run_tflm(doubling, inputs).from_cache
