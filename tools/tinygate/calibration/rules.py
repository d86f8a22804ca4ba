"""The table of rules for calibration sets: where findings, `--explain` and the manual take their words from.

Codes are stable: a rule may be retired, its number is never given to another. A rule's severity is that of a clear
breach; checks with a warning band say so in `demand`.
"""

from __future__ import annotations

from tinygate.audit.finding import Severity
from tinygate.audit.rules import Rule
from tinygate.errors import InputError

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE
MEASURED = "measured on the gesture model"
COUNTING = "sampling theory"
CONVERTER = "TensorFlow Lite converter: ranges are the smallest and largest value seen"

_TABLE: tuple[Rule, ...] = (
    Rule("TG-D001", "size", ERROR,
         "At least 100 samples; 200 are recommended (warning).",
         "Ranges are the smallest and largest values seen. From few samples they are a matter of luck.",
         "Take more samples, spread over all classes and recordings.", MEASURED),
    Rule("TG-D002", "held-out-clipping", ERROR,
         "On training data that did not calibrate, at most 1 % of samples and 0.1 % of values of any tensor lie "
         "outside "
         "its range (warning); ten times as many are an error.",
         "Values outside a tensor's range are cut off. What the calibration set never showed, the model cannot say.",
         "Calibrate on samples that span what the model will meet: all classes, subjects and intensities.", MEASURED),
    Rule("TG-D003", "coverage", ERROR,
         "Each tensor's range is 0.95 to 3 times what 99.8 % of training activations span (warning); less than 0.8 or "
         "more than 6 times is an error.",
         "A range too narrow clips; one too wide spends its 256 codes on values that never occur, so that those "
         "that do "
         "share a few. Clipping cannot show the second: noise from randn covers everything.",
         "Calibrate on recorded samples, prepared as in training.", MEASURED),
    Rule("TG-D004", "stability", WARNING,
         "Two disjoint halves of the set, each with every other sample by class and recording, give models whose "
         "logits "
         "differ by 1 dB of signal over noise at most.",
         "If half the set gives another model, the whole set is too small or too uneven for its answer to be "
         "trusted. A "
         "warning only: one extreme sample can move it, and random halves of a sound set differed by up to 9 dB.",
         "Take more samples; look for single samples with extreme values.", MEASURED),
    Rule("TG-D005", "classes", ERROR,
         "Every class is there, with at least half of an even share (warning); a class that is absent is an error.",
         "Activations differ by class: a range seen on some classes clips the others (up to 62 % of the inputs with "
         "one "
         "class alone).",
         "Draw the samples by class.", MEASURED),
    Rule("TG-D006", "test-windows", ERROR,
         "No sample is a window of the test set.",
         "What calibrated the model also judges it: the accuracy flatters.",
         "Calibrate on training data only.", COUNTING),
    Rule("TG-D007", "test-look-alikes", ERROR,
         "No sample correlates with a test window by 0.999 or more, whatever its scaling.",
         "It is a copy of a test window that was scaled, shifted or re-encoded, which hashes do not see.",
         "Find out where it comes from; calibrate on training data only.", COUNTING),
    Rule("TG-D008", "test-overlap", ERROR,
         "No sample shares recorded values with a test window.",
         "Overlapping windows are copies of a part of each other: a subtler way to calibrate on the test set.",
         "Split by recording or subject before cutting windows.", COUNTING),
    Rule("TG-D009", "test-recordings", ERROR,
         "No sample comes from a recording that the test set uses.",
         "Within one recording sensor position, pace and person are the same: it is not unseen data.",
         "Split by recording or subject.", COUNTING),
    Rule("TG-D010", "test-subjects", ERROR,
         "No sample comes from a subject of the test set.",
         "The test asks how the model does on people it has never met.",
         "Split by subject.", COUNTING),
    Rule("TG-D011", "duplicates", ERROR,
         "Fewer than 1 % of the samples are there twice.",
         "A copy adds to the count and nothing to what was seen.",
         "Draw without replacement.", COUNTING),
    Rule("TG-D012", "autocorrelation", ERROR,
         "The correlation of neighbouring values is within 0.1 of that of the training data (warning); a difference "
         "above 0.3 is an error.",
         "Recorded signals are smooth: neighbours resemble each other. Noise of the right mean and spread is not, and "
         "excites filters as no real signal does.",
         "Calibrate on recorded samples, never on random numbers.", MEASURED),
    Rule("TG-D013", "spectrum", ERROR,
         "At most a quarter of the power lies at other frequencies than in the training data (warning); more than half "
         "is an error.",
         "Another sampling rate, a missing filter or made-up data change where the power lies.",
         "Calibrate on samples recorded as the product records them.", MEASURED),
    Rule("TG-D014", "distribution", ERROR,
         "The Kolmogorov-Smirnov distance to the training data is at most 0.15 on every channel (warning); more "
         "than 0.3 "
         "is an error.",
         "It is the largest difference between the two cumulative distributions: another shape, offset or scale.",
         "Calibrate on a random part of the training data.", MEASURED),
    Rule("TG-D015", "unknown-samples", WARNING,
         "Every sample is found among the training windows.",
         "A sample of unknown origin may be synthetic, augmented or from the wrong side of the split.",
         "Take windows of the training set as they are, and list them in the manifest.", COUNTING),
    Rule("TG-D016", "mean-and-spread", ERROR,
         "Mean and standard deviation of every channel are within 10 % of training (of the training deviation); less "
         "than three standard errors of a random choice of as many windows is a warning.",
         "Another unit, offset, axis order or normalisation shifts every range.",
         "Prepare the samples with the constants of training.", MEASURED),
    Rule("TG-D017", "preparation", ERROR,
         "A sample that is a scaled training window has the values of that window.",
         "It was recorded rightly and prepared otherwise than for training: gain and offset per channel are known "
         "exactly.",
         "Prepare the samples with the constants of training.", COUNTING),
    Rule("TG-D018", "constants", ERROR,
         "The preprocessing constants are those that the artifacts' manifest pins.",
         "Recipe, artifacts and firmware must prepare inputs alike.",
         "Run `make models`, or restore the recipe.", COUNTING),
    Rule("TG-D019", "provenance", NOTE,
         "The model's ranges are those that this set gives.",
         "Otherwise the model was calibrated on another set, or fine-tuned; what holds of this set need not hold of "
         "it.",
         "Give the set that the model was converted with.", CONVERTER),
    Rule("TG-D020", "finite", ERROR,
         "Every value is a finite number.",
         "One NaN or infinity ruins the range of every tensor behind it.",
         "Mend the data or the preparation.", CONVERTER),
    Rule("TG-D030", "uniform-noise", WARNING,
         "The input's range is not that of uniform random numbers: scale 1/255, zero point -128.",
         "The range is 0 to 1. That is right for inputs scaled to 0 to 1 and typical of a model calibrated on "
         "`np.random.rand`, which clips every negative input.",
         "Calibrate on recorded samples; ignore it if the inputs are scaled to 0 to 1.", CONVERTER),
    Rule("TG-D031", "gaussian-noise", WARNING,
         "The input's range is not that of normal random numbers: about ±4.4, zero point about 0.",
         "It is what a model calibrated on `np.random.randn` has. Nothing clips; codes are wasted, and the ranges of "
         "inner tensors are those of noise.",
         "Calibrate on recorded samples; ignore it if standardised inputs reach just that far.", CONVERTER),
    Rule("TG-D032", "untrained-range", ERROR,
         "No activation has the range -6 to 6 that quantization-aware training starts from, or reaches below 0 "
         "behind a "
         "ReLU.",
         "The ranges that tfmot learns start at ±6 and move by a thousandth per step: after 500 steps a third of the "
         "codes is still unused. Half-learnt ranges behind a ReLU, and a ±6 at the input, which may be a clip on "
         "purpose, are warnings.",
         "Seed the ranges from the float model's activations, then fine-tune.", "tensorflow-model-optimization 0.8.1"),
)  # fmt: skip

RULES = {rule.code: rule for rule in _TABLE}


def rule_of(code: str) -> Rule:
    """Return a rule by its code. Raises InputError for an unknown one."""
    if code not in RULES:
        raise InputError(f"{code!r} is no rule of lint-data; known: {', '.join(RULES)}.")
    return RULES[code]


def manual() -> str:
    """Return the table of rules as Markdown, as docs/representative-data.md holds it."""
    sections = [
        f"### {rule.code} {rule.name} ({rule.severity})\n\n{rule.demand}\n\n{rule.why}\n\n*Mend it:* {rule.fix} "
        f"*Source:* {rule.source}.\n"
        for rule in _TABLE
    ]
    return "\n".join(sections)
