"""Manifest entries from what they pin: files, data set, variants. For `make models` and for `tinygate pin`."""

from __future__ import annotations

import hashlib
from importlib import metadata

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset, Split
from tinygate.errors import ModelFileError
from tinygate.model.folder import Model
from tinygate.model.manifest import (
    Manifest,
    PinnedFile,
    Preprocessing,
    VariantEntry,
    dataset_entry,
    recipe_sha256,
    save_manifest,
)
from tinygate.model.recipe import load_data
from tinygate.oracle import predicted_classes, quantize_inputs, run_suitable
from tinygate.tflite import read_model
from tinygate.tflm.operators import WEIGHTED


def pinned_file(file: str, content: bytes) -> PinnedFile:
    """Return the entry that pins a file's content."""
    return PinnedFile(file=file, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))


def preprocessing_entry(dataset: Dataset) -> Preprocessing:
    """Return the entry with the constants from raw samples to model input."""
    return Preprocessing(constants=dict(dataset.preprocessing), sha256=dataset.preprocessing_sha256)


def variant_entry(name: str, content: bytes, test: Split, made: str) -> VariantEntry:
    """Return the entry of a variant, its accuracy measured by the oracle on the whole test set.

    Raises:
        ModelFileError: the .tflite is malformed, or the oracle refuses it.
    """
    predicted, oracle = predict(content, test)
    return VariantEntry(
        **pinned_file(f"{name}.tflite", content).model_dump(),
        made=made,
        parameters=count_parameters(content),
        accuracy=round(float((predicted == test.labels).mean()), 6),
        oracle=oracle,
    )


def predict(content: bytes, split: Split) -> tuple[NDArray[np.int64], str]:
    """Return the class of the highest output for each window of a split [N], ties to the lowest, and the oracle."""
    reference = run_suitable(content, quantize_inputs(read_model(content), split.inputs))
    return predicted_classes(reference.outputs), f"{reference.oracle} {reference.version}"


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
    dataset = load_data(model.recipe, model.recipe_path)
    manifest = Manifest(
        schema_version=1,
        recipe_sha256=recipe_sha256(model.recipe_path),
        packages={package: metadata.version(package) for package in ("numpy", "tinygate")},
        dataset=dataset_entry(dataset),
        preprocessing=preprocessing_entry(dataset),
        variants={name: variant_entry(name, _read(model, name), dataset.test, "elsewhere") for name in _names(model)},
    )
    save_manifest(model.folder / "artifacts" / "manifest.json", manifest)
    return manifest


def _names(model: Model) -> tuple[str, ...]:
    return tuple(model.config.variants)


def _read(model: Model, name: str) -> bytes:
    path = model.variant_path(name)
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"{path}: cannot be read ({error.strerror}); {model.config_path} declares {name}: put its file there"
        ) from error
