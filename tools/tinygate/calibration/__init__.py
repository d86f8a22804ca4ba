"""Is a calibration set representative? Statistics with stable codes, from arrays, a manifest or a .tflite alone."""

from tinygate.calibration.finding import LintFinding, LintReport
from tinygate.calibration.lint import lint, lint_tflite
from tinygate.calibration.representative_set import RepresentativeSet, from_archive, from_samples

__all__ = ["LintFinding", "LintReport", "RepresentativeSet", "from_archive", "from_samples", "lint", "lint_tflite"]
