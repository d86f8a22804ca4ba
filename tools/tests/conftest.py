"""No test remembers its runs in the checkout's store; modules that take long are marked `slow`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOW = frozenset(
    HERE / f"{name}.py"
    for name in (
        "board/test_contract", "faults/test_disks", "faults/test_kills", "firmware_cpp/test_cpp_twin",
        "firmware_cpp/test_engine", "gate/test_component_bump", "gate/test_gate_keeps_state",
        "gate/test_gate_remembers", "gate/test_gate_turns_red", "gate/test_interrupted", "gate/test_silencers",
        "lab/test_lab_gate", "lab/test_night", "project/test_ci", "project/test_team", "store/test_ledger",
        "study/test_steps", "study/test_study_command", "tflm/test_operators", "virtual/test_virtual_keeping",
        "virtual/test_virtual_line",
    )
)  # fmt: skip
"""Modules of ten seconds and more in sum, by `pytest --durations=0` on two cores: `make test` leaves them out."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what takes long. Raises pytest.UsageError: a module of the list has another name by now."""
    gone = sorted(path.name for path in SLOW if not path.is_file())
    if gone:
        raise pytest.UsageError(f"{__file__}: SLOW names {', '.join(gone)}, which is not there")
    for item in items:
        if item.path in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session", autouse=True)
def _a_store_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "TINYGATE_STORE" not in os.environ:
            patch.setenv("TINYGATE_STORE", str(tmp_path_factory.mktemp("store")))
        yield
