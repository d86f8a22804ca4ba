"""Writes what a gate run leaves behind: the table on the terminal, index.html, report.md, summary.md, junit.xml and
verdict.json.

The first act of a run is to make an older verdict unreadable as this one's: whoever looks at the reports of a run that
was killed finds that it has not ended.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from tinygate.errors import EvidenceError, LabError
from tinygate.report import changes, junit, page, render
from tinygate.report.comment import to_comment
from tinygate.report.facts import Facts, facts_of
from tinygate.report.summary import Summary
from tinygate.store import atomic, evidence

NEEDED_BYTES = 16 << 20
REPORTS = ("verdict.json", "index.html", "report.md", "summary.md", "junit.xml")


def begin_report(report_dir: Path, run_id: str) -> None:
    """Replace the reports of an earlier run by ones that say that this run has not ended.

    Raises:
        LabError: they cannot be written, or there is no room for a run's evidence.
    """
    with contextlib.suppress(OSError):
        (report_dir / evidence.CHAIN).unlink()
    _require_room(report_dir)
    sentence = f"run {run_id} has not ended: it is under way, or it was killed"
    suites = ET.Element("testsuites", name="tinygate", tests="1", errors="1")
    suite = ET.SubElement(suites, "testsuite", name="tinygate", tests="1", errors="1")
    case = ET.SubElement(suite, "testcase", classname="tinygate", name="the run itself")
    ET.SubElement(case, "error", message=sentence)
    try:
        _say_no_verdict(report_dir, run_id, sentence, f"The {sentence}.")
    except LabError as error:
        older = "; the reports that lie there are an earlier run's" if (report_dir / REPORTS[0]).exists() else ""
        raise LabError(f"{error}{older}") from error
    _write(report_dir, "junit.xml", ET.tostring(suites, encoding="utf-8", xml_declaration=True))


def _say_no_verdict(report_dir: Path, run_id: str, sentence: str, paragraph: str) -> None:
    _write(report_dir, "verdict.json", _json({"run": run_id, "verdict": None, "sentence": sentence}))
    _write(report_dir, "index.html", page.no_verdict(paragraph))
    _write(report_dir, "report.md", f"# Gate report: no verdict\n\n{paragraph}\n".encode())
    _write(report_dir, "summary.md", f"## tinygate: no verdict\n\n{paragraph}\n".encode())


def _require_room(report_dir: Path) -> None:
    """Raise LabError where a run would end on a full disk half way; an older verdict must not outlive that."""
    folder = next(path for path in (report_dir.absolute(), *report_dir.absolute().parents) if path.exists())
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes >= NEEDED_BYTES:
        return
    for name in REPORTS:
        with contextlib.suppress(OSError):
            (report_dir / name).unlink()
    raise LabError(
        f"{report_dir}: {free_bytes // 1024} KiB are free there, and a run takes up to {NEEDED_BYTES >> 20} MiB; "
        "free space, or name another --report-dir"
    )


def end_report(report_dir: Path, run_id: str, sentence: str) -> None:
    """Say in the reports that a run ended without a verdict, and why."""
    _say_no_verdict(report_dir, run_id, sentence, f"Run {run_id}: {sentence}")


def write_report(summary: Summary, junit_paths: Sequence[Path], report_dir: Path, against: Path | None = None) -> None:
    """Print the summary and write index.html, report.md, summary.md, junit.xml and verdict.json, each whole or not.

    Args:
        summary: what was decided.
        junit_paths: of the pytest runs.
        report_dir: where to write.
        against: the verdict.json of another run to compare with; see `tinygate.report.changes`.

    Raises:
        LabError: they cannot be written; what was printed stands.
    """
    compared = [] if against is None else [changes.compare(against, _figures(summary))]
    facts = facts_of(summary, compared)
    render.to_terminal(facts, Console(width=None if Console().is_terminal else 160))
    run = summary.header.run_id if summary.header else None
    _write(report_dir, "index.html", page.to_html(facts, f"runs/{run}/" if run else ""))
    _write(report_dir, "report.md", render.to_markdown(facts).encode())
    _write(report_dir, "summary.md", to_comment(facts, str(report_dir / "report.md")).encode())
    _write(report_dir, "verdict.json", _json(_verdict(facts, run)))
    try:
        _write(report_dir, "junit.xml", junit.merge(junit_paths))
    except EvidenceError as error:  # the verdict is known and shown already, and not PASS: the run itself failed
        print(f"tinygate: junit.xml not written: {error}")
    print(f"report: {', '.join(str(report_dir / name) for name in ('index.html', 'junit.xml', 'verdict.json'))}")


def _figures(summary: Summary) -> dict[str, object]:
    figures = [
        {
            "model": row.model,
            "variant": row.variant,
            **({"place": row.place} if row.place else {}),
            "verdict": str(row.verdict),
            "figures": {f"{f.figure}@{f.place}": f.value for f in row.findings if isinstance(f.value, int | float)},
        }
        for row in summary.rows
        if row.is_variant
    ]
    return {"place": summary.device_place, "variants": figures}


def _verdict(facts: Facts, run: str | None) -> Mapping[str, object]:
    return {
        "run": run,
        "commit": facts.run.get("commit"),
        "verdict": str(facts.verdict),
        "headline": facts.headline,
        "problems": list(facts.summary.problems),
        **_figures(facts.summary),
    }


def _json(content: Mapping[str, object]) -> bytes:
    return (json.dumps(content, indent=1, ensure_ascii=True) + "\n").encode()


def _write(report_dir: Path, name: str, content: bytes) -> None:
    try:
        atomic.write_bytes(report_dir / name, content)
    except OSError as error:
        sentence = (
            f"{report_dir / name}: cannot be written ({error.strerror}); free space, or name another --report-dir"
        )
        raise LabError(sentence) from error
