"""What the gate keeps of a run: its evidence as a bundle, and a record per variant in the store.

The verdict is known before anything is kept, and what cannot be kept does not change it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tinygate.errors import InputError, LabError
from tinygate.figures import FIGURES, Needs
from tinygate.gate.measured import OnBoard
from tinygate.gate.nightly import GateRun
from tinygate.model.folder import find_models
from tinygate.places import HOST
from tinygate.redaction import redact
from tinygate.report.summary import Row, Summary
from tinygate.report.write import REPORTS
from tinygate.store import evidence
from tinygate.store.ledger import BUNDLES, Ended, Ledger, Measured
from tinygate.store.setup import keep_setup
from tinygate.verdict import Verdict

KEPT_BUNDLES = 100
_OF_INTEREST = (
    "TINYGATE_CACHE", "TINYGATE_STORE", "TINYGATE_LOCK_DIR", "IDF_PATH", "ESP_IDF_VERSION", "PYTEST_ADDOPTS",
    "PYTHONPATH", "CI", "GITHUB_REPOSITORY", "GITHUB_SHA", "GITHUB_RUN_ID", "GITHUB_WORKFLOW", "RUNNER_NAME",
    "CI_PROJECT_PATH", "CI_COMMIT_SHA", "CI_JOB_URL", "CI_RUNNER_DESCRIPTION", "GIT_COMMIT", "BUILD_URL", "NODE_NAME",
)  # fmt: skip
"""Variables that say how and by which job a run was started; all others stay out of the evidence."""


def remember(run: GateRun, summary: Summary) -> tuple[str, ...]:
    """Seal the evidence of a run that has ended, and append it to the store.

    Returns:
        What could not be kept and what was dropped, a sentence each.
    """
    try:
        return tuple(_remembered(run, summary))
    except LabError as error:
        return (str(error),)
    except OSError as error:
        return (f"{error.filename}: this run cannot be kept ({error.strerror}); free space, or name another --store",)


def _remembered(run: GateRun, summary: Summary) -> list[str]:
    files = evidence.files_of(run.report_dir, run.run_id, REPORTS)
    rows = [(row, _on_board(run, row)) for row in summary.rows if row.is_variant]
    pinned = _pinned(run)
    subjects = [_subject(row, on_board, pinned.get((row.model, row.variant), {})) for row, on_board in rows]
    head = evidence.seal(run.report_dir, _run_entry(summary), subjects, files)
    ledger = Ledger(run.store)
    for row, on_board in rows:
        ledger.append(_record(run, row, on_board))
    ledger.append(Ended(run.run_id, str(summary.verdict), head))
    bundles = run.store / BUNDLES
    evidence.pack(run.report_dir, files, bundles / f"{run.run_id}.zip")
    for old in sorted(bundles.glob("*.zip"))[:-KEPT_BUNDLES]:
        old.unlink(missing_ok=True)
    return ledger.notices


def _run_entry(summary: Summary) -> dict[str, Any]:
    header = summary.header
    return {
        "run": header.run_id if header else "",
        "started": header.started if header else "",
        "place": summary.device_place,
        "verdict": str(summary.verdict),
        "versions": dict(header.versions) if header else {},
        "environment": {name: redact(os.environ[name]) for name in _OF_INTEREST if name in os.environ},
    }


def _subject(row: Row, on_board: OnBoard, pinned: Mapping[str, str]) -> dict[str, Any]:
    hello, names = on_board.hello, ("target", "chip_revision", "chip_id", "app_sha256", "model_sha256")
    return {
        "model": row.model,
        "variant": row.variant,
        **({"place": row.place} if row.place else {}),
        "verdict": str(row.verdict),
        **({"lab_place": lab_place} if (lab_place := _lab_place(row)) else {}),
        **pinned,
        "firmware": on_board.made_from,
        "board": {name: redact(str(hello[name])) for name in names if name in hello},
        "boots": len(on_board.boots),
    }


def _on_board(run: GateRun, row: Row) -> OnBoard:
    return OnBoard(run.folder / "logs" / (row.place or run.places[0]) / f"{row.model}-{row.variant}")


def _pinned(run: GateRun) -> dict[tuple[str, str], dict[str, str]]:
    """Return the hashes of artifact and data by model and variant, as far as manifests can be read."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    with contextlib.suppress(InputError):
        for model in find_models(run.models_root):
            with contextlib.suppress(InputError):
                manifest = model.manifest
                for name, variant in manifest.variants.items():
                    pinned = {"artifact_sha256": variant.sha256, "data_sha256": manifest.dataset.sha256}
                    found[model.name, name] = pinned
    return found


def _record(run: GateRun, row: Row, on_board: OnBoard) -> Measured:
    record = Measured(
        run.run_id, row.model, row.variant, row.place or run.places[0], "", "", str(row.verdict), _figures(row),
        len(on_board.boots), tuple(on_board.ticks),
        tuple(test.check for test in row.tests if test.verdict not in (None, Verdict.PASS)),
        sum(finding.check == "attempt" for finding in row.findings),
        _lab_place(row),
    )  # fmt: skip
    setup = on_board.setup
    if setup is None:
        return record
    return replace(record, board=setup.parts["board"], setup=keep_setup(run.store, setup))


def _lab_place(row: Row) -> str:
    return next((test.lab_place for test in row.tests if test.lab_place), "")


def _figures(row: Row) -> dict[str, float | int]:
    """Return what was measured, by name; of a figure that a board has too, the host's is called so."""
    found = {}
    for finding in row.findings:
        if finding.figure in FIGURES and isinstance(finding.value, int | float):
            both = finding.place == HOST and Needs.BOARD in FIGURES[finding.figure].needs
            found[f"{finding.figure}@{HOST}" if both else finding.figure] = finding.value
    return found
