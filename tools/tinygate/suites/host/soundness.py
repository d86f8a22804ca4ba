"""Is what TensorFlow Lite Micro takes for granted true of this .tflite? One test per rule of the audit."""

from __future__ import annotations

from tinygate.audit.rules import Rule
from tinygate.judge.audit import judge_audit_rule
from tinygate.model.folder import Variant
from tinygate.plugin.core import Judge


def test_the_quantization_keeps_the_rule(variant: Variant, audit_rule: Rule, judge: Judge) -> None:
    """docs/rules.md says what each rule demands and why."""
    judge(judge_audit_rule(variant, audit_rule))
