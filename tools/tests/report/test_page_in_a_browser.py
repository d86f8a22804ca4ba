"""The page in headless Chromium: nothing on the console, no request, hostile text shown as text, axe finds nothing.

Where there is no Chromium, or no axe-core (`npm install axe-core`, its folder in TINYGATE_AXE), a test says so and skips.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tools.tests.report.examples import HOSTILE, LOST, OVER_BUDGET, UNDECIDED, drawn, run

from tinygate.report import page
from tinygate.report.changes import Change, Comparison
from tinygate.report.facts import facts_of
from tinygate.report.summary import Summary

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--disable-extensions",
    "--disable-component-update", "--no-first-run", "--disable-default-apps", "--enable-logging=stderr", "--hide-scrollbars",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
LIGHT, DARK = 1, 0  # Chromium's numbers for preferredColorScheme
AXE = Path(os.environ.get("TINYGATE_AXE", "node_modules/axe-core")) / "axe.min.js"
POLICY = re.compile(rb"<meta http-equiv[^>]*>")
RUN_AXE = """<script>%s</script><script>axe.run(document, {resultTypes: ['violations']}).then(found => {
  const told = found.violations.map(v => v.impact + ' ' + v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join('; '));
  document.title = 'axe ' + JSON.stringify(told); }).catch(e => { document.title = 'axe failed ' + e; });</script></body>"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium")

NIGHTS = {
    "green": run(*drawn(), variants=2),
    "budget": run(*drawn(), OVER_BUDGET),
    "lost": run(*drawn(), LOST, notices=("flake: kws int8 passed after 1 failed attempt",)),
    "undecided": run(*drawn(), UNDECIDED),
    "hostile": run(*drawn(HOSTILE), replace(OVER_BUDGET, reason=HOSTILE, note=HOSTILE, variant=HOSTILE)),
}


def written(folder: Path, summary: Summary) -> Path:
    changed = Comparison("What changed", HOSTILE, (Change("kws", HOSTILE, "1", "2", "+1", better=False),))
    path = folder / "index.html"
    path.write_bytes(page.to_html(facts_of(summary, [changed]), "runs/1/"))
    return path


def chromium(path: Path, *flags: str, scheme: int = LIGHT, width: int = 1400) -> tuple[str, str]:
    """The page's elements after loading, and what the browser logged."""
    options = [f"--user-data-dir={path.parent / 'profile'}", f"--window-size={width},900"]
    options += [f"--blink-settings=preferredColorScheme={scheme}", "--virtual-time-budget=20000", *flags]
    command = [str(CHROMIUM), *FLAGS, *options, "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, done.stderr


def requests_of_the_page(log: Path) -> set[str]:
    """What the browser fetched for a document; what it asks on its own account has no origin as its initiator."""
    found = re.findall(r'"initiator":"([^"]*)"[^\n]*?"url":"([^"]*)"', log.read_text(errors="replace"))
    return {url for initiator, url in found if initiator != "not an origin" and not url.startswith(("file:", "data:"))}


@pytest.mark.parametrize("night", ["lost", "hostile"])
def test_the_browser_has_nothing_to_complain_of_and_nothing_to_fetch(tmp_path: Path, night: str) -> None:
    path, log = written(tmp_path, NIGHTS[night]), tmp_path / "net.json"
    shown, said = chromium(path, f"--log-net-log={log}")
    assert "CONSOLE" not in said
    assert "✗ FAIL" in shown or "! ERROR" in shown
    assert requests_of_the_page(log) == set()


def test_the_log_of_requests_would_show_one(tmp_path: Path) -> None:
    """What the test above finds nothing in does hold a request where a page makes one."""
    path, log = tmp_path / "index.html", tmp_path / "net.json"
    path.write_text('<!doctype html><img alt="" src="http://127.0.0.1:9/x.png"><script>console.error("seen")</script>')
    _, said = chromium(path, f"--log-net-log={log}")
    assert requests_of_the_page(log) == {"http://127.0.0.1:9/x.png"}
    assert "CONSOLE" in said


def test_hostile_text_is_shown_and_makes_no_element(tmp_path: Path) -> None:
    shown, _ = chromium(written(tmp_path, NIGHTS["hostile"]))
    assert not re.search(r"<(script|img)\b", shown)
    assert not re.search(r"<[^>]* onerror=", shown)
    assert "<script>alert(1)</script>" in html.unescape(shown)


@pytest.mark.skipif(not AXE.is_file(), reason=f"no axe-core at {AXE}: npm install axe-core, or name it in TINYGATE_AXE")
@pytest.mark.parametrize(("scheme", "width"), [(LIGHT, 1400), (DARK, 390)])
@pytest.mark.parametrize("night", NIGHTS)
def test_axe_finds_nothing(tmp_path: Path, night: str, scheme: int, width: int) -> None:
    path = written(tmp_path, NIGHTS[night])
    content = POLICY.sub(b"", path.read_bytes()).replace(b"<details>", b"<details open>")
    path.write_bytes(content.replace(b"</body>", (RUN_AXE % AXE.read_text(encoding="utf-8")).encode()))
    shown, _ = chromium(path, scheme=scheme, width=width)
    title = html.unescape(re.search(r"<title>(.*?)</title>", shown, re.DOTALL)[1])  # type: ignore[index]
    assert title.startswith("axe ["), title
    assert json.loads(title.removeprefix("axe ")) == []


@pytest.mark.parametrize("scheme", [LIGHT, DARK])
def test_a_phone_need_not_scroll_sideways(tmp_path: Path, scheme: int) -> None:
    path = written(tmp_path, NIGHTS["hostile"])
    width = b"<script>document.title = document.documentElement.scrollWidth + ' of ' + innerWidth</script></body>"
    path.write_bytes(POLICY.sub(b"", path.read_bytes()).replace(b"</body>", width))
    shown, _ = chromium(path, scheme=scheme, width=500)  # Chromium's narrowest window
    needed, there = re.search(r"<title>(\d+) of (\d+)</title>", shown).groups()  # type: ignore[union-attr]
    assert int(needed) <= int(there)
