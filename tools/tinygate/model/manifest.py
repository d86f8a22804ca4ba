"""artifacts/manifest.json: what a third person needs to trust the artifacts. Strict; read without TensorFlow.

`make models` writes it; the gate reads it. It pins every .tflite by sha256 and says from which data, recipe, seed,
package versions and calibration samples it was made.
"""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from tinygate.errors import ModelFileError
from tinygate.store.atomic import write_text
from tinygate.store.reading import read_text

if TYPE_CHECKING:
    from tinygate.data import Dataset, Split

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*$")]


class _Entry(BaseModel):
    """A JSON object in which an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PinnedFile(_Entry):
    """A file beside the manifest."""

    file: FileName
    sha256: Sha256
    bytes: int = Field(gt=0)


class Part(_Entry):
    """One part of the split."""

    subjects: tuple[int, ...] = Field(min_length=1, strict=False)
    windows: int = Field(gt=0)


class DatasetEntry(_Entry):
    """Which data, and how they were split: a subject is in one part only."""

    sha256: Sha256
    class_names: tuple[str, ...] = Field(min_length=2, strict=False)
    train: Part
    validation: Part
    test: Part

    @model_validator(mode="after")
    def _parts_are_disjoint(self) -> DatasetEntry:
        subjects = [*self.train.subjects, *self.validation.subjects, *self.test.subjects]
        if len(subjects) != len(set(subjects)):
            raise ValueError("a subject stands in more than one part of the split")
        return self


class Preprocessing(_Entry):
    """The constants from raw samples to model input, and their hash."""

    constants: dict[str, Any]
    sha256: Sha256


class CalibrationSample(_Entry):
    """One window that calibrated activation ranges; the hash is over the samples as recorded."""

    sha256: Sha256
    label: int = Field(ge=0)
    subject: int
    recording: int = Field(ge=0)
    start: int = Field(ge=0)


class Calibration(_Entry):
    """The representative set: a seeded choice among the training windows."""

    seed: int
    samples: tuple[CalibrationSample, ...] = Field(min_length=1, strict=False)


class VariantEntry(PinnedFile):
    """One variant: its pinned .tflite and what was seen of it when it was made.

    Attributes:
        made: how, in one sentence.
        parameters: trained weights and biases in the .tflite.
        accuracy: share of test windows classified rightly by `oracle`, 0 to 1.
        oracle: runtime and version that measured `accuracy`.
    """

    made: str
    parameters: int = Field(gt=0)
    accuracy: float = Field(ge=0, le=1)
    oracle: str


class Manifest(_Entry):
    """A whole manifest.json.

    `seed`, `calibration` and `weights` are absent for artifacts that `tinygate pin` found ready made: nobody can say
    how they were trained and calibrated.
    """

    schema_version: Literal[1]
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
        tree = ast.parse(read_text(path))
    except (OSError, SyntaxError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: not a readable recipe ({error}); expected a Python file") from error
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def dataset_entry(dataset: Dataset) -> DatasetEntry:
    """Return the entry that says which data, and how they are split."""

    def part(split: Split) -> Part:
        return Part(subjects=tuple(sorted({int(s) for s in split.subjects})), windows=len(split))

    return DatasetEntry(
        sha256=dataset.sha256,
        class_names=dataset.class_names,
        train=part(dataset.train),
        validation=part(dataset.validation),
        test=part(dataset.test),
    )


def load_manifest(path: Path) -> Manifest:
    """Read and check a manifest.json.

    Raises:
        ModelFileError: missing, no JSON, of another schema version, an unknown key or a value of another type.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text in UTF-8"
        raise ModelFileError(f"{path}: cannot be read ({why}); run `make models` to make the artifacts") from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise ModelFileError(
            f"{path}: {key}: {problem['msg']}; restore the file (git checkout) or run `make models`"
        ) from error


def save_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest.json so that a reader never meets half of it; the same manifest gives the same bytes."""
    write_text(path, manifest.model_dump_json(indent=1) + "\n")
