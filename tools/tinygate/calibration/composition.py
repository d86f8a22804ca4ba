"""Rules on what the set is made of: how many samples, of which classes, each once, finite, known."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tinygate.calibration.finding import LintFinding, graded
from tinygate.calibration.representative_set import RepresentativeSet, content_keys
from tinygate.data.dataset import UNKNOWN, Dataset

MAX_DUPLICATES = 0.01
SET = "calibration set"

MIN_SAMPLES = 100
RECOMMENDED_SAMPLES = 200
MIN_CLASS_SHARE = 0.5  # of an even share


def check_size(given: RepresentativeSet) -> Iterator[LintFinding]:
    """TG-D001: enough samples. TG-D020: all finite."""
    count = len(given)
    values = f"{count} samples; expected at least {MIN_SAMPLES}, better {RECOMMENDED_SAMPLES}"
    yield graded("TG-D001", SET, values, warning=count < RECOMMENDED_SAMPLES, error=count < MIN_SAMPLES)
    spoilt = int((~np.isfinite(given.inputs).reshape(count, -1).all(axis=1)).sum())
    yield graded(
        "TG-D020",
        SET,
        f"{spoilt} of {count} samples hold NaN or infinity, or are listed and not to be found",
        warning=False,
        error=spoilt > 0,
    )


def check_classes(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D005: every class, with half an even share at least."""
    names = dataset.class_names
    labels = given.labels[given.labels != UNKNOWN]
    if not len(labels) or not names:
        return  # no classes, or nothing is known of any sample: TG-D015 says so
    counts = np.bincount(labels[labels < len(names)], minlength=len(names))
    absent = [name for name, count in zip(names, counts, strict=True) if not count]
    share = counts.min() * len(names) / len(labels)
    rarest = names[int(counts.argmin())]
    if absent:
        values = f"{len(absent)} of {len(names)} classes are absent: {', '.join(absent[:8])}"
    else:
        values = f"the rarest class {rarest} has {share:.2f} of an even share; expected at least {MIN_CLASS_SHARE:g}"
    yield graded("TG-D005", SET, values, warning=share < MIN_CLASS_SHARE, error=bool(absent))


def check_duplicates(given: RepresentativeSet) -> Iterator[LintFinding]:
    """TG-D011: no sample twice."""
    keys = content_keys(given.inputs)
    copies = len(keys) - len(set(keys))
    values = f"{copies} of {len(keys)} samples are copies of another; expected fewer than {MAX_DUPLICATES:.0%}"
    yield graded("TG-D011", SET, values, warning=copies > 0, error=copies >= MAX_DUPLICATES * len(keys) and copies > 0)


def check_known(given: RepresentativeSet, dataset: Dataset) -> Iterator[LintFinding]:
    """TG-D015: every sample is a window of the training set."""
    windows, hashes = set(content_keys(dataset.train.inputs)), set(dataset.train.raw_sha256)
    keys = zip(content_keys(given.inputs), given.raw_sha256, strict=True)
    unknown = sum(key not in windows and sha not in hashes for key, sha in keys)
    values = f"{unknown} of {len(given)} samples are no training window"
    yield graded("TG-D015", SET, values, warning=unknown > 0, error=False)
