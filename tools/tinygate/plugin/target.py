"""Target tests: pytest-embedded drives the board; one firmware, one flash and one measured run per variant.

A project's tests_target/conftest.py takes everything from here: `from tinygate.plugin.target import *`.

`config` is ESP-IDF's name for what a firmware is built from: here a variant. It is parametrized over the session, so
that pytest groups the tests by firmware. `run` is measured by the first test that asks and shared by the others.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, Protocol

import pytest
from pytest_embedded.plugin import parametrize_fixtures  # taken back, see plugin/embedded.py

from tinygate.board.blame import whose_job
from tinygate.board.evidence import Run
from tinygate.board.lock import locked
from tinygate.errors import LabError, TinygateError
from tinygate.gate.progress import Step
from tinygate.judge.arena import arena_bytes_for
from tinygate.judge.budget import judge_budget
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice, chosen_board
from tinygate.plugin.core import Judge, SaysNotJudged, progress_key
from tinygate.plugin.measuring import Measured, failure, measured
from tinygate.plugin.once import Once
from tinygate.plugin.ports import _found_port, _serial_port, _virtual_port, port
from tinygate.plugin.rigs import _rig, _rigs
from tinygate.project.settings import settings_of
from tinygate.store.journal import read
from tinygate.targets.firmware import BuildOrder, Firmware
from tinygate.verdict import verdict_of

__all__ = [
    "_found_port", "_rig", "_rigs", "_serial_port", "_virtual_port", "app_path", "baud", "board", "board_run", "boots",
    "build_dir", "config", "embedded_services", "firmware", "judge_figure", "logs", "measured_figures",
    "not_measured", "parametrize_fixtures", "port", "pytest_collection_modifyitems", "pytest_configure",
    "pytest_runtest_logreport", "pytest_sessionfinish", "qemu_image_path", "run", "target",
    "test_case_tempdir", "variant",
]  # fmt: skip

Figures = dict[tuple[str, str, str], float | int | None]


class JudgeFigure(Protocol):
    """Judges a figure: its name, its value, a note, and what it rests on (`Finding.detail`)."""

    def __call__(
        self, figure: str, value: float | int | None, note: str, detail: Mapping[str, Any] = MappingProxyType({}), /
    ) -> None: ...


SaysNotMeasured = Callable[[str, str], NoReturn]

_figures_key = pytest.StashKey[Figures]()
_passed = 0
OTHER_SESSION_S = 60.0

_OTHERS_WARNINGS = (
    r"set(Daemon|Name)\(\):DeprecationWarning:serial.rfc2217",  # pyserial 3.5 starts its reader thread so
    r"unclosed file <_io\.\w+ name='[^']*sdkconfig\.json':ResourceWarning",  # pytest-embedded-idf 2.9.3 reads it so
)


def pytest_configure(config: pytest.Config) -> None:
    """Expect what others warn of, and take up what other sessions of the run have measured."""
    path = config.getoption("--figures-from")
    config.stash[_figures_key] = _measured_elsewhere(Path(path), chosen_board(config).place) if path else {}
    for warning in _OTHERS_WARNINGS:
        config.addinivalue_line("filterwarnings", f"ignore:{warning}")


def _measured_elsewhere(journal_path: Path, place: str) -> Figures:
    found = read(journal_path).findings
    return {
        (f.model, f.variant, f.figure): f.value
        for f in found
        if f.check == "budget" and f.place == place and not isinstance(f.value, str)
    }


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Name the board before anything runs; ask who it is first, and judge rules last. pytest groups by firmware."""
    if not config.option.collectonly and any(_suite_module(item) for item in items):
        chosen_board(config)
    items.sort(key=lambda item: bool(_suite_module(item)) and _suite_module(item) != "identity")
    yield
    items.sort(key=lambda item: _suite_module(item) == "rules")


def _suite_module(item: pytest.Item) -> str:
    """The module of the target suite that a test is from; empty for any other test."""
    name: str = getattr(getattr(item, "function", None), "__module__", "")
    return name.rpartition(".")[2] if name.startswith("tinygate.suites.target.") else ""


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what passed."""
    global _passed
    _passed += report.when == "call" and report.passed


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing judged is not green: a run of nothing but skipped tests ends like one without tests."""
    if session.exitstatus == pytest.ExitCode.OK and not session.config.option.collectonly and not _passed:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


# What is tested, and where


@pytest.fixture(scope="session")
def board(pytestconfig: pytest.Config) -> BoardChoice:
    """The board that the command line names."""
    return chosen_board(pytestconfig)


@pytest.fixture(scope="session")
def config(request: pytest.FixtureRequest) -> Variant:
    """The variant that the firmware is built from."""
    found: Variant = request.param
    return found


@pytest.fixture(scope="session")
def variant(config: Variant) -> Variant:
    """The same."""
    return config


@pytest.fixture
def firmware(
    board: BoardChoice,
    variant: Variant,
    logs: Path,
    _only_proven_artifacts: None,
    judge: Judge,
    once: Once,
    pytestconfig: pytest.Config,
) -> Firmware:
    """This variant's firmware; one that does not build fails its first test and skips the others."""

    def build() -> Firmware:
        order = BuildOrder(
            board.target, board.board, variant.model.folder, variant.name, variant.content,
            _build_root(pytestconfig), logs / variant.id / "build.log", pytestconfig.getoption("--skip-build"),
            arena_bytes_for(variant, board.target), variant.application, variant.preprocess_header,
        )  # fmt: skip
        pytestconfig.stash[progress_key].say(Step(f"building {variant.id}"))
        try:
            return board.family.build(order)
        except TinygateError as error:
            judge(failure(variant, board, "build", verdict_of(error), str(variant.path), error))
            raise

    return once.get(("firmware", variant.id), build)


# pytest-embedded's fixtures, answered from the board and the firmware


@pytest.fixture
def embedded_services(board: BoardChoice) -> str:
    """What drives this kind of board."""
    return board.family.services[board.board]


@pytest.fixture
def target(board: BoardChoice) -> str:
    """The chip that runs the firmware."""
    return board.target


@pytest.fixture
def app_path(firmware: Firmware) -> str:
    """Where the build folder stands."""
    return str(firmware.folder.parent)


@pytest.fixture
def build_dir(firmware: Firmware) -> str:
    """The build folder."""
    return firmware.folder.name


@pytest.fixture
def baud(firmware: Firmware) -> str | None:
    """The console's rate, as the firmware was configured."""
    return firmware.console_baud


@pytest.fixture
def qemu_image_path(board: BoardChoice, firmware: Firmware) -> str | None:
    """What the flash of an emulator that pytest-embedded starts holds."""
    make = board.family.emulator_image if board.board == "qemu" else None
    return str(make(firmware.folder)) if make else None


@pytest.fixture(scope="session")
def logs(pytestconfig: pytest.Config, board: BoardChoice) -> Iterator[Path]:
    """Where this place's logs go; sessions in one checkout take turns, since they share logs and build folders."""
    with contextlib.ExitStack() as stack:
        try:
            if not board.lab_place:  # a run that spreads over a lab holds it for all of its sessions
                stack.enter_context(locked(board.place, OTHER_SESSION_S, _build_root(pytestconfig) / "locks"))
        except LabError as error:
            raise LabError(f"{board.place} cannot be tested in this checkout now: {error}") from error
        usual = pytestconfig.rootpath / settings_of(pytestconfig.rootpath).report_dir
        folder = Path(pytestconfig.getoption("--report-dir") or usual)
        yield folder / "logs" / board.place


def _build_root(config: pytest.Config) -> Path:
    return Path(config.getoption("--build-root") or config.rootpath / "build")


@pytest.fixture
def test_case_tempdir(logs: Path, variant: Variant) -> str:
    """Logs are kept per firmware, not per test name: only the test that measures has a board."""
    return str(logs / variant.id)


# The measured run


@pytest.fixture(scope="session")
def measured_figures(pytestconfig: pytest.Config) -> Figures:
    """What `judge_figure` was given, by model, variant and figure."""
    return pytestconfig.stash[_figures_key]


@pytest.fixture
def judge_figure(variant: Variant, board: BoardChoice, judge: Judge, measured_figures: Figures) -> JudgeFigure:
    """Judge a figure of this variant against its budget at this place, and keep it for the rules."""

    def settle(
        figure: str, value: float | int | None, note: str, detail: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        measured_figures[variant.model.name, variant.name, figure] = value
        judge(replace(judge_budget(variant, board.place, figure, value, note), detail=dict(detail)))

    return settle


@pytest.fixture
def not_measured(judge_figure: JudgeFigure, not_judged: SaysNotJudged) -> SaysNotMeasured:
    """Record that a figure was not measured and why, and skip the test; a budget for it is then INCONCLUSIVE."""

    def say(figure: str, reason: str) -> NoReturn:
        judge_figure(figure, None, reason)
        not_judged(reason)

    return say


@pytest.fixture
def board_run(
    request: pytest.FixtureRequest,
    board: BoardChoice,
    variant: Variant,
    firmware: Firmware,
    logs: Path,
    judge: Judge,
    once: Once,
) -> Measured:
    """What was measured of this variant's firmware; a failed run fails its first test and skips the others."""

    def measure() -> Measured:
        found = measured(request, board, variant, firmware)
        file = os.path.relpath(firmware.folder)
        for error in found.attempts.failed:
            judge(failure(variant, board, "attempt", None, file, error))
        if isinstance(found.attempts.outcome, TinygateError):
            outcome = found.attempts.outcome
            note = f"{found.crash} {whose_job(outcome)} Console and tools: {os.path.relpath(logs / variant.id)}."
            judge(failure(variant, board, "run", verdict_of(outcome), file, outcome, note.strip(), found.console))
        return found

    return once.get(("run", board.place, str(firmware.folder), firmware.app_sha256), measure)


@pytest.fixture
def boots(board_run: Measured) -> tuple[Run, ...]:
    """The measured boots, the first one first."""
    return board_run.boots


@pytest.fixture
def run(boots: tuple[Run, ...]) -> Run:
    """The first boot: the one that ran the whole test set."""
    return boots[0]
