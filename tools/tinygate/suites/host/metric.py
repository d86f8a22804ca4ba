"""Is each variant as good as it must be, and does it lose no more than it may?"""

from __future__ import annotations

from tinygate.judge.budget import judge_budget
from tinygate.judge.facts import fact
from tinygate.judge.margin import judge_margin
from tinygate.judge.oracle import run_oracle
from tinygate.model.config import Margin
from tinygate.model.folder import Model, Variant
from tinygate.places import HOST
from tinygate.plugin.core import Judge

_TOLERANCE = 1e-5  # of a share; manifests of earlier versions hold six digits


def test_the_metric_reaches_its_budget(variant: Variant, judge: Judge) -> None:
    """The model's metric on the whole test set, in the oracle."""
    oracle = run_oracle(variant)
    windows = len(oracle.labels)
    note = f"Oracle: {oracle.reference.oracle} {oracle.reference.version}, {windows} windows."
    judge(judge_budget(variant, HOST, "accuracy_percent", round(oracle.accuracy_percent, 3), note, windows))


def test_the_metric_is_what_the_manifest_says(variant: Variant, judge: Judge) -> None:
    """What was measured when the artifact was pinned is measured now."""
    promised, now = variant.model.manifest.variants[variant.name].accuracy, run_oracle(variant).accuracy_percent / 100
    same = abs(now - promised) <= _TOLERANCE
    reason = "" if same else "Data, oracle or manifest have changed since; pin again."
    judge(fact(variant, HOST, "manifest", "pinned_metric", round(now, 6), f"{promised:.6g}", same, reason))


def test_what_is_lost_is_within_the_margin(margin: tuple[Model, Margin], judge: Judge) -> None:
    """[[margins]], by paired statistics."""
    model, limit = margin
    reference, candidate = (run_oracle(model.variant(name)) for name in (limit.relative_to, limit.variant))
    judge(judge_margin(model, limit, model.dataset.test, reference.predictions, candidate.predictions))
