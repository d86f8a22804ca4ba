"""What every suite shares: which models and variants it runs over, `judge`, and the journal of what was decided.

A failing TinygateError is shown as its one sentence; one cause is one failure, see `tinygate.plugin.once`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from tinygate.errors import InputError, LabError, ModelFileError, TinygateError
from tinygate.gate.cases import PARAMETERS, cases_of
from tinygate.gate.progress import TESTS, Progress, Step
from tinygate.model.folder import Model, Variant
from tinygate.model.selection import Selection, select
from tinygate.places import HOST
from tinygate.plugin.once import JudgedError, NotJudged, Once, Told
from tinygate.plugin.provenance import is_lawful_excuse, stand_in
from tinygate.project.settings import settings_of
from tinygate.redaction import redact
from tinygate.store.disk import disk_error
from tinygate.store.files import read_file
from tinygate.store.journal import JournalWriter, TestOutcome
from tinygate.verdict import Finding, Verdict, verdict_of

Judge = Callable[[Finding], None]
SaysNotJudged = Callable[[str], NoReturn]

selection_key = pytest.StashKey[Selection]()
places_key = pytest.StashKey[Sequence[str]]()
progress_key = pytest.StashKey[Progress]()
place_key = pytest.StashKey[str]()
lab_place_key = pytest.StashKey[str]()
_journal_key = pytest.StashKey[JournalWriter | None]()
_once_key = pytest.StashKey[Once]()
_told_key = pytest.StashKey[Told]()
_judged_key = pytest.StashKey[int]()
_done_key = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add tinygate's own options."""
    group = parser.getgroup("tinygate")
    group.addoption("--model", action="append", metavar="NAME", help="judge this model only (may be repeated)")
    group.addoption("--variant", action="append", metavar="NAME", help="judge this variant only (may be repeated)")
    group.addoption("--models-root", metavar="DIR", help="folder that holds the model folders (default: models)")
    group.addoption("--report-dir", metavar="DIR", help="where logs of boards and builds go (default: report)")
    group.addoption("--progress-fd", type=int, metavar="FD", help="say into this descriptor what is being done")
    group.addoption("--journal", metavar="FILE", help="append every finding and test outcome to this JSONL file")


def pytest_configure(config: pytest.Config) -> None:
    """Open the journal. The models are looked for when a test is collected that judges one."""
    path = config.getoption("--journal")
    config.stash[_journal_key] = JournalWriter(Path(path)) if path else None
    config.stash[progress_key] = Progress(config.getoption("--progress-fd"))
    config.stash[_once_key] = Once()
    config.stash[_told_key] = Told()
    config.stash.setdefault(places_key, (HOST,))
    config.stash.setdefault(place_key, "")
    config.stash.setdefault(lab_place_key, "")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Put the journal on the disk; a disk that takes neither it nor other plugins' reports ends in a sentence."""
    writer = session.config.stash.get(_journal_key, None)
    try:
        result = yield
        if writer is not None:
            writer.close()
    except (OSError, LabError) as error:
        raise pytest.exit.Exception(str(_explained(error)), pytest.ExitCode.INTERNAL_ERROR) from None
    return result


def selection_of(config: pytest.Config) -> Selection:
    """Return what this session judges. Raises pytest.UsageError: an unusable model.toml ends it with one sentence."""
    if selection_key not in config.stash:
        names = (config.getoption(option) or [] for option in ("--model", "--variant"))
        try:
            usual = config.rootpath / settings_of(config.rootpath).models_root
            root = _relative(Path(config.getoption("--models-root") or usual))
            config.stash[selection_key] = select(root, *names)
        except InputError as error:
            raise pytest.UsageError(str(error)) from error
    return config.stash[selection_key]


def _relative(path: Path) -> Path:
    """Shorten paths in messages and reports to what the user typed them from."""
    try:
        return path.absolute().relative_to(Path.cwd())
    except ValueError:
        return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every combination of what it asks for: variants, models, rules, margins."""
    wanted = [name for name in PARAMETERS if name in metafunc.fixturenames and _is_ours(metafunc, name)]
    if "config" in wanted:  # a target test: its variant is the firmware's
        wanted.remove("variant")
    for name in wanted:
        cases = cases_of(name, selection_of(metafunc.config), metafunc.config.stash[places_key])
        if cases:
            indirect = name in ("config", "variant")
            ids = [case.id for case in cases]
            metafunc.parametrize(name, [case.value for case in cases], ids=ids, indirect=indirect, scope="session")
        else:
            skip = pytest.mark.skip(reason=f"no model.toml has a {name.replace('_', ' ')} to judge here")
            metafunc.parametrize(name, [pytest.param(None, marks=skip)], ids=["none"])


def _is_ours(metafunc: pytest.Metafunc, name: str) -> bool:
    """Whether a test means what tinygate gives under this name: a team may have a `model` of its own."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        if name in (names.replace(",", " ").split() if isinstance(names, str) else names):
            return False
    fixtures = metafunc._arg2fixturedefs.get(name)  # pytest has no public word for it
    return not fixtures or fixtures[-1].func.__module__.startswith("tinygate.")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs TensorFlow where there is none, unless it was asked for by marker."""
    if "train" in config.getoption("markexpr"):
        return
    needs_training = [item for item in items if item.get_closest_marker("train")]
    if needs_training:
        config.hook.pytest_deselected(items=needs_training)
        items[:] = [item for item in items if item not in needs_training]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Say how many tests are done."""
    done = item.config.stash.get(_done_key, 0)
    item.config.stash[progress_key].say(Step("", done, item.session.testscollected, TESTS))
    item.config.stash[_done_key] = done + 1
    if lab_place := item.config.stash[lab_place_key]:
        item.user_properties.append(("lab_place", lab_place))  # JUnit shows it with the test
    return (yield)


@pytest.fixture(scope="session")
def once(pytestconfig: pytest.Config) -> Once:
    """What the tests of a session share, made once."""
    return pytestconfig.stash[_once_key]


@pytest.fixture(scope="session")
def variant(request: pytest.FixtureRequest) -> Variant:
    """One variant whose .tflite has been proven to be the pinned one."""
    found: Variant = request.param
    return found


@pytest.fixture(scope="session")
def model(request: pytest.FixtureRequest) -> Model:
    """A model folder."""
    found: Model = request.param
    return found


@pytest.fixture(autouse=True)
def _only_proven_artifacts(request: pytest.FixtureRequest) -> None:
    """Let the first test of a variant with a broken artifact fail, and skip the rest of them with its sentence."""
    if "variant" in request.fixturenames:
        found = request.getfixturevalue("variant")
        config, node = request.config, request.node
        if isinstance(found, Variant):  # a team may call something else so
            config.stash[_once_key].get(("artifact", found.id), lambda: _prove(config, node, found))


def _prove(config: pytest.Config, node: pytest.Item, variant: Variant) -> None:
    # A manifest or a file that cannot be used, or was not fetched, says nothing of the model: ERROR.
    _ = variant.model.manifest
    read_file(variant.path, f"the .tflite of {variant.name} that the manifest pins", ModelFileError)
    try:
        _ = variant.content
    except InputError as error:
        finding = Finding(
            variant.model.name, variant.name, HOST, "artifact", "sha256", None, "the sha256 that the manifest pins",
            Verdict.FAIL, str(variant.path), str(error),
        )  # fmt: skip
        _settle(config, node, finding)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Judge:
    """Journal a finding; fail the test unless its verdict is PASS or it carries none."""
    return lambda finding: _settle(request.config, request.node, finding)


@pytest.fixture
def not_judged() -> SaysNotJudged:
    """Skip the test for a reason that the gate accepts: what it asks cannot be asked of this model or here."""

    def say(reason: str) -> NoReturn:
        raise NotJudged(reason)

    return say


def judge_all(judge: Judge, findings: Iterable[Finding]) -> None:
    """Judge every finding, and fail by the first that does not pass when all are journaled."""
    failures = []
    for finding in findings:
        try:
            judge(finding)
        except JudgedError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def _settle(config: pytest.Config, node: pytest.Item, finding: Finding) -> None:
    writer = config.stash[_journal_key]
    node.stash[_judged_key] = node.stash.get(_judged_key, 0) + 1
    if writer is not None:
        writer.append(replace(finding, node_id=node.nodeid))
    if finding.verdict not in (None, Verdict.PASS):
        raise JudgedError(finding)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a TinygateError as its sentence, and journal how each test ended."""
    # Before anyone else has a say.
    error = _explained(call.excinfo.value) if call.excinfo is not None else None
    report = yield
    teller = item.config.stash[_told_key].before(error, item.nodeid)
    if teller is not None or isinstance(error, NotJudged):
        why = redact(f"as {teller} told: {error}" if teller else str(error))
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {why}")
    elif not report.skipped and not os.environ.get("TINYGATE_TRACEBACK"):
        if isinstance(error, JudgedError):
            report.longrepr = redact(str(error))
        elif isinstance(error, TinygateError):
            report.longrepr = redact(f"{verdict_of(error)}: {type(error).__name__}: {error}")
    writer = item.config.stash[_journal_key]
    if writer is not None and (report.when == "call" or error is not None or not report.passed):
        try:
            writer.append(_outcome(item, report, error, teller))
        except LabError as full:
            pytest.exit(str(full), pytest.ExitCode.INTERNAL_ERROR)
    return report


def _explained(error: BaseException) -> BaseException:
    """Return an error about the disk as the lab's, in a sentence; any other as it is."""
    return (disk_error(error) if isinstance(error, OSError) else None) or error


def _outcome(
    item: pytest.Item, report: pytest.TestReport, error: BaseException | None, teller: str | None
) -> TestOutcome:
    message = "" if error is None else str(error)
    judged = getattr(item, "funcargs", {}).get("variant")
    if isinstance(judged, Variant) and report.failed and not isinstance(error, JudgedError | TinygateError):
        message = f"{judged.path}: {message}"
    callspec = getattr(item, "callspec", None)
    return TestOutcome(
        node_id=report.nodeid,
        check=getattr(item, "originalname", item.name),
        case=callspec.id if callspec else "",
        subject=judged.id if isinstance(judged, Variant) else "",
        verdict=_verdict_of(report, error, teller),
        message=message,
        judged=item.stash.get(_judged_key, 0),
        excused=teller is not None or (isinstance(error, NotJudged) and is_lawful_excuse(item, error)),
        duration_s=report.duration,
        stand_in=stand_in(item),
        told_by=teller or "",
        place=item.config.stash[place_key],
        lab_place=item.config.stash[lab_place_key],
        is_the_labs=isinstance(error, LabError),
    )


def _verdict_of(report: pytest.TestReport, error: BaseException | None, teller: str | None) -> Verdict | None:
    """Return what a test decided; an error speaks for itself, whatever other plugins made of the report."""
    if teller is not None or isinstance(error, pytest.skip.Exception):
        return None
    if isinstance(error, JudgedError):
        return error.verdict
    if report.skipped or (error is None and report.passed):
        return None if report.skipped else Verdict.PASS
    is_assertion = isinstance(error, pytest.fail.Exception | AssertionError)
    return Verdict.FAIL if is_assertion or error is None else verdict_of(error)
