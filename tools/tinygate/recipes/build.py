"""Makes a model's artifacts folder: pinned weights, one .tflite per variant, the manifest; whole or not at all."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.data.dataset import UNKNOWN
from tinygate.errors import ConfigError, ModelFileError, TinygateError
from tinygate.model.folder import Model, load_model
from tinygate.model.manifest import (
    Calibration,
    CalibrationSample,
    Manifest,
    load_manifest,
    recipe_sha256,
    save_manifest,
)
from tinygate.model.pinning import dataset_entry, pinned_file, preprocessing_entry, variant_entry
from tinygate.recipes.convert import Method, choose_calibration, convert, method_of
from tinygate.recipes.weights import Weights, load, pack

PACKAGES = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy", "tflite_micro")
WORKERS = 2


@dataclass(frozen=True)
class Artifacts:
    """What goes into an artifacts folder: file contents by name, and the manifest that pins them."""

    files: Mapping[str, bytes]
    manifest: Manifest


def convert_all(model: Model, dataset: Dataset, weights: Mapping[str, Weights]) -> dict[str, bytes]:
    """Return the .tflite of every variant that model.toml declares, by variant name.

    Raises:
        ConfigError: model.toml declares a variant that nobody knows how to make.
    """
    methods = methods_of(model)
    windows = dataset.train.inputs[calibration_indices(model, dataset)]
    names = tuple(model.config.variants)
    jobs = [(model.folder, name, weights[methods[name].weights], windows) for name in names]
    # TensorFlow counts names up, and writes them into the file: only a fresh process per variant repeats every byte.
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), max_tasks_per_child=1) as pool:
        return dict(zip(names, pool.map(_convert_job, jobs), strict=True))


def _convert_job(job: tuple[Path, str, Weights, NDArray[np.float32]]) -> bytes:
    folder, name, weights, windows = job
    model = load_model(folder)
    try:
        return convert(model.recipe, method_of(model.config, name), weights, windows, model.config.task)
    except TinygateError:
        raise
    except Exception as error:  # TensorFlow and tfmot raise what they like
        said = f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
        raise ConfigError(f"{model.recipe_path}: variant {name} cannot be converted: {said}") from None


def methods_of(model: Model) -> dict[str, Method]:
    """Return how each variant is made, by name. Raises ConfigError naming file and variant."""
    try:
        return {name: method_of(model.config, name) for name in model.config.variants}
    except ConfigError as error:
        raise ConfigError(f"{model.config_path}: {error}") from error


def calibration_indices(model: Model, dataset: Dataset) -> NDArray[np.int64]:
    """Return which training windows are the representative set of a model, [samples]."""
    hyper = model.recipe.TRAINING
    return choose_calibration(dataset.train, hyper.calibration_samples, hyper.seed)


def make_artifacts(
    model: Model, dataset: Dataset, weights: Mapping[str, Weights], progress: Callable[[str], None]
) -> Artifacts:
    """Convert and measure every variant; `progress` hears what is being done. Writes nothing."""
    progress("convert")
    tflites = convert_all(model, dataset, weights)
    methods = methods_of(model)
    archives = {f"{name}.npz": pack(arrays) for name, arrays in weights.items()}
    variants = {}
    for name, content in tflites.items():
        progress(f"measure {name}")
        variants[name] = variant_entry(model, name, content, dataset, methods[name].made)
    manifest = Manifest(
        schema_version=2,
        recipe_sha256=recipe_sha256(model.recipe_path),
        seed=model.recipe.TRAINING.seed,
        packages={package: metadata.version(package) for package in PACKAGES},
        dataset=dataset_entry(dataset),
        preprocessing=preprocessing_entry(dataset),
        calibration=_calibration(model, dataset),
        weights={Path(file).stem: pinned_file(file, content) for file, content in archives.items()},
        variants=variants,
    )
    return Artifacts({**archives, **{f"{name}.tflite": content for name, content in tflites.items()}}, manifest)


def load_pinned_weights(folder: Path, manifest: Manifest) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Return the trained weights of an artifacts folder, by layer and name, each in the layer's own shape.

    Raises:
        ModelFileError: a file is missing or not the pinned one.
    """
    for entry in manifest.weights.values():
        path = folder / entry.file
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != entry.sha256:
            raise ModelFileError(
                f"{path} is not the file that {folder / 'manifest.json'} pins ({entry.sha256[:12]}…); "
                "restore it (git checkout) or run `make models`"
            )
    return {name: load(folder / entry.file) for name, entry in manifest.weights.items()}


def previous_manifest(model: Model) -> Manifest | None:
    """Return the manifest as it stands, None if there is none that can be read."""
    try:
        return load_manifest(model.folder / "artifacts" / "manifest.json")
    except ModelFileError:
        return None


def write_artifacts(folder: Path, artifacts: Artifacts) -> None:
    """Replace an artifacts folder by a new one; whoever is interrupted half-way keeps the old one."""
    with _replacement(folder) as fresh:
        for name, content in artifacts.files.items():
            (fresh / name).write_bytes(content)
        save_manifest(fresh / "manifest.json", artifacts.manifest)


@contextmanager
def _replacement(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        fresh.mkdir()
        yield fresh
        if folder.exists():
            shutil.move(folder, old)
        try:
            fresh.rename(folder)
        except BaseException:
            if old.exists():
                old.rename(folder)
            raise


def _calibration(model: Model, dataset: Dataset) -> Calibration:
    train = dataset.train
    return Calibration(
        seed=model.recipe.TRAINING.seed,
        samples=tuple(
            CalibrationSample(
                sha256=train.raw_sha256[i],
                label=_known(train.column("labels")[i]),
                subject=_known(train.column("subjects")[i]),
                recording=_known(train.column("recordings")[i]),
                start=_known(train.column("starts")[i]),
            )
            for i in calibration_indices(model, dataset)
        ),
    )


def _known(value: np.int64) -> int | None:
    return None if value == UNKNOWN else int(value)
