"""Answers the questions of the decision tree from evidence: what keeps within a margin, what fits, what gains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinygate.study.evidence import Evidence, Loss, Rung, VariantEvidence
from tinygate.study.pareto import Point, pareto_front
from tinygate.study.tree import Answer


@dataclass(frozen=True)
class Facts:
    """A model's evidence, asked for one target."""

    evidence: Evidence
    target: str

    def answer(self, fact: str, rung: Rung) -> Answer:
        """Answer a question about the variants of a rung: of those that pass it, one is enough."""
        candidates = self.of(rung)
        if not candidates:
            return Answer.UNMADE
        if fact == "keeps":
            return _best([self.keeps(variant) for variant in candidates])
        kept = [variant for variant in candidates if self.keeps(variant) is Answer.YES]
        if fact == "fits":
            return _best([self.fits(variant) for variant in kept])
        fitting = [variant for variant in kept if self.fits(variant) is Answer.YES]
        ask = {"gains": self.gains, "download": self.download}[fact]
        return _best([ask(variant) for variant in (kept if fact == "gains" else fitting)])

    def of(self, rung: Rung) -> tuple[VariantEvidence, ...]:
        """Return the variants of a rung."""
        return tuple(variant for variant in self.evidence.variants if variant.rung is rung)

    def candidates(self, rung: Rung) -> tuple[VariantEvidence, ...]:
        """Return the variants of a rung that may ship: those that no other beats in all first, then by agreement."""
        passing = {variant.name: variant for variant in self.of(rung) if self.ships(variant)}
        front = pareto_front({name: self._point(variant) for name, variant in passing.items()})

        def order(variant: VariantEvidence) -> tuple[bool, float, int]:
            return variant.name not in front, -variant.agreement_percent, variant.tflite_bytes

        return tuple(sorted(passing.values(), key=order))

    def _point(self, variant: VariantEvidence) -> Point:
        return (variant.loss.high if variant.loss else 0.0, *self.costs(variant))

    def ships(self, variant: VariantEvidence) -> bool:
        """Whether a variant keeps to everything."""
        asked = (self.keeps, self.fits, self.download)
        return all(ask(variant) is Answer.YES for ask in asked)

    def keeps(self, variant: VariantEvidence) -> Answer:
        """Whether what it loses is within its margin: its whole interval below it, or above."""
        if variant is self.evidence.reference:
            return Answer.YES
        return _keeps(variant.loss)

    def fits(self, variant: VariantEvidence) -> Answer:
        """Whether it runs on the target and keeps to flash, RAM and time; undecided when only the time is not known."""
        product = self.evidence.product
        if variant.memory[self.target].refusal:
            return Answer.NO
        if self.evidence.flash_bytes(variant, self.target) > product.flash_bytes:
            return Answer.NO
        if self.evidence.ram_bytes(variant, self.target) > product.ram_bytes:
            return Answer.NO
        if product.latency_us is None:
            return Answer.YES
        if self.target not in variant.latency_us:
            return Answer.UNDECIDED
        return Answer.YES if variant.latency_us[self.target] <= product.latency_us else Answer.NO

    def download(self, variant: VariantEvidence) -> Answer:
        """Whether its download, packed by zstd, keeps to the limit, if there is one."""
        limit = self.evidence.product.download_bytes
        return Answer.YES if limit is None or variant.zstd_bytes <= limit else Answer.NO

    def gains(self, variant: VariantEvidence) -> Answer:
        """Whether it takes less flash, RAM or work than the reference."""
        pairs = zip(self.costs(variant), self.costs(self.evidence.reference), strict=True)
        saves = any(a < b for a, b in pairs if a is not None and b is not None)
        return Answer.YES if saves else Answer.NO

    def costs(self, variant: VariantEvidence) -> tuple[int, int, int | None, int]:
        """Return flash, arena, work as an emulator counted it on the target (None if none did), and multiplications."""
        work = variant.work.get(self.target)
        arena = variant.memory[self.target].arena_minimum_bytes
        return variant.tflite_bytes, arena, work.count if work else None, variant.multiplications


def _keeps(loss: Loss | None) -> Answer:
    if loss is None or loss.is_within is None:
        return Answer.UNDECIDED
    return Answer.YES if loss.is_within else Answer.NO


def _best(answers: Sequence[Answer]) -> Answer:
    """Return the best of several answers: one variant that passes is enough, one undecided leaves it open."""
    return next((a for a in (Answer.YES, Answer.UNDECIDED, Answer.NO) if a in answers), Answer.NO)
