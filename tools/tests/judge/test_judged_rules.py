"""Rules of the audit and of the lint as findings of a variant: what fails, what is told, what is set aside."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tinygate.audit import AuditReport
from tinygate.audit.finding import AuditFinding, Severity
from tinygate.audit.rules import RULES
from tinygate.calibration.finding import LintFinding, LintReport
from tinygate.calibration.rules import RULES as CALIBRATION_RULES
from tinygate.judge import audit as module
from tinygate.judge.audit import NEEDS_A_HOST, judge_audit_rule
from tinygate.judge.calibration import judge_calibration_rule
from tinygate.model.folder import Model, load_model
from tinygate.verdict import Finding, Verdict

WEIGHT_ZERO_POINT = "TG-Q003"


def breach(severity: Severity, tensor: int = 3, code: str = WEIGHT_ZERO_POINT) -> AuditFinding:
    return AuditFinding(code, severity, 0, 2, "CONV_2D", tensor, "w", (), f"zero point {tensor}, expected 0")


@pytest.fixture
def judged(toy: Model, monkeypatch: pytest.MonkeyPatch) -> Any:
    def judge(
        *broken: AuditFinding, ignored: Any = (), code: str = WEIGHT_ZERO_POINT, name: str = "ptq_int8"
    ) -> Finding:
        report = AuditReport(None, broken, ignored, (), None)  # type: ignore[arg-type]
        monkeypatch.setattr(module, "audit_of", lambda variant: report)
        return judge_audit_rule(toy.variant(name), RULES[code])

    return judge


def test_a_rule_that_holds_passes_without_a_word(judged: Any) -> None:
    finding = judged()
    assert (finding.verdict, finding.value, finding.limit, finding.reason) == (Verdict.PASS, 0, "0 errors", "")
    assert (finding.check, finding.place, finding.variant) == ("audit", "host", "ptq_int8")
    assert finding.figure == f"TG-Q003 {RULES['TG-Q003'].name}"


def test_an_error_fails_says_where_and_how_to_mend_it(judged: Any) -> None:
    finding = judged(breach(Severity.ERROR))
    assert (finding.verdict, finding.value) == (Verdict.FAIL, 1)
    assert finding.reason == (
        f"error at operator 2 CONV_2D, tensor 3 'w': zero point 3, expected 0. {RULES['TG-Q003'].fix}"
    )


def test_a_milder_breach_is_told_and_passes(judged: Any) -> None:
    finding = judged(breach(Severity.WARNING))
    assert (finding.verdict, finding.value) == (Verdict.PASS, 0)
    assert finding.reason == "warning at operator 2 CONV_2D, tensor 3 'w': zero point 3, expected 0."


def test_three_breaches_are_shown_and_the_rest_counted(judged: Any) -> None:
    assert "more like these" not in judged(*(breach(Severity.ERROR, n) for n in range(3))).reason
    finding = judged(*(breach(Severity.ERROR, n) for n in range(5)))
    assert finding.value == 5
    assert "tensor 2" in finding.reason
    assert "tensor 3" not in finding.reason
    assert "2 more like these." in finding.reason


def test_a_breach_of_another_rule_is_no_breach_of_this(judged: Any) -> None:
    assert judged(breach(Severity.ERROR, code="TG-Q001")).verdict is Verdict.PASS


def test_what_model_toml_sets_aside_is_recorded_with_its_reason(judged: Any, toy: Model) -> None:
    config = toy.config.model_copy(
        update={"audit": toy.config.audit.model_copy(update={"ignore": {"TG-Q003": "known"}})}
    )
    toy.__dict__["config"] = config
    finding = judged(ignored=((breach(Severity.ERROR), "known"),))
    assert finding.verdict is None
    assert finding.reason == f"1 breaches are set aside by audit.ignore in {toy.config_path}: known"


def test_a_hybrid_operator_fails_a_variant_for_chips(judged: Any) -> None:
    assert judged(breach(Severity.ERROR, code=NEEDS_A_HOST), code=NEEDS_A_HOST).verdict is Verdict.FAIL


def test_a_hybrid_operator_is_what_a_variant_for_hosts_is_made_of(judged: Any, toy: Model) -> None:
    for_hosts = toy.config.variants["ptq_int8"].model_copy(update={"host_only": True})
    toy.__dict__["config"] = toy.config.model_copy(update={"variants": {**toy.config.variants, "ptq_int8": for_hosts}})
    finding = judged(breach(Severity.ERROR, code=NEEDS_A_HOST), code=NEEDS_A_HOST)
    assert finding.verdict is None
    assert finding.reason.startswith("A variant for hosts only: error at operator 2 CONV_2D")
    assert judged(breach(Severity.ERROR)).verdict is Verdict.FAIL


def lint(*found: tuple[str, Severity | None]) -> LintReport:
    return LintReport(tuple(LintFinding(code, severity, "calibration set", "12 samples") for code, severity in found))


@pytest.mark.parametrize(
    ("found", "verdict", "errors"),
    [
        ([], Verdict.PASS, 0),
        ([("TG-D001", None)], Verdict.PASS, 0),
        ([("TG-D001", Severity.WARNING)], Verdict.PASS, 0),
        ([("TG-D001", Severity.ERROR)], Verdict.FAIL, 1),
        ([("TG-D002", Severity.ERROR)], Verdict.PASS, 0),
    ],
)
def test_a_clear_breach_of_the_lint_fails_the_model(toy: Model, found: Any, verdict: Verdict, errors: int) -> None:
    finding = judge_calibration_rule(toy, lint(*found), CALIBRATION_RULES["TG-D001"])
    assert (finding.verdict, finding.value, finding.limit) == (verdict, errors, "0 errors")
    assert (finding.variant, finding.check, finding.place) == ("all variants", "calibration", "host")
    assert finding.file.endswith("artifacts/manifest.json")


def test_the_first_breach_of_the_lint_is_told_and_the_rest_counted(toy: Model) -> None:
    found = lint(("TG-D001", Severity.ERROR), ("TG-D001", Severity.WARNING), ("TG-D001", None))
    finding = judge_calibration_rule(toy, found, CALIBRATION_RULES["TG-D001"])
    assert finding.reason == f"{replace(found.findings[0]).sentence()} 1 more like this."


def test_the_gesture_models_own_set_is_linted_as_recorded() -> None:
    from tinygate.judge.calibration import float_variant, integer_variants, lint_model, recorded_report

    gesture = load_model(Path("models/gesture"))
    assert recorded_report(gesture) == lint_model(gesture)
    assert list(integer_variants(gesture)) == ["ptq_int8", "ptq_int8_per_tensor", "ptq_int16x8", "qat_int8"]
    assert float_variant(gesture) == gesture.variant("float32").content
