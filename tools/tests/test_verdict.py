"""Verdicts: precedence, exit codes, who is to blame."""

from __future__ import annotations

import pytest

from tinygate.errors import ConfigError, EvidenceError, IdentityError, LinkError, TargetError
from tinygate.verdict import Finding, Verdict, verdict_of, worst


def test_fail_beats_error_beats_inconclusive_beats_pass() -> None:
    assert worst([Verdict.PASS, Verdict.FAIL, Verdict.ERROR]) is Verdict.FAIL
    assert worst([Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.PASS]) is Verdict.ERROR
    assert worst([Verdict.PASS, Verdict.INCONCLUSIVE]) is Verdict.INCONCLUSIVE
    assert worst([Verdict.PASS]) is Verdict.PASS


def test_silence_is_never_green() -> None:
    assert worst([]) is Verdict.INCONCLUSIVE


def test_exit_codes_are_distinct_and_only_pass_is_zero() -> None:
    codes = {verdict: verdict.exit_code for verdict in Verdict}
    assert len(set(codes.values())) == len(Verdict)
    assert [verdict for verdict, code in codes.items() if code == 0] == [Verdict.PASS]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (TargetError("panic"), Verdict.FAIL),
        (AssertionError(), Verdict.FAIL),
        (LinkError("CRC"), Verdict.ERROR),
        (IdentityError("wrong model"), Verdict.ERROR),
        (ConfigError("typo"), Verdict.ERROR),
        (RuntimeError("a bug of ours"), Verdict.ERROR),
        (EvidenceError("too few"), Verdict.INCONCLUSIVE),
    ],
)
def test_who_is_to_blame_decides(error: Exception, verdict: Verdict) -> None:
    assert verdict_of(error) is verdict


def test_a_sentence_names_variant_figure_budget_and_file() -> None:
    finding = Finding(
        "gesture", "ptq_int8", "esp32", "budget", "arena_used_bytes", 3660, "≤ 3000", Verdict.FAIL, "m.tflite", "Over."
    )
    assert finding.sentence() == (
        "FAIL: gesture ptq_int8 on esp32: arena_used_bytes = 3660, demanded ≤ 3000 (m.tflite). Over."
    )
