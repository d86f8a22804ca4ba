"""Target tests: pytest-embedded drives the board; one firmware, one flash and one measured run per variant.

`config` is ESP-IDF's name for what a firmware is built from: here a variant. It is parametrized over the session, so
that pytest groups the tests by firmware. `run` is measured by the first test that asks and shared by the others.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from pytest_embedded.plugin import parametrize_fixtures  # noqa: F401  (taken back, see board/embedded.py)
from target_firmware import Firmware, firmware_of, flash_image
from target_run import Measured, failure, measured

from tinygate.board.emulator import virtual_board
from tinygate.board.evidence import Run
from tinygate.board.lock import find_port, listed_ports, lock_key, locked
from tinygate.board.port import use_fast_rfc2217
from tinygate.errors import LabError, TinygateError
from tinygate.judge.budget import judge_budget
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice, chosen_board
from tinygate.plugin.core import models_of, parametrize_or_skip
from tinygate.verdict import Finding, verdict_of

Judge = Callable[[Finding], None]
Figures = dict[tuple[str, str, str], float | int | None]

_runs_key = pytest.StashKey[dict[tuple[str, str, str], Measured]]()
_firmware_key = pytest.StashKey[dict[str, Firmware | TinygateError]]()
_no_port_key = pytest.StashKey[bool]()
_figures_key = pytest.StashKey[Figures]()
_passed = 0
OTHER_SESSION_S = 60.0
_SERVICES = {"virtual": "esp,idf", "virtual-fast": "idf", "serial": "esp,idf", "qemu": "idf,qemu"}

_OTHERS_WARNINGS = (
    r"set(Daemon|Name)\(\):DeprecationWarning:serial.rfc2217",  # pyserial 3.5 starts its reader thread so
    r"unclosed file <_io\.\w+ name='[^']*sdkconfig\.json':ResourceWarning",  # pytest-embedded-idf 2.9.3 reads it so
)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_runs_key] = {}
    config.stash[_firmware_key] = {}
    config.stash[_figures_key] = {}
    config.stash[_no_port_key] = False
    for warning in _OTHERS_WARNINGS:
        config.addinivalue_line("filterwarnings", f"ignore:{warning}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    models = models_of(metafunc.config)
    if "config" in metafunc.fixturenames:
        variants = [variant for model in models for variant in model.target_variants]
        metafunc.parametrize("config", variants, ids=lambda v: v.id, indirect=True, scope="session")
    elif "target_rule" in metafunc.fixturenames:
        places = _places(metafunc.config)
        rules = [(model, rule) for model in models for rule in model.config.rules if places & set(rule.places)]
        parametrize_or_skip(metafunc, "target_rule", rules, [f"{m.name}-{r.figure}-{r.variant}" for m, r in rules])


def _places(config: pytest.Config) -> set[str]:
    """The place of the board; every place but the host while none is named, which collecting alone allows."""
    try:
        return {chosen_board(config).place}
    except pytest.UsageError:
        return {str(place) for m in models_of(config) for rule in m.config.rules for place in rule.places} - {"host"}


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Iterator[None]:
    """Name the board before anything runs; ask who it is first, and judge rules last. pytest groups by firmware."""
    if not config.option.collectonly and any(_is_target_test(item) for item in items):
        chosen_board(config)
    items.sort(key=lambda item: _is_target_test(item) and item.path.stem != "test_identity")
    yield
    items.sort(key=lambda item: _is_target_test(item) and item.path.stem == "test_rules")


def _is_target_test(item: pytest.Item) -> bool:
    return item.path.is_relative_to(Path(__file__).parent)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    global _passed
    _passed += report.when == "call" and report.passed


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Nothing judged is not green: a run of nothing but skipped tests ends like one without tests."""
    if session.exitstatus == pytest.ExitCode.OK and not session.config.option.collectonly and not _passed:
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


# What is tested, and where


@pytest.fixture(scope="session")
def board(pytestconfig: pytest.Config) -> BoardChoice:
    return chosen_board(pytestconfig)


@pytest.fixture(scope="session")
def config(request: pytest.FixtureRequest) -> Variant:
    found: Variant = request.param
    return found


@pytest.fixture(scope="session")
def variant(config: Variant) -> Variant:
    return config


@pytest.fixture
def firmware(
    board: BoardChoice,
    variant: Variant,
    logs: Path,
    _only_proven_artifacts: None,
    judge: Judge,
    pytestconfig: pytest.Config,
) -> Firmware:
    """This variant's firmware; one that does not build fails its first test and skips the others."""
    known = pytestconfig.stash[_firmware_key]
    if isinstance(known.get(variant.id), TinygateError):
        pytest.skip(f"there is no firmware of {variant.id}: see its first test")
    if variant.id not in known:
        try:
            known[variant.id] = firmware_of(pytestconfig, board, variant, logs)
        except TinygateError as error:
            known[variant.id] = error
            judge(failure(variant, board, "build", verdict_of(error), str(variant.path), error))
    return cast(Firmware, known[variant.id])


# pytest-embedded's fixtures, answered from the board and the firmware


@pytest.fixture
def embedded_services(board: BoardChoice) -> str:
    return _SERVICES[board.board]


@pytest.fixture
def target(firmware: Firmware) -> str:
    return firmware.target


@pytest.fixture
def app_path(firmware: Firmware) -> str:
    return str(firmware.folder.parent)


@pytest.fixture
def build_dir(firmware: Firmware) -> str:
    return firmware.folder.name


@pytest.fixture
def baud(firmware: Firmware) -> str | None:
    return firmware.console_baud


@pytest.fixture(scope="session")
def _virtual_port(board: BoardChoice, logs: Path) -> Iterator[str]:
    with virtual_board(board.target, logs / "virtual-board.log") as url:
        yield url


@pytest.fixture(scope="session")
def _serial_port(board: BoardChoice, pytestconfig: pytest.Config) -> Iterator[str]:
    """The port of a real board, locked for the session."""
    ports = listed_ports()
    found = board.port or find_port(str(board.usb_serial or board.mac), ports)
    with locked(lock_key(found, ports), pytestconfig.getoption("--lock-wait")):
        yield found


@pytest.fixture
def port(request: pytest.FixtureRequest, board: BoardChoice) -> Any:
    """A board that is not there or in use fails the first test and skips the others."""
    use_fast_rfc2217()
    stash = request.config.stash
    if stash[_no_port_key]:
        pytest.skip("there is no board: see the first test")
    fixtures = {"virtual": "_virtual_port", "serial": "_serial_port"}
    try:
        return request.getfixturevalue(fixtures[board.board]) if board.board in fixtures else None
    except TinygateError:
        stash[_no_port_key] = True
        raise


@pytest.fixture
def qemu_image_path(board: BoardChoice, firmware: Firmware) -> str | None:
    return str(flash_image(firmware.folder)) if board.board == "qemu" else None


@pytest.fixture(scope="session")
def logs(pytestconfig: pytest.Config, board: BoardChoice) -> Iterator[Path]:
    """Where this place's logs go; sessions in one checkout take turns, since they share logs and build folders."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(board.place, OTHER_SESSION_S, pytestconfig.rootpath / "build" / "locks"))
        except LabError as error:
            pytest.exit(f"{board.place} is being tested in this checkout: {error}", pytest.ExitCode.INTERRUPTED)
        yield pytestconfig.rootpath / "report" / "logs" / board.place


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
def judge_figure(
    variant: Variant, board: BoardChoice, judge: Judge, measured_figures: Figures
) -> Callable[[str, float | int | None, str], None]:
    """Judge a figure of this variant against its budget at this place, and keep it for the rules."""

    def settle(figure: str, value: float | int | None, note: str) -> None:
        measured_figures[variant.model.name, variant.name, figure] = value
        judge(judge_budget(variant, board.place, figure, value, note))

    return settle


@pytest.fixture
def board_run(
    request: pytest.FixtureRequest, board: BoardChoice, variant: Variant, firmware: Firmware, judge: Judge
) -> Measured:
    """What was measured of this variant's firmware; a failed run fails its first test and skips the others."""
    runs = request.config.stash[_runs_key]
    key = (board.place, str(firmware.folder), firmware.elf_sha256)
    if key in runs and not runs[key].boots:
        pytest.skip(f"there is no run of {variant.id} on {board.place}: see its first test")
    if key not in runs:
        runs[key] = measured(request, board, variant, firmware)
        for error in runs[key].attempts.failed:
            judge(failure(variant, board, "attempt", None, os.path.relpath(firmware.folder), error))
    outcome = runs[key].attempts.outcome
    if isinstance(outcome, TinygateError):
        judge(failure(variant, board, "run", verdict_of(outcome), os.path.relpath(firmware.folder), outcome))
    return runs[key]


@pytest.fixture
def boots(board_run: Measured) -> tuple[Run, ...]:
    """The measured boots, the first one first."""
    return board_run.boots


@pytest.fixture
def run(boots: tuple[Run, ...]) -> Run:
    """The first boot: the one that ran the whole test set."""
    return boots[0]
