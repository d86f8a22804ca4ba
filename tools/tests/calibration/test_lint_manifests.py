"""Broken calibration sets as a manifest would list them: the model folder is a copy, one thing in it is wrong."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tinygate.errors import InputError
from tinygate.judge.calibration import lint_model
from tinygate.model.folder import load_model

GESTURE = load_model(Path("models/gesture"))
Manifest = dict[str, Any]


def listed(split: str, rows: list[int]) -> list[Manifest]:
    """Windows of a split as manifest entries."""
    part = getattr(GESTURE.dataset, split)
    return [
        {
            "sha256": part.raw_sha256[row],
            "label": int(part.labels[row]),
            "subject": int(part.subjects[row]),
            "recording": int(part.recordings[row]),
            "start": int(part.starts[row]),
        }
        for row in rows
    ]


def one_class(manifest: Manifest) -> None:
    samples = manifest["calibration"]["samples"]
    label = samples[0]["label"]
    rows = [row for row, other in enumerate(GESTURE.dataset.train.labels) if other == label][:200]
    manifest["calibration"]["samples"] = listed("train", rows)


def twenty(manifest: Manifest) -> None:
    manifest["calibration"]["samples"] = manifest["calibration"]["samples"][::10]


def test_windows(manifest: Manifest) -> None:
    manifest["calibration"]["samples"][:3] = listed("test", [0, 500, 1000])


def a_test_window_under_a_training_name(manifest: Manifest) -> None:
    manifest["calibration"]["samples"][0]["sha256"] = listed("test", [10])[0]["sha256"]


def half_a_window_later(manifest: Manifest) -> None:
    (sample,) = listed("test", [10])
    manifest["calibration"]["samples"][0] = sample | {"start": sample["start"] + 25, "sha256": "0" * 64}


def duplicates(manifest: Manifest) -> None:
    manifest["calibration"]["samples"][100:] = manifest["calibration"]["samples"][:100]


def nobodys_windows(manifest: Manifest) -> None:
    for number, sample in enumerate(manifest["calibration"]["samples"]):
        sample |= {"sha256": f"{number:064x}", "recording": 9999}


def other_constants(manifest: Manifest) -> None:
    manifest["preprocessing"]["constants"]["steps"][2]["high"] = 3.0


def validation_subjects(manifest: Manifest) -> None:
    manifest["calibration"]["samples"] = listed("validation", list(range(0, 400, 2)))


test_windows.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("damage", "codes"),
    [
        (one_class, {"TG-D005", "TG-D002"}),
        (twenty, {"TG-D001"}),
        (test_windows, {"TG-D006", "TG-D008", "TG-D009", "TG-D010"}),
        (a_test_window_under_a_training_name, {"TG-D006", "TG-D007"}),
        (half_a_window_later, {"TG-D008", "TG-D009", "TG-D010"}),
        (duplicates, {"TG-D011"}),
        (nobodys_windows, {"TG-D020"}),
        (other_constants, {"TG-D018"}),
    ],
)
def test_what_is_wrong_is_named(damage: Callable[[Manifest], None], codes: set[str], tmp_path: Path) -> None:
    report = lint_model(load_model(damaged(tmp_path, damage)))
    assert codes <= {finding.code for finding in report.errors}, [f.sentence() for f in report.broken]


def test_samples_from_outside_the_training_set_are_noticed(tmp_path: Path) -> None:
    report = lint_model(load_model(damaged(tmp_path, validation_subjects)))
    assert {"TG-D015", "TG-D019"} <= report.codes


def test_a_sample_is_found_by_its_hash_wherever_the_manifest_puts_it(tmp_path: Path) -> None:
    def misplace(manifest: Manifest) -> None:
        manifest["calibration"]["samples"][0]["recording"] = 9999

    report = lint_model(load_model(damaged(tmp_path, misplace)))
    assert not {"TG-D015", "TG-D020"} & report.codes


def test_a_manifest_without_a_set_says_so(tmp_path: Path) -> None:
    folder = damaged(tmp_path, lambda manifest: manifest.pop("calibration"))
    with pytest.raises(InputError, match="lists no calibration set"):
        lint_model(load_model(folder))


def damaged(tmp_path: Path, damage: Callable[[Manifest], Any]) -> Path:
    folder = tmp_path / "gesture"
    shutil.copytree(GESTURE.folder, folder, ignore=shutil.ignore_patterns("__pycache__", "*.npz"))
    path = folder / "artifacts" / "manifest.json"
    manifest = json.loads(path.read_text())
    damage(manifest)
    path.write_text(json.dumps(manifest))
    return folder
