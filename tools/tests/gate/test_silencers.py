"""A hundred ways to silence a check, by option, environment, ini file, edited tests or a plugin: none ends green.

The host suite of one small model, judged as the gate judges it. A few run always, all of them by `make faults`.
"""

from __future__ import annotations

import datetime
import os
import shutil
from pathlib import Path

import pytest
from silencers import BROKEN, EDITS, ENVIRONMENTS, HARMLESS, INIS, OPTIONS, PLUGINS, SITECUSTOMIZE

from tinygate.gate import nightly, quarantine
from tinygate.gate.cases import expected_checks
from tinygate.gate.checks import CHECKS
from tinygate.model.selection import select
from tinygate.report.summary import Summary, summarize
from tinygate.store import journal
from tinygate.verdict import Verdict

ROOT = Path(__file__).parents[3]
HOST_CHECKS = {check.name for check in CHECKS if check.suite == "host"}
FEW = ("option -k size", "plugin judges_softly", "plugin excuses_in_setup", "edit overridden")
FEW_BROKEN = ("plugin unbroken", "plugin turned_green", "environment PYTHONOPTIMIZE", "ini python_functions")
SILENCERS = [f"option {o}" for o in OPTIONS] + [f"plugin {p}" for p in PLUGINS] + [f"edit {e}" for e in EDITS]
SILENCERS += [f"sitecustomize {s}" for s in SITECUSTOMIZE]
HIDERS = [f"plugin {b}" for b in BROKEN] + [f"environment {e}" for e in ENVIRONMENTS] + [f"ini {i}" for i in INIS]
ALL = bool(os.environ.get("TINYGATE_FAULT_SCHEDULES"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tests_host", tmp_path / "tests_host")
    shutil.copytree(ROOT / "models" / "sine", tmp_path / "models" / "sine")
    return tmp_path


def judged(project: Path, quarantined: str = "") -> Summary:
    """What the gate makes of the host suite alone, with a check in quarantine."""
    device = nightly.Device("esp32", "virtual")
    run = nightly.GateRun(project, project / "report", (device,), project / "models", ("sine",), ("ptq_int8",))
    run.folder.mkdir(parents=True)
    selection = select(run.models_root, run.model_names, run.variant_names)
    journal.append(run.journal_path, nightly._header(run, selection))
    nightly.run_suite(run, selection, "host", ["tests_host", "-p", "no:pytest_embedded"])
    expected = [check for check in expected_checks(selection, run.places) if check.check in HOST_CHECKS]
    today = datetime.date(2026, 11, 26)
    entry = quarantine.Entry(model="sine", check=quarantined, reason="r", issue="i", expires=today)
    found, _ = quarantine.apply(journal.read(run.journal_path), [entry] if quarantined else [], expected, today)
    return summarize(found, expected, run.places)


def test_nothing_silenced_is_green(project: Path) -> None:
    summary = judged(project)
    assert summary.verdict is Verdict.PASS, summary.problems


@pytest.mark.parametrize("option", HARMLESS if ALL else HARMLESS[:1])
def test_what_silences_nothing_leaves_every_check_answered(
    option: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", option)
    summary = judged(project)
    assert summary.verdict is Verdict.PASS, summary.problems
    assert not any(row.missing for row in summary.rows)


def apply(way: str, project: Path, patch: pytest.MonkeyPatch) -> None:
    kind, _, what = way.partition(" ")
    test, conftest, ini = (project / name for name in ("tests_host/test_model.py", "conftest.py", "pytest.ini"))
    if kind == "option":
        patch.setenv("PYTEST_ADDOPTS", what)
    elif kind == "environment":
        patch.setenv(what, ENVIRONMENTS[what])
    elif kind == "ini":
        lines = [line for line in ini.read_text().splitlines() if not line.startswith(f"{what} ")]
        ini.write_text("\n".join([*lines, f"{what} = {INIS[what]}"]) + "\n")
    elif kind == "plugin":
        conftest.write_text(f"{conftest.read_text()}\n{(PLUGINS | BROKEN)[what]}\n")
    elif kind == "sitecustomize":
        (project / "site").mkdir()
        (project / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE[what])
        patch.setenv("PYTHONPATH", str(project / "site"))
    elif EDITS[what] is None:
        test.unlink()
    else:
        test.write_text(f"{EDITS[what]}\n")


@pytest.mark.parametrize("way", SILENCERS if ALL else FEW)
def test_no_way_to_silence_a_check_ends_green(way: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apply(way, project, monkeypatch)
    assert judged(project).verdict is not Verdict.PASS


@pytest.mark.parametrize("way", HIDERS if ALL else FEW_BROKEN)
def test_nothing_makes_a_broken_budget_green(way: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toml = project / "models" / "sine" / "model.toml"
    toml.write_text(toml.read_text().replace("tflite_bytes = 3_390", "tflite_bytes = 3_200"))
    apply(way, project, monkeypatch)
    assert judged(project).verdict is not Verdict.PASS


def test_quarantine_of_the_test_that_tells_of_a_broken_artifact_hides_nothing(project: Path) -> None:
    path = project / "models" / "sine" / "artifacts" / "ptq_int8.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    told = [test for test in judged(project).tests if test.verdict is Verdict.FAIL]
    shutil.rmtree(project / "report")
    assert judged(project, quarantined=told[0].check).verdict is Verdict.FAIL
