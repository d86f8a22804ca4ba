"""Manifest entries from what they pin: files, data set, variants. For `make models` and for `tinygate pin`."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import TypeVar

import numpy as np

from tinygate.data import Dataset, Judged, Split
from tinygate.data.classes import check_class_labels, class_count
from tinygate.errors import DataError, ModelFileError
from tinygate.figures import METRICS
from tinygate.model.evaluation import evaluate, feed
from tinygate.model.folder import Model
from tinygate.model.manifest import (
    DatasetEntry,
    Manifest,
    Part,
    PinnedFile,
    Preprocessing,
    VariantEntry,
    recipe_sha256,
    save_manifest,
)
from tinygate.model.scoring import scorer
from tinygate.store.files import is_text, read_file
from tinygate.tflite import TfliteModel, read_model
from tinygate.tflm.operators import WEIGHTED

MADE = "elsewhere"
OF_CLASSES = (
    "accuracy_percent",
    "top2_accuracy_percent",
    "top3_accuracy_percent",
    "top5_accuracy_percent",
    "macro_f1_percent",
)
T = TypeVar("T")


def pinned_file(file: str, content: bytes) -> PinnedFile:
    """Return the entry that pins a file's content."""
    return PinnedFile(file=file, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def dataset_entry(dataset: Dataset) -> DatasetEntry:
    """Return the entry that says which data, and how they are split."""

    def part(split: Split) -> Part:
        subjects = np.unique(split.subjects) if split.has("subjects") else ()
        return Part(subjects=tuple(int(subject) for subject in subjects), windows=len(split))

    parts = {name: part(split) for name, split in dataset.parts.items()}
    return DatasetEntry(sha256=dataset.sha256, class_names=dataset.class_names, **parts)


def preprocessing_entry(dataset: Dataset) -> Preprocessing:
    """Return the entry with the constants from raw samples to model input."""
    return Preprocessing(constants=dict(dataset.preprocessing), sha256=dataset.preprocessing_sha256)


def variant_entry(model: Model, name: str, content: bytes, dataset: Dataset, made: str) -> VariantEntry:
    """Return the entry of a variant, the model's metric measured by the oracle on the whole test set.

    Raises:
        ModelFileError: the .tflite is malformed, or the oracle refuses it.
        DataError: the data are not what the variant takes and answers.
    """
    path = model.variant_path(name)
    evaluation = located(path, lambda: evaluate(content, dataset.test, f"variant {name}", model.config.state))
    check_answers(model, name, evaluation.judged, dataset)
    check_parts(evaluation.tflite, dataset, f"variant {name}")
    judging = scorer(model, dataset)
    return VariantEntry(
        **pinned_file(f"{name}.tflite", content).model_dump(),
        made=made,
        parameters=count_parameters(content),
        metric=judging.figure.name,
        value=None if judging.unknown else judging.value(evaluation.judged),
        oracle=f"{evaluation.reference.oracle} {evaluation.reference.version}",
    )


def check_answers(model: Model, name: str, judged: Judged, dataset: Dataset) -> None:
    """Raise DataError when the outputs are not of as many classes as the data set names."""
    names, values = dataset.class_names, judged.outputs.reshape(len(judged), -1).shape[1]
    if model.config.task == "classification" and names and len(names) != class_count(values):
        raise DataError(
            f"{dataset.source}: {len(names)} class names, but variant {name} tells {class_count(values)} classes apart "
            f"({values} outputs); name each class once, or set task in {model.config_path}."
        )
    if model.config.metric_figure.name not in OF_CLASSES:
        return
    for part, split in dataset.parts.items():
        if split.has("labels"):
            where, count = f"{split.source}: {part}_labels", class_count(values)
            check_class_labels(split.labels, count, where, f"the model tells {count} classes apart")


def check_parts(tflite: TfliteModel, dataset: Dataset, name: str) -> None:
    """Raise DataError where training or validation windows are not what the model takes, as test windows must be."""
    for part, split in dataset.parts.items():
        first = {key: array[:1] for key, array in split.all_inputs.items()}
        feed(tflite, Split(first, raw_sha256=None, part=part, source=split.source), name)


def located(path: Path, use: Callable[[], T]) -> T:
    """Return what `use` makes of a .tflite; its ModelFileError names the file."""
    try:
        return use()
    except ModelFileError as error:
        raise error if str(path) in str(error) else ModelFileError(f"{path}: {error}") from error


def count_parameters(content: bytes) -> int:
    """Return how many weights and biases a .tflite holds: those of its convolutions and matrix products."""
    graph = read_model(content).main
    learnt = {
        index
        for operator in graph.operators
        if (places := WEIGHTED.get(operator.name))
        for place, index in enumerate(operator.inputs)
        if place in (places.weights, places.bias) and index >= 0
    }
    return sum(int(np.prod(graph.tensors[index].shape)) for index in learnt)


def pin(model: Model) -> Manifest:
    """Write the manifest of artifacts that were made elsewhere: what is there now is what the gate will insist on.

    Raises:
        ModelFileError: a declared variant has no .tflite, or it cannot be used.
        DataError: the recipe's data cannot be used.
    """
    dataset = model.load_data()
    contents = {name: read_tflite(model.variant_path(name)) for name in model.config.variants}
    manifest = Manifest(
        schema_version=2,
        recipe_sha256=recipe_sha256(model.recipe_path),
        packages={package: metadata.version(package) for package in ("numpy", "tinygate")},
        dataset=dataset_entry(dataset),
        preprocessing=preprocessing_entry(dataset),
        variants={name: variant_entry(model, name, content, dataset, MADE) for name, content in contents.items()},
    )
    save_manifest(model.folder / "artifacts" / "manifest.json", manifest)
    return manifest


def measured(entry: VariantEntry) -> str:
    """Say what was measured of a variant, and by whom when it was not TensorFlow Lite Micro."""
    figure = METRICS[entry.metric]
    absent = "no metric named" if figure.name in ("score", "loss") else "no labels"
    known = f"{absent}, so no {figure.title}" if entry.value is None else f"{figure.title} {figure.show(entry.value)}"
    return known if entry.oracle.startswith("tflm") else f"{known}, by {entry.oracle} in TensorFlow Lite Micro's place"


def read_tflite(path: Path) -> bytes:
    """Return the content of a .tflite that can be read. Raises ModelFileError naming the file and what it is."""
    content = read_file(path, "a .tflite", ModelFileError)
    if is_text(content):
        raise ModelFileError(f"{path}: text; expected a .tflite.")
    located(path, lambda: read_model(content))
    return content
