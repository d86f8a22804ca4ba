"""Ways to silence a check, by option, environment, ini file, edited tests or a plugin: none ends green.

The host suite of one small model, judged as the gate judges it. A few run always, all of them by `make faults`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tinygate.gate import nightly
from tinygate.gate.cases import expected_checks
from tinygate.gate.checks import CHECKS
from tinygate.model.selection import select
from tinygate.report.summary import Summary, summarize
from tinygate.store import journal
from tinygate.verdict import Verdict

ROOT = Path(__file__).parents[3]
HOST_CHECKS = {check.name for check in CHECKS if check.suite == "host"}
SIZE = "test_the_size_is_within_its_budget"
OPTIONS = (
    f"--deselect tests_host/test_model.py::{SIZE}", "-k 'not size'", "-k size", "-m train", "--collect-only", "--co -q",
    "--help", "--fixtures", "--markers", "-p no:junitxml", "--ignore=tests_host/test_model.py", "--ignore-glob=*", "--setup-only",
    "--setup-plan", "--noconftest", "-p no:tinygate.plugin",  "-o python_functions=check_*", "-o python_files=x.py",
     "--no-such-option", "-p no_such_plugin",   "--model=no_such",
    "--variant=no_such",  "--override-ini=python_classes=X -k not_one",
)  # fmt: skip
PLUGINS = {
    "skips": "import pytest\ndef pytest_runtest_setup(item): pytest.skip('not today')",
    "skips_one": f"import pytest\ndef pytest_runtest_setup(item):\n    if '{SIZE}' in item.nodeid: pytest.skip('no')",
    "clears": "def pytest_collection_modifyitems(items): items.clear()",
    "removes": f"def pytest_collection_modifyitems(items): items[:] = [i for i in items if '{SIZE}' not in i.nodeid]",
    "runs_nothing": "def pytest_runtest_protocol(item): return True",
    "calls_nothing": "def pytest_pyfunc_call(pyfuncitem): return True",
    "exits": "import os\ndef pytest_runtestloop(session): os._exit(0)",
    "stops": "import pytest\ndef pytest_runtestloop(session): pytest.exit('enough', 0)",
    "ignores": "def pytest_ignore_collect(collection_path): return True",
    "breaks": "def pytest_collection_modifyitems(items): raise ValueError('x')",
    "judges_nothing": "import pytest\n@pytest.fixture\ndef judge(): return lambda finding: None",
}
EDITS = {
    "deleted": None,
    "emptied": "",
    "one_line": "from tinygate.suites.host.metric import *",
    "overridden": f"from tinygate.suites.host import *\ndef {SIZE}(): pass",
    "skipped": "import pytest\nfrom tinygate.suites.host import *\npytestmark = pytest.mark.skip(reason='x')",
    "xfailed": "import pytest\nfrom tinygate.suites.host import *\npytestmark = pytest.mark.xfail(run=False)",
    "skipped_whole": "import pytest\npytest.skip('x', allow_module_level=True)",
    "removed": f"from tinygate.suites.host import *\ndel {SIZE}",
    "hidden": f"from tinygate.suites.host import *\n{SIZE}.__test__ = False",
}
HARMLESS = (
    "--version",
    "-c /dev/null",
    "--pyargs",
    "--junit-xml=elsewhere.xml",
    "--journal=elsewhere.jsonl",
    "--variant=float32",
)
"""Options that silence nothing: every check is answered all the same."""
FEW = ("option -k size", "plugin judges_nothing", "edit overridden")
WAYS = [f"option {o}" for o in OPTIONS] + [f"plugin {p}" for p in PLUGINS] + [f"edit {e}" for e in EDITS]
ALL = bool(os.environ.get("TINYGATE_FAULT_SCHEDULES"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("conftest.py", "pytest.ini"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tests_host", tmp_path / "tests_host")
    shutil.copytree(ROOT / "models" / "sine", tmp_path / "models" / "sine")
    return tmp_path


def judged(project: Path) -> Summary:
    """What the gate makes of the host suite alone."""
    run = nightly.GateRun(
        project, project / "report", (nightly.Device("esp32", "virtual"),), project / "models", ("sine",), ("ptq_int8",)
    )
    run.folder.mkdir(parents=True)
    selection = select(run.models_root, run.model_names, run.variant_names)
    journal.append(run.journal_path, nightly._header(run, selection))
    options = [f"--models-root={run.models_root}", "--model=sine", "--variant=ptq_int8"]
    nightly._run_pytest(run, "host", ["tests_host", "-p", "no:pytest_embedded", *options])
    expected = [check for check in expected_checks(selection, run.places) if check.check in HOST_CHECKS]
    return summarize(journal.read(run.journal_path), expected, run.places)


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


@pytest.mark.parametrize("way", WAYS if ALL else FEW)
def test_no_way_to_silence_a_check_ends_green(way: str, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, _, what = way.partition(" ")
    if kind == "option":
        monkeypatch.setenv("PYTEST_ADDOPTS", what)
    elif kind == "plugin":
        path = project / "conftest.py"
        path.write_text(f"{path.read_text()}\n{PLUGINS[what]}\n")
    elif EDITS[what] is None:
        (project / "tests_host" / "test_model.py").unlink()
    else:
        (project / "tests_host" / "test_model.py").write_text(f"{EDITS[what]}\n")
    assert judged(project).verdict is not Verdict.PASS
