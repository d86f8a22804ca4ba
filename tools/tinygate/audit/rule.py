"""What a rule of the audit is, and the sources that several share."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.audit.finding import Severity

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
SPEC = "LiteRT 8-bit quantization specification"
PROPERTY = "TensorFlow Lite `operator_property.cc`"
KERNELS = "TensorFlow Lite Micro kernels"
SCHEMA = "TensorFlow Lite `schema.fbs`"


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        code, name: "TG-Q003", "weight-zero-point".
        severity: how bad it is to break it.
        demand: what must hold, one sentence.
        why: what happens otherwise.
        fix: what to do.
        source: who says so.
        example: a good value and a bad one, where that helps; empty otherwise.
    """

    code: str
    name: str
    severity: Severity
    demand: str
    why: str
    fix: str
    source: str
    example: str = ""
