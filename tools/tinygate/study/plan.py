"""What a study makes of a model: every variant that its recipe can become, and the same on other people, fold by fold.

What is pinned is taken as it is. A recipe that names SUBJECTS, part → people, and goes by it wherever it splits its
data is split anew for each fold.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tinygate.data import Dataset
from tinygate.errors import ConfigError, TinygateError
from tinygate.model.folder import Model
from tinygate.model.manifest import recipe_sha256
from tinygate.recipes.convert import METHODS
from tinygate.recipes.trained import TRAINED, wanted_for
from tinygate.store.results import PACKAGE
from tinygate.study.steps import Step

FOLDS = 5
FOLD_METHODS = ("float32", "ptq_int8", "qat_int8")
_MADE_BY_ROOMS = ("recipes", "data")
_PACKAGES = ("tensorflow", "tf_keras", "tensorflow-model-optimization", "numpy")


@dataclass(frozen=True)
class Fold:
    """People held out of training, as a recipe's SUBJECTS: part → people."""

    number: int
    subjects: Mapping[str, tuple[int, ...]]

    @property
    def prefix(self) -> str:
        """What the names of its steps begin with."""
        return f"fold{self.number}/"

    @property
    def option(self) -> tuple[str, ...]:
        """How a step is told of it."""
        return ("--subjects", json.dumps({part: list(who) for part, who in self.subjects.items()}))


@dataclass(frozen=True)
class Trainer:
    """A Python with TensorFlow, and the versions of what it trains with."""

    python: str
    versions: str


def trainer(python: str = "") -> Trainer | None:
    """Return who trains: the Python that is named, this one, or .venv-train of the checkout; None if nobody can.

    Raises:
        ConfigError: the Python that is named has no TensorFlow.
    """
    here = [sys.executable] if find_spec("tensorflow") else []
    beside = [str(root / ".venv-train/bin/python") for root in (PACKAGE.parents[1], Path.cwd())]
    for candidate in [python] if python else [*here, *(path for path in beside if Path(path).is_file())]:
        versions = _versions(candidate)
        if versions:
            return Trainer(candidate, versions)
    if python:
        raise ConfigError(
            f"--train-python {python}: no Python with tensorflow and tfmot; pip install 'tinygate[train]'"
        )
    return None


def _versions(python: str) -> str:
    script = f"from importlib.metadata import version; print([version(p) for p in {_PACKAGES}])"
    try:
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def folds_of(model: Model, dataset: Dataset) -> tuple[Fold, ...]:
    """Return the folds: people in the order of their numbers, dealt into FOLDS groups, each held out once.

    The person after a group is its validation set. None for a recipe without SUBJECTS, or with too few people.
    """
    if not getattr(model.recipe, "SUBJECTS", None):
        return ()
    people = sorted({int(who) for part in dataset.parts.values() if part.has("subjects") for who in part.subjects})
    if len(people) < 2 * FOLDS:
        return ()
    folds = []
    for number in range(FOLDS):
        first, last = number * len(people) // FOLDS, (number + 1) * len(people) // FOLDS
        held, after = people[first:last], people[last % len(people)]
        rest = tuple(who for who in people if who not in held and who != after)
        folds.append(Fold(number + 1, {"train": rest, "validation": (after,), "test": tuple(held)}))
    return tuple(folds)


def variants_of(model: Model) -> dict[str, str]:
    """Return the method of every variant that a study compares: those declared, the reference first, then the rest."""
    config = model.config
    names = dict.fromkeys([config.reference_variant, *config.variants])
    declared = {name: config.variants[name].method or name for name in names}
    return declared | {method: method for method in METHODS if method not in declared.values()}


def plan(model: Model, dataset: Dataset, train: Trainer | None) -> tuple[Step, ...]:
    """Return every step of a model's study, each after those that it needs; without a trainer, what is pinned."""
    variants = variants_of(model)
    pinned = dict(_pinned(model))
    steps = [Step(name, (hashlib.sha256(path.read_bytes()).hexdigest(),), file=path) for name, path in pinned.items()]
    if train is None or not hasattr(model.recipe, "TRAINING"):
        return tuple(steps)
    base = (_context(model, dataset, train),)
    methods = {f"{name}.tflite": method for name, method in variants.items() if method in METHODS}
    steps += _made(model, train, base, methods, None, frozenset(pinned))
    for fold in folds_of(model, dataset):
        of_fold = {f"{fold.prefix}{method}.tflite": method for method in FOLD_METHODS}
        steps += _made(model, train, (*base, *fold.option), of_fold, fold, frozenset())
    return tuple(steps)


def _made(
    model: Model,
    train: Trainer,
    base: tuple[str, ...],
    methods: Mapping[str, str],
    fold: Fold | None,
    there: frozenset[str],
) -> Iterator[Step]:
    """Yield steps that train and convert; `there` are names that need not be made."""
    prefix, option = (fold.prefix, fold.option) if fold else ("", ())
    for name in wanted_for(METHODS[method].weights for name, method in methods.items() if name not in there):
        if prefix + name not in there:
            start = TRAINED[name].start
            yield _step(model, train, base, prefix + name, ("train", name), prefix + start if start else "", option)
    for name, method in methods.items():
        if name not in there:
            yield _step(model, train, base, name, ("convert", method), prefix + METHODS[method].weights, option)


def _step(
    model: Model,
    train: Trainer,
    base: tuple[str, ...],
    name: str,
    what: tuple[str, str],
    start: str,
    option: Sequence[str],
) -> Step:
    verb, argument = what

    def command(files: Mapping[str, Path], output: Path) -> Sequence[str]:
        given = ("--start", str(files[start])) if start else ()
        module = (train.python, "-m", "tinygate.recipes.step", verb)
        return (*module, str(model.folder), argument, str(output), *given, *option)

    needs = (start,) if start else ()
    return Step(name, (*base, verb, argument), needs, ".npz" if verb == "train" else "", command)


def _pinned(model: Model) -> Iterator[tuple[str, Path]]:
    """Yield weights and variants that the manifest pins, made by the recipe as it stands."""
    try:
        manifest = model.manifest
    except TinygateError:
        return
    if manifest.recipe_sha256 != recipe_sha256(model.recipe_path):
        return
    for name, entry in manifest.weights.items():
        path = model.folder / "artifacts" / entry.file
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry.sha256:
            yield name, path
    for variant in model.variants:
        if variant.name in manifest.variants and variant.content:
            yield f"{variant.name}.tflite", variant.path


def _context(model: Model, dataset: Dataset, train: Trainer) -> str:
    """Return a hash over what every step depends on: recipe, data, task, and who makes it with what."""
    digest = hashlib.sha256()
    parts = [recipe_sha256(model.recipe_path), dataset.sha256, dataset.preprocessing_sha256, model.config.task]
    for part in [*parts, train.versions]:
        digest.update(part.encode() + b"\0")
    for room in _MADE_BY_ROOMS:
        for path in sorted((PACKAGE / room).glob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()
