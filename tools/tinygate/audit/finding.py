"""What the audit says: one finding per broken rule and place."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is; declared from worst to mildest."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class AuditFinding:
    """One broken rule at one place.

    Attributes:
        code: the rule's stable code, "TG-Q003".
        severity: the rule's severity.
        subgraph: index of the subgraph; -1 if the finding is about the whole file.
        operator: index of the operator in its subgraph, -1 if none is meant; operator_name: "CONV_2D".
        tensor: index of the tensor in its subgraph, -1 if none is meant; tensor_name: its name in the file.
        related: other tensors that take part: the cause may be in any of them.
        values: what was found and what was expected, with numbers.
    """

    code: str
    severity: Severity
    subgraph: int
    operator: int
    operator_name: str
    tensor: int
    tensor_name: str
    related: tuple[int, ...]
    values: str

    @property
    def place(self) -> str:
        """Where, in words: "operator 3 CONV_2D, tensor 7 'conv2/weights'"."""
        parts = []
        if self.operator >= 0:
            parts.append(f"operator {self.operator} {self.operator_name}")
        if self.tensor >= 0:
            parts.append(f"tensor {self.tensor} {self.tensor_name!r}")
        if self.subgraph > 0:
            parts.append(f"subgraph {self.subgraph}")
        return ", ".join(parts) or "the file"
