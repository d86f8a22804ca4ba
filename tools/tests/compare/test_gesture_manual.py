"""The table in docs/gesture.md is what is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.compare.graphs import compare_graphs
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import load_model
from tinygate.model.tables import Margin
from tinygate.oracle import tflm_is_installed
from tinygate.oracle.execution import execution

GESTURE = load_model(Path("models/gesture"))
MANUAL = Path("docs/gesture.md").read_text(encoding="utf-8")


def measured(limit: Margin) -> str:
    """One row: bytes, arena, accuracy, drop, interval, lost and gained, signal over noise of the logits, margin."""
    variant, test = GESTURE.variant(limit.variant), GESTURE.dataset.test
    pair = [execution(GESTURE.variant(name).content, test.inputs) for name in (limit.relative_to, limit.variant)]
    answers = compare_graphs(*pair, ("", ""), test.labels, test.recordings, limit.max_drop_points).answers
    paired, arena = answers.paired, run_oracle(variant).reference.arena_used_bytes
    cells = (
        variant.name,
        f"{len(variant.content):,}",
        f"{arena:,}" if arena else "host only",
        f"{answers.candidate_accuracy_percent:.2f} %",
        f"{paired.drop_points:+.2f}",
        f"{paired.low_points:+.2f} to {paired.high_points:+.2f}",
        f"{paired.lost} / {paired.gained}",
        f"{answers.logit_sqnr_db:.1f}",
        f"{limit.max_drop_points:g}: {paired.verdict}",
    )
    return f"| {' | '.join(cells)} |"


@pytest.mark.skipif(not tflm_is_installed(), reason="the manual tells TensorFlow Lite Micro's figures")
@pytest.mark.parametrize("limit", GESTURE.config.margins, ids=lambda limit: limit.variant)
def test_the_table_of_variants_is_measured(limit: Margin) -> None:
    assert measured(limit) in MANUAL
