"""The firmware's engine, runner and profiler on a fake interpreter: firmware/host_test/engine_test.cpp, on the host."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from conftest import COMPONENT, FIRMWARE


def test_engine_runner_and_profiler_do_what_the_console_relies_on(engine_test: Path) -> None:
    run = subprocess.run([engine_test], capture_output=True, text=True, check=False)
    assert run.returncode == 0, f"after {run.stdout.split()}: {run.stderr[-4000:]}"
    source = (FIRMWARE / "host_test" / "engine_test.cpp").read_text(encoding="utf-8")
    assert run.stdout.split() == re.findall(r'\{"(\w+)", \w+\}', source)


def test_the_result_of_making_the_task_is_looked_at() -> None:
    """service.cpp needs FreeRTOS: whether it looks is all that can be seen here."""
    source = (COMPONENT / "service" / "src" / "service.cpp").read_text(encoding="utf-8")
    assert re.search(r"if \(xTaskCreatePinnedToCore\([^;]*\) != pdPASS\) \{\s+return refuse\(", source)
    sample = (FIRMWARE / "main" / "main.cpp").read_text(encoding="utf-8")
    assert "ESP_ERROR_CHECK(tinygate_start(" in sample
