"""Ways to silence a check: options, environment, ini file, plugins, edited tests, a sitecustomize."""

from __future__ import annotations

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
    "judges_softly": """
import dataclasses, pytest
from tinygate.verdict import Verdict
@pytest.fixture
def judge(judge): return lambda finding: judge(dataclasses.replace(finding, verdict=Verdict.PASS))""",
    "excuses_all": """
from tinygate.plugin.once import NotJudged
def pytest_pyfunc_call(pyfuncitem): raise NotJudged('not here')""",
    "excuses_in_setup": """
from tinygate.plugin.once import NotJudged
def pytest_runtest_setup(item): raise NotJudged('not here')""",
    "excuses_by_fixture": """
import pytest
from tinygate.plugin.once import NotJudged
@pytest.fixture(autouse=True)
def excused(not_judged): not_judged('not here')""",
    "excuses_by_judge": """
import pytest
from tinygate.plugin.once import NotJudged
@pytest.fixture
def judge(not_judged): return lambda finding: not_judged('not here')""",
    "excuses_by_patch": """
from tinygate.plugin import core
from tinygate.plugin.once import NotJudged
def excuse(*_): raise NotJudged('not here')
core._settle = excuse""",
    "other_variant": "import pytest\n@pytest.fixture\ndef variant(): return None",
    "settles_nothing": "from tinygate.plugin import core\ncore._settle = lambda *_: None",
    "keeps_no_journal": "from tinygate.store.journal import JournalWriter\nJournalWriter.append = lambda *_: None",
    "tells_nothing": "from tinygate.plugin.once import Told\nTold.before = lambda *_: 'another test'",
    "empties": f"""
from tinygate.suites.host import artifacts
def nothing(variant, judge): pass
artifacts.{SIZE}.__code__ = nothing.__code__""",
    "answers_itself": f"""
from tinygate.suites.host import artifacts
from tinygate.judge.facts import fact
def {SIZE}(variant, judge): judge(fact(variant, 'host', 'budget', 'tflite_bytes', 1, '', True))
def pytest_collection_modifyitems(items):
    for item in items:
        if item.originalname == '{SIZE}':
            item.obj = {SIZE}""",
    "parametrizes": f"""
def pytest_generate_tests(metafunc):
    if metafunc.function.__name__ == '{SIZE}':
        metafunc.parametrize('judge', [lambda finding: None])""",
    "parametrizes_nothing": f"""
def pytest_generate_tests(metafunc):
    if metafunc.function.__name__ == '{SIZE}':
        metafunc.fixturenames.append('more'); metafunc.parametrize('more', [])""",
    "collects_no_functions": "def pytest_pycollect_makeitem(name): return [] if 'size' in name else None",
    "collects_no_modules": "def pytest_pycollect_makemodule(): return None\ncollect_ignore_glob = ['*']",
    "ends_early": "def pytest_runtest_logfinish(nodeid, location): raise KeyboardInterrupt",
    "should_stop": "def pytest_collection_finish(session): session.shouldstop = 'enough'",
    "ends_with_0": "def pytest_sessionfinish(session): session.exitstatus = 0\n"
    + ("def pytest_runtest_setup(item): raise ValueError('x')"),
}
BROKEN = {
    "unbroken": "",
    "turned_green": """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome, report.longrepr = 'passed', None
    return report""",
    "turned_green_first": """
import pytest
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    call.excinfo = None""",
    "swallowed": """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except BaseException:
        return True""",
    "expected_to_fail": """
import pytest
def pytest_collection_modifyitems(items):
    for item in items: item.add_marker(pytest.mark.xfail(strict=False))""",
    "skipped_when_red": """
import pytest
@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    try:
        return (yield)
    except BaseException: pytest.skip('flaky')""",
    "rerun": """
from _pytest.runner import runtestprotocol
def pytest_runtest_protocol(item, nextitem):
    if any(r.failed for r in runtestprotocol(item, nextitem=nextitem, log=False)):
        runtestprotocol(item, nextitem=nextitem)
    return True""",
    "rerun_until_green": """
from _pytest.runner import runtestprotocol
from tinygate.judge import budget
from tinygate.suites.host import artifacts
def pytest_runtest_protocol(item, nextitem):
    runtestprotocol(item, nextitem=nextitem, log=False)
    artifacts.judge_budget = lambda v, p, f, x, n='': budget.judge_budget(v, p, f, 1, n)
    item._initrequest()
    runtestprotocol(item, nextitem=nextitem)
    return True""",
    "told_elsewhere": """
from tinygate.plugin.once import Told
Told.before = lambda self, error, node_id: 'another test' if error else None""",
    "leaves_reds_out": """
from tinygate.store.journal import JournalWriter
keep = JournalWriter.append
JournalWriter.append = lambda self, record: keep(self, record) if record.verdict in ('PASS', None) else None""",
    "leaves_findings_out": """
from tinygate.store.journal import JournalWriter, TestOutcome
keep = JournalWriter.append
JournalWriter.append = lambda self, record: keep(self, record) if isinstance(record, TestOutcome) else None""",
    "calls_reds_green_and_exits_with_0": """
import dataclasses
from tinygate.store.journal import JournalWriter
from tinygate.verdict import Verdict
keep = JournalWriter.append
JournalWriter.append = lambda self, record: keep(self, dataclasses.replace(record, verdict=Verdict.PASS))
def pytest_sessionfinish(session): session.exitstatus = 0""",
    "calls_reds_green": """
import dataclasses
from tinygate.store.journal import JournalWriter
from tinygate.verdict import Verdict
keep = JournalWriter.append
JournalWriter.append = lambda self, record: keep(self, dataclasses.replace(record, verdict=Verdict.PASS))""",
    "exits_with_0": "def pytest_sessionfinish(session): session.exitstatus = 0",
}
"""Plugins that would hide a budget that is broken."""
ENVIRONMENTS = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "no_such_plugin", "PYTHONOPTIMIZE": "2",
    "PYTHONSTARTUP": "/dev/null/x", "TINYGATE_CACHE": "/dev/null/x", "TINYGATE_TRACEBACK": "1", "PYTHONWARNINGS": "error",
    "TINYGATE_RECIPE_LIMIT_S": "0.001", "PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_THEME": "x",
    "PYTEST_ADDOPTS": "-n 2", "PYTEST_XDIST_AUTO_NUM_WORKERS": "2", "NO_COLOR": "1", "CI": "true",
}  # fmt: skip
"""Each alone: the unbroken model may pass in it, the broken one may not."""
INIS = {
    "testpaths": "nowhere", "python_functions": "check_*", "python_files": "x.py", "python_classes": "X*",
    "norecursedirs": "tests_host", "xfail_strict": "true", "usefixtures": "nothing", "minversion": "99",
    "required_plugins": "no-such-plugin", "addopts": "-k size", "markers": "x: y", "pythonpath": "nowhere",
    "collect_imported_tests": "false", "empty_parameter_set_mark": "skip", "junit_family": "xunit2", "log_cli": "true",
    "confcutdir": "nowhere", "console_output_style": "classic",
}  # fmt: skip
SITECUSTOMIZE = {
    "deselects": "import os\nos.environ['PYTEST_ADDOPTS'] = '-k size'",
    "skips_all": "import builtins, unittest\nbuiltins.__build_class__ = builtins.__build_class__\n"
    "import _pytest.python as p\np.Function.runtest = lambda self: None",
    "collects_nothing": "import _pytest.main as m\nm.Session.perform_collect = lambda self, *a, **k: []",
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
