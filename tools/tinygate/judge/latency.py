"""Latency over invocations and boots, and the configuration without which two latencies cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinygate.errors import EvidenceError
from tinygate.protocol import Hello

CONFIGURATION = (
    "target", "chip_revision", "cores", "cpu_mhz", "flash_mhz", "flash_mode", "external_ram_mhz", "optimization",
    "kernels", "arena_placement", "sdk", "tflm_version",
)  # fmt: skip


@dataclass(frozen=True)
class Latency:
    """Samples of one firmware in one unit, µs or cycles.

    Attributes:
        boots, invocations: how many boots, and samples in all of them together.
        median: of the boots' medians: the boot is the replicate.
        p90, p99, largest: over all samples.
        variation_of_invocations: coefficient of variation within a boot, the median over boots.
        variation_of_boots: coefficient of variation of the boots' medians; None with a single boot.
    """

    boots: int
    invocations: int
    median: float
    p90: float
    p99: float
    largest: float
    variation_of_invocations: float
    variation_of_boots: float | None

    def sentence(self, unit: str) -> str:
        """Say everything but the median in one sentence."""
        boots = "" if self.variation_of_boots is None else f", {100 * self.variation_of_boots:.2g} % between boots"
        return (
            f"{self.invocations} invocations in {self.boots} boot(s): p90 {self.p90:g}, p99 {self.p99:g}, "
            f"max {self.largest:g} {unit}; variation {100 * self.variation_of_invocations:.2g} %{boots}."
        )


def summarize(boots: Sequence[Sequence[int]]) -> Latency:
    """Summarize samples, one sequence per boot.

    Raises:
        EvidenceError: no boot, or a boot without samples.
    """
    if not boots or not all(boots):
        raise EvidenceError("there is a boot without a single timed invocation; expected samples from each boot")
    samples = np.concatenate([np.asarray(boot, np.float64) for boot in boots])
    medians = [float(np.median(boot)) for boot in boots]
    p90, p99 = np.percentile(samples, (90, 99))
    return Latency(
        boots=len(boots),
        invocations=len(samples),
        median=float(np.median(medians)),
        p90=float(p90),
        p99=float(p99),
        largest=float(samples.max()),
        variation_of_invocations=float(np.median([_variation(boot) for boot in boots])),
        variation_of_boots=_variation(medians) if len(boots) > 1 else None,
    )


def configuration(hello: Hello) -> dict[str, str | int]:
    """Return what two boards must share for their latencies to be comparable."""
    return {name: getattr(hello, name) for name in CONFIGURATION}


def _variation(values: Sequence[float]) -> float:
    """Return the sample standard deviation over the mean; 0 for a single value."""
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
    return spread / mean if (mean := float(np.mean(values))) else 0.0
