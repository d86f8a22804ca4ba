"""Whose job a verdict is, and the first step: decided by the verdict and by the check that gave it.

docs/red-gate.md shows this table; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.verdict import Verdict


@dataclass(frozen=True)
class Advice:
    """What a reader does about a problem.

    Attributes:
        verdict: the verdict that it is about.
        what: the kind of problem, as a reader calls it.
        checks: the checks (`Finding.check`) that it covers; () for all others with this verdict.
        who: whose job it is.
        first_step: what to do first, a sentence.
    """

    verdict: Verdict
    what: str
    checks: tuple[str, ...]
    who: str
    first_step: str


MEANING = {
    Verdict.PASS: "everything demanded was measured and holds",
    Verdict.FAIL: "the model or its firmware is at fault",
    Verdict.ERROR: "the lab, the link or an input is at fault: nothing is known about the model",
    Verdict.INCONCLUSIVE: "too little evidence to decide: nothing is known to be wrong",
}
"""What a verdict means, as docs/verdicts.md says it."""

UNMEASURED, MISSING = "unmeasured", "missing"
"""Kinds of problems that no check's name tells: a budget whose figure nobody measured, a check that nobody answered."""

_F, _E, _I = Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE

ADVICE: tuple[Advice, ...] = (
    Advice(
        _F, "budget or rule", ("budget", "rule"), "whoever changed the model",
        "Compare the figures with the last good run; then change the model, or the limit in model.toml, and "
        "say why.",
    ),
    Advice(
        _F, "audit rule", ("audit",), "whoever converted the model",
        "`tinygate audit --explain CODE` says what the rule demands; convert again so that it holds.",
    ),
    Advice(
        _F, "promised types or place", ("interface", "target"), "whoever converted the model",
        "Convert again as model.toml promises, or change the promise.",
    ),
    Advice(
        _F, "calibration data", ("calibration",), "whoever prepared the calibration data",
        "`tinygate lint-data` on the model's folder shows what the set lacks; calibrate again.",
    ),
    Advice(
        _F, "margin or layer", ("margin", "layers"), "whoever quantized the model",
        "`tinygate compare float.tflite int8.tflite` names the layer that costs most.",
    ),
    Advice(
        _F, "pinned file", ("artifact",), "whoever committed the artifacts",
        "Restore the pinned file, or pin the new one with `tinygate pin` in a reviewed change.",
    ),
    Advice(
        _F, "pinned metric", ("pinned metric",), "whoever changed the data, the metric or the runtime",
        "Find which of the three changed; if that is meant, pin anew with `tinygate pin`.",
    ),
    Advice(
        _F, "parity", ("parity",), "whoever changed the firmware or its kernels",
        "Read how many outputs differ and which rounding would explain it; pin the kernel library, or mend "
        "the firmware.",
    ),
    Advice(
        _F, "arena other than computed", ("arena",), "whoever changed the firmware or its kernels",
        "Find the component that changed; pin it, or record the new layout.",
    ),
    Advice(
        _F, "baseline", ("baseline",), "whoever changed what the sentence names",
        "`tinygate baseline diff` shows the figures; mend what changed, or set the baseline anew and say why in "
        "the commit.",
    ),
    Advice(
        _F, "end of a quarantine", ("quarantine.toml",), "whoever owns the issue that it names",
        "Mend the check, or renew the entry in a reviewed change.",
    ),
    Advice(
        _F, "build, panic, watchdog or health", (), "whoever changed the firmware",
        "Read the end of the console; `report/runs/<run>/logs/` holds every byte that board and tools "
        "printed.",
    ),
    Advice(
        _E, "identity", ("identity",), "whoever runs the lab",
        "Flash the board again, and check which board is on the port.",
    ),
    Advice(
        _E, "board or link", ("run", "build", "health"), "whoever runs the lab",
        "Look at the port, lock, cable or tool that the sentence names; `tinygate doctor` says what the "
        "machine lacks. Then run again.",
    ),
    Advice(
        _E, "input, or a test that broke", (), "whoever owns the file that is named",
        "Mend the file, option or test that the sentence names, and run again.",
    ),
    Advice(
        _I, "budget without a figure", (UNMEASURED,), "whoever set the budget",
        "Measure where the figure can be known, or take the budget out of model.toml.",
    ),
    Advice(
        _I, "baseline", ("baseline",), "whoever runs the gate",
        "Measure as many boots as the sentence names, or set a baseline for this configuration.",
    ),
    Advice(
        _I, "unanswered check", (MISSING,), "whoever started the run",
        "Run the gate without what deselects tests or ended it; if another problem stopped it, mend that "
        "first.",
    ),
    Advice(
        _I, "parity with a stand-in", ("parity",), "whoever runs the gate",
        "Run it where TensorFlow Lite Micro has a wheel: `pip install 'tinygate[oracle]'` on Linux, x86-64.",
    ),
    Advice(
        _I, "too little data", (), "whoever owns the data",
        "Add recordings until as many windows are there as the sentence names; nothing is known to be wrong.",
    ),
)  # fmt: skip


def advice_on(verdict: Verdict, check: str) -> Advice:
    """Return whose job a problem is; `check` as findings name it ("layers against float32"), UNMEASURED or MISSING."""
    kind = check.partition(" against ")[0]
    mine = [advice for advice in ADVICE if advice.verdict is verdict]
    return next(
        (advice for advice in mine if kind in advice.checks), next(advice for advice in mine if not advice.checks)
    )
