"""The whole gate: host tests, then target tests, each a pytest run of its own, then one summary over both journals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygate.errors import InputError
from tinygate.model.folder import Model, find_models
from tinygate.places import place_of
from tinygate.report.summary import Expected, Summary, summarize
from tinygate.store import journal
from tinygate.verdict import Verdict

HOST_FIGURES = ("tflite_bytes",)
DEVICE_FIGURES = ("arena_used_bytes", "latency_median_us", "flash_bytes", "parity_mismatches")


@dataclass(frozen=True)
class GateRun:
    """What to judge, where, and where to put the evidence."""

    root: Path
    report_dir: Path
    target: str
    board: str
    models_root: Path = Path("models")
    model_names: tuple[str, ...] = ()
    pytest_args: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The place's name in budgets and findings: "esp32", "esp32-virtual", "esp32-qemu"."""
        return place_of(self.target, self.board)

    @property
    def journal_path(self) -> Path:
        """The evidence of this run."""
        return self.report_dir / "journal.jsonl"


def run_gate(run: GateRun) -> tuple[Summary, tuple[Path, ...]]:
    """Run host and target tests and summarize what they journaled.

    Returns:
        The summary, and the JUnit files of the pytest runs.

    Raises:
        InputError: `run.root` is no tinygate project, or has no model.
        ConfigError: a model.toml cannot be used.
    """
    models = _models(run)
    run.report_dir.mkdir(parents=True, exist_ok=True)
    run.journal_path.unlink(missing_ok=True)
    common = [f"--models-root={run.models_root}", *(f"--model={model.name}" for model in models)]
    board = [f"--target={run.target}", f"--board={run.board}", *run.pytest_args]
    suites = {"host": ["tests_host", "-p", "no:pytest_embedded"], "target": ["tests_target", *board]}
    junit = tuple(_run_pytest(run, name, [*args, *common]) for name, args in suites.items())
    return summarize(journal.read(run.journal_path), list(_expected(models, run.place)), run.place), junit


def _models(run: GateRun) -> list[Model]:
    if not (run.root / "tests_host").is_dir():
        raise InputError(f"{run.root}: no tests_host here; run the gate in the root of a tinygate project")
    models = [m for m in find_models(run.models_root) if not run.model_names or m.name in run.model_names]
    if not models:
        raise InputError(f"{run.models_root}: no model to judge; expected <name>/model.toml there")
    return models


def _run_pytest(run: GateRun, name: str, args: Sequence[str]) -> Path:
    junit = run.report_dir / f"{name}.xml"
    junit.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", f"--journal={run.journal_path}", f"--junit-xml={junit}", *args]
    print(f"# {name}: pytest {' '.join(args)}", flush=True)
    code = subprocess.run(command, cwd=run.root, check=False).returncode
    if code not in (0, 1):  # 0 and 1 speak through the journal; the others mean that tests did not run to their end
        reason = f"pytest {args[0]} ended with exit code {code} and did not run to its end; see its output above"
        verdict = Verdict.INCONCLUSIVE if code == 5 else Verdict.ERROR
        journal.append(run.journal_path, journal.TestOutcome(f"{args[0]} (the run itself)", "", verdict, reason, 0.0))
    return junit


def _expected(models: Sequence[Model], place: str) -> Iterator[Expected]:
    for model in models:
        metric = model.config.metric_figure.name
        for variant in model.variants:
            yield from (Expected(model.name, variant.name, "host", figure) for figure in (*HOST_FIGURES, metric))
        for variant in model.target_variants:
            yield from (Expected(model.name, variant.name, place, figure) for figure in (*DEVICE_FIGURES, metric))
