"""What an arena can be at least: a device that reports less reports wrongly, and would pass any budget."""

from __future__ import annotations

from tinygate.judge.facts import fact
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant
from tinygate.verdict import Finding


def judge_least_arena(variant: Variant, place: str, used_bytes: int) -> Finding:
    """Hold what a device reports against what activations and scratch buffers take in the oracle, on any target.

    Persistent structures come on top; they shrink with the pointers, activations do not.
    """
    least = run_oracle(variant).reference.arena_head_bytes or 1
    holds = used_bytes >= least
    reason = (
        ""
        if holds
        else "The application reports a smaller arena than the model's activations take: what it measures is another "
        "model's, or not the arena; look at what it answers to an arena request."
    )
    return fact(variant, place, "arena", "arena_used_at_least_bytes", used_bytes, f"≥ {least}", holds, reason)
