"""artifacts/manifest.json: what a third person needs to trust the artifacts. Strict; read without TensorFlow.

`make models` writes it; the gate reads it. It pins every .tflite by sha256 and says from which data, recipe, seed,
package versions and calibration samples it was made.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tinygate.errors import ModelFileError
from tinygate.model.syntax import syntax_of
from tinygate.store.atomic import write_text
from tinygate.store.files import read_file

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


REMEDY = "run `make models` if the recipe trains, `tinygate pin` for files made elsewhere"


class _Entry(BaseModel):
    """A JSON object in which an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PinnedFile(_Entry):
    """A file beside the manifest."""

    file: FileName
    sha256: Sha256
    bytes: int = Field(gt=0)


class Part(_Entry):
    """One part of the split; no subjects where nobody said who was recorded."""

    subjects: tuple[int, ...] = Field((), strict=False)
    windows: int = Field(gt=0)


class DatasetEntry(_Entry):
    """Which data, and how they were split: a subject is in one part only. Only the test set must be there."""

    sha256: Sha256
    class_names: tuple[str, ...] = Field((), strict=False)
    train: Part | None = None
    validation: Part | None = None
    test: Part

    @model_validator(mode="after")
    def _parts_are_disjoint(self) -> DatasetEntry:
        parts = [part for part in (self.train, self.validation, self.test) if part is not None]
        subjects = [subject for part in parts for subject in part.subjects]
        if len(subjects) != len(set(subjects)):
            raise ValueError("a subject stands in more than one part of the split")
        return self


class Preprocessing(_Entry):
    """The constants from raw samples to model input, and their hash."""

    constants: dict[str, Any]
    sha256: Sha256


class CalibrationSample(_Entry):
    """One window that calibrated activation ranges; the hash is over the samples as recorded.

    The others are None where the data set does not know them.
    """

    sha256: Sha256
    label: int | None = Field(None, ge=0)
    subject: int | None = None
    recording: int | None = Field(None, ge=0)
    start: int | None = Field(None, ge=0)


class Calibration(_Entry):
    """The representative set: a seeded choice among the training windows."""

    seed: int
    samples: tuple[CalibrationSample, ...] = Field(min_length=1, strict=False)


class VariantEntry(PinnedFile):
    """One variant: its pinned .tflite and what was seen of it when it was made.

    Attributes:
        made: how, in one sentence.
        parameters: trained weights and biases in the .tflite.
        metric: a name of `tinygate.figures.METRICS`.
        value: that figure on the test set, with every digit it was measured with; None where there are no labels.
        oracle: runtime and version that measured it.
    """

    made: str
    parameters: int = Field(ge=0)
    metric: str
    value: float | None = Field(None, allow_inf_nan=False)
    oracle: str


class Manifest(_Entry):
    """A whole manifest.json.

    `seed`, `calibration` and `weights` are absent for artifacts that `tinygate pin` found ready made: nobody can say
    how they were trained and calibrated.
    """

    schema_version: Literal[2]
    recipe_sha256: Sha256
    seed: int | None = None
    packages: dict[str, str]
    dataset: DatasetEntry
    preprocessing: Preprocessing
    calibration: Calibration | None = None
    weights: dict[str, PinnedFile] = Field(default_factory=dict)
    variants: dict[str, VariantEntry] = Field(min_length=1)


def recipe_sha256(path: Path) -> str:
    """Return the hash of what a recipe says: its syntax tree, so that comments and layout do not count.

    Raises:
        ModelFileError: the file cannot be read or is no Python.
    """
    try:
        syntax = syntax_of(read_file(path, "a recipe in Python", ModelFileError).decode())
    except (SyntaxError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: not a readable recipe ({error}); expected a Python file") from error
    return hashlib.sha256(syntax.encode()).hexdigest()


def load_manifest(path: Path) -> Manifest:
    """Read and check a manifest.json.

    Raises:
        ModelFileError: missing, no JSON, of another schema version, an unknown key or a value of another type.
    """
    try:
        text = read_file(path, f"a manifest; {REMEDY}", ModelFileError).decode()
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}: cannot be read ({error}); {REMEDY}") from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ModelFileError(
            f"{path}: {key}: {problem['msg']}; restore the file (git checkout), or {REMEDY}"
        ) from error


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest.json so that a reader never meets half of it; the same manifest gives the same bytes."""
    write_text(path, manifest.model_dump_json(indent=1, exclude_none=True) + "\n")
