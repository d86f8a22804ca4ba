"""What every test directory shares: models and variants to run over, `judge`, and the journal of what was decided.

A failing TinygateError is shown as its one sentence; a broken artifact fails one test and skips the others of its
variant, so that the one message that matters is not buried.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

import pytest

from tinygate.errors import ConfigError, InputError, ModelFileError, TinygateError
from tinygate.judge.ratio import rules_at
from tinygate.model.folder import Model, Variant, find_models
from tinygate.store import journal
from tinygate.verdict import Finding, Verdict, verdict_of

pytest_plugins = ["tinygate.plugin.board_options"] if importlib.util.find_spec("tinygate.plugin.board_options") else []


class JudgedError(AssertionError):
    """A test that failed because of a finding, whose verdict it keeps."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.sentence())
        self.verdict = finding.verdict


_models_key = pytest.StashKey[tuple[Model, ...]]()
_journal_key = pytest.StashKey[Path | None]()
_broken_key = pytest.StashKey[dict[str, str]]()
_told_key = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add tinygate's own options."""
    group = parser.getgroup("tinygate")
    group.addoption("--model", action="append", metavar="NAME", help="judge this model only (may be repeated)")
    group.addoption("--models-root", metavar="DIR", help="folder that holds the model folders (default: models)")
    group.addoption("--journal", metavar="FILE", help="append every finding and test outcome to this JSONL file")


def pytest_configure(config: pytest.Config) -> None:
    """Find the models; an unusable model.toml ends the run with one sentence."""
    root = Path(config.getoption("--models-root") or config.rootpath / "models")
    path = config.getoption("--journal")
    config.stash[_journal_key] = Path(path) if path else None
    config.stash[_broken_key] = {}
    config.stash[_told_key] = set()
    try:
        found = tuple(find_models(_relative(root)))
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from error
    config.stash[_models_key] = _selected(found, config.getoption("--model") or [], root)


def _relative(path: Path) -> Path:
    """Shorten paths in messages and reports to what the user typed them from."""
    try:
        return path.absolute().relative_to(Path.cwd())
    except ValueError:
        return path


def _selected(found: tuple[Model, ...], names: list[str], root: Path) -> tuple[Model, ...]:
    known = {model.name: model for model in found}
    for name in names:
        if name not in known:
            raise pytest.UsageError(f"--model {name}: no such model under {root}; found: {', '.join(known) or 'none'}")
    return tuple(known[name] for name in names) if names else found


def models_of(config: pytest.Config) -> tuple[Model, ...]:
    """Return the models that this run judges."""
    return config.stash[_models_key]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test over every model, variant, ratio rule of the host or accuracy margin, as it asks for."""
    if "config" in metafunc.fixturenames:  # target tests: tests_target/conftest.py groups them by firmware
        return
    models = models_of(metafunc.config)
    if "variant" in metafunc.fixturenames:
        variants = [variant for model in models for variant in model.variants]
        metafunc.parametrize("variant", variants, ids=lambda v: v.id, indirect=True, scope="session")
    elif "model" in metafunc.fixturenames:
        metafunc.parametrize("model", models, ids=lambda m: m.name, scope="session")
    elif "ratio_rule" in metafunc.fixturenames:
        rules = [(model, rule) for model in models for rule in rules_at(model, "host")]
        ids = [f"{model.name}-{rule.variant}-{rule.relative_to}" for model, rule in rules]
        parametrize_or_skip(metafunc, "ratio_rule", rules, ids)
    elif "margin" in metafunc.fixturenames:
        margins = [(model, margin) for model in models for margin in model.config.margins]
        ids = [f"{model.name}-{margin.variant}" for model, margin in margins]
        parametrize_or_skip(metafunc, "margin", margins, ids)


def parametrize_or_skip(metafunc: pytest.Metafunc, name: str, values: Sequence[object], ids: Sequence[str]) -> None:
    """Run a test over what model.toml may leave out; where it does, the test is skipped and says so."""
    if values:
        metafunc.parametrize(name, values, ids=ids)
    else:
        skip = pytest.mark.skip(reason=f"no model.toml has a {name.replace('_', ' ')} to judge here")
        metafunc.parametrize(name, [pytest.param(None, marks=skip)], ids=["none"])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect what needs TensorFlow where there is none, unless it was asked for by marker."""
    if "train" in config.getoption("markexpr"):
        return
    needs_training = [item for item in items if item.get_closest_marker("train")]
    if needs_training:
        config.hook.pytest_deselected(items=needs_training)
        items[:] = [item for item in items if item not in needs_training]


@pytest.fixture(scope="session")
def variant(request: pytest.FixtureRequest) -> Variant:
    """One variant whose .tflite has been proven to be the pinned one."""
    found: Variant = request.param
    return found


@pytest.fixture(autouse=True)
def _only_proven_artifacts(request: pytest.FixtureRequest) -> None:
    """Let the first test of a variant with a broken artifact fail, and skip the rest of them with its sentence."""
    if "variant" not in request.fixturenames:
        return
    found: Variant = request.getfixturevalue("variant")
    broken = request.config.stash[_broken_key]
    if found.id in broken:
        pytest.skip(f"its artifact is broken: {broken[found.id]}")
    try:
        _ = found.content
    except ModelFileError as error:
        broken[found.id] = str(error)
        finding = Finding(
            found.model.name, found.name, "host", "artifact", "sha256", None, "the sha256 that the manifest pins",
            Verdict.FAIL, str(found.path), str(error),
        )  # fmt: skip
        _settle(request.config, finding)


@pytest.fixture
def judge(request: pytest.FixtureRequest) -> Callable[[Finding], None]:
    """Journal a finding; fail the test unless its verdict is PASS or it carries none."""
    return lambda finding: _settle(request.config, finding)


def _settle(config: pytest.Config, finding: Finding) -> None:
    path = config.stash[_journal_key]
    if path is not None:
        journal.append(path, finding)
    if finding.verdict not in (None, Verdict.PASS):
        raise JudgedError(finding)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show a TinygateError as its sentence, and journal how each test ended."""
    report = yield
    error = call.excinfo.value if call.excinfo is not None else None
    if isinstance(error, InputError):
        _tell_once(item, report, str(error))
    if not report.skipped and not os.environ.get("TINYGATE_TRACEBACK"):
        if isinstance(error, JudgedError):
            report.longrepr = str(error)
        elif isinstance(error, TinygateError):
            report.longrepr = f"{verdict_of(error)}: {type(error).__name__}: {error}"
    path = item.config.stash[_journal_key]
    if path is not None and (report.when == "call" or not report.passed):
        journal.append(path, _outcome(item, report, error))
    return report


def _tell_once(item: pytest.Item, report: pytest.TestReport, sentence: str) -> None:
    """Let one test fail for an unusable input, and skip the others that meet the same: one cause, one failure."""
    told = item.config.stash[_told_key]
    if sentence in told:
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: as told before: {sentence}")
    told.add(sentence)


def _outcome(item: pytest.Item, report: pytest.TestReport, error: BaseException | None) -> journal.TestOutcome:
    judged = getattr(item, "funcargs", {}).get("variant")
    subject, message = (judged.id, f"{judged.path}: {error}") if isinstance(judged, Variant) else ("", str(error))
    if report.passed:
        return journal.TestOutcome(report.nodeid, subject, Verdict.PASS, "", report.duration)
    if report.skipped:
        return journal.TestOutcome(report.nodeid, subject, None, str(error), report.duration)
    if isinstance(error, JudgedError):
        return journal.TestOutcome(report.nodeid, subject, error.verdict, str(error), report.duration)
    is_assertion = isinstance(error, pytest.fail.Exception | AssertionError)
    verdict = Verdict.FAIL if is_assertion or error is None else verdict_of(error)
    return journal.TestOutcome(report.nodeid, subject, verdict, message, report.duration)
