"""The total budget of a target: model, runtime and application against flash; arena, stack and the rest against RAM."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.study.evidence import Evidence, VariantEvidence


@dataclass(frozen=True)
class Budget:
    """What one memory of a target holds.

    Attributes:
        memory: "flash" or "RAM".
        parts: bytes by what they are for.
        limit_bytes: what there is.
    """

    memory: str
    parts: dict[str, int]
    limit_bytes: int

    @property
    def left_bytes(self) -> int:
        """What is left; less than nothing when it does not fit."""
        return self.limit_bytes - sum(self.parts.values())

    @property
    def text(self) -> str:
        """Whether it fits, in words."""
        if self.left_bytes >= 0:
            return f"fits with {self.left_bytes / 1024:,.0f} KB of {self.memory} to spare"
        largest = max(self.parts, key=lambda part: self.parts[part])
        return f"{-self.left_bytes / 1024:,.0f} KB of {self.memory} must go; the largest part: {largest}"


def budgets_of(evidence: Evidence, variant: VariantEvidence, target: str) -> tuple[Budget, Budget]:
    """Return flash and RAM of a variant on a target; the sums are those that the decision uses."""
    code, product = evidence.code.get(target), evidence.product
    flash = {
        "model": variant.tflite_bytes,
        "TensorFlow Lite Micro": code.flash_bytes if code else 0,
        "application": product.application_flash_bytes,
    }
    ram = {
        "arena": variant.memory[target].arena_minimum_bytes,
        "stack": product.stack_bytes,
        "TensorFlow Lite Micro": code.static_ram_bytes if code else 0,
        "application": product.application_ram_bytes,
    }
    return Budget("flash", flash, product.flash_bytes), Budget("RAM", ram, product.ram_bytes)


def code_text(evidence: Evidence, target: str) -> str:
    """Say what the bytes of code rest on."""
    code = evidence.code.get(target)
    if code is None:
        return f"No build for {target} has been measured: TensorFlow Lite Micro's code is not counted."
    text = f"Code as measured with {', '.join(code.operators)} ({code.source}); other operators add to it."
    if code.page_bytes == 1:
        return text
    return (
        f"{text} An image there grows in pages of {code.page_bytes:,} bytes, since flash is mapped so: variants that "
        "differ by less than what is left in a page give images of the very same size; the bytes above tell them apart."
    )
