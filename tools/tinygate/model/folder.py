"""A model folder: model.toml, artifacts with their manifest, and the recipe that made them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from tinygate.errors import ConfigError, DataError, ModelFileError
from tinygate.model import baseline
from tinygate.model.config import ModelConfig, load_config
from tinygate.model.manifest import Manifest, load_manifest, recipe_sha256
from tinygate.model.recipe import data_of, load_recipe
from tinygate.store.files import read_file
from tinygate.targets.firmware import Application

if TYPE_CHECKING:
    from tinygate.data import Dataset

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")


@dataclass(frozen=True)
class Model:
    """A model under judgement; equal when its folder is."""

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def config_path(self) -> Path:
        """Where the model's budgets and rules stand."""
        return self.folder / "model.toml"

    @cached_property
    def config(self) -> ModelConfig:
        """The checked model.toml. Raises ConfigError."""
        return load_config(self.config_path)

    @property
    def baseline_path(self) -> Path:
        """Where the model's baseline stands, if it has one."""
        return self.folder / baseline.NAME

    @cached_property
    def baseline(self) -> baseline.Baseline:
        """The figures that a team has set; empty where it has not. Raises ConfigError."""
        return baseline.load_baseline(self.baseline_path)

    @cached_property
    def manifest(self) -> Manifest:
        """The artifacts' manifest. Raises ModelFileError."""
        return load_manifest(self.folder / "artifacts" / "manifest.json")

    def variant_path(self, name: str) -> Path:
        """Where the .tflite of a variant stands."""
        return self.folder / "artifacts" / f"{name}.tflite"

    def variant(self, name: str) -> Variant:
        """Return a declared variant. Raises ConfigError for a name that model.toml does not declare."""
        if name not in self.config.variants:
            raise ConfigError(f"{self.config_path}: no variant {name!r}; declared: {', '.join(self.config.variants)}")
        return Variant(self, name)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """All declared variants, in the order of model.toml."""
        return tuple(Variant(self, name) for name in self.config.variants)

    @property
    def target_variants(self) -> tuple[Variant, ...]:
        """The variants that a microcontroller can run."""
        return tuple(variant for variant in self.variants if not self.config.variants[variant.name].host_only)

    @property
    def recipe_path(self) -> Path:
        """Where the model's data and training stand."""
        return self.folder / (self.config.recipe or "recipe.py")

    @cached_property
    def recipe(self) -> ModuleType:
        """The model's recipe.py, imported from its path. Raises ConfigError when it cannot be."""
        return load_recipe(self.recipe_path, f"tinygate_recipe_{self.name}")

    def load_data(self) -> Dataset:
        """Return what the recipe's load_data() returns. Raises ConfigError or DataError when that is no data set."""
        return data_of(self.recipe, self.recipe_path)

    @cached_property
    def dataset(self) -> Dataset:
        """The recipe's data, loaded once. Raises DataError when it is not the data the artifacts were made from."""
        dataset = self.load_data()
        if dataset.sha256 != self.manifest.dataset.sha256:
            raise DataError(
                f"{self.folder}: the data set's sha256 is {dataset.sha256[:12]}…, the manifest was made from "
                f"{self.manifest.dataset.sha256[:12]}…; restore the data, or {_remedy(self)}"
            )
        check_manifest(self, dataset)
        return dataset


@dataclass(frozen=True)
class Variant:
    """One variant of a model, with its pinned artifact."""

    model: Model
    name: str

    @property
    def id(self) -> str:
        """Name in test ids and reports: "gesture-ptq_int8"."""
        return f"{self.model.name}-{self.name}"

    @property
    def path(self) -> Path:
        """Where the .tflite stands."""
        return self.model.variant_path(self.name)

    @cached_property
    def content(self) -> bytes:
        """The .tflite, proven to be the one that the manifest pins.

        Raises:
            ModelFileError: the file is missing, the manifest does not know it, or its sha256 is another.
        """
        return _read_pinned(self)

    @property
    def application(self) -> Application | None:
        """The team's application that it is judged in on chips; None for tinygate's sample."""
        named = self.model.config.firmware
        if named is None:
            return None
        project = self.model.folder.absolute() / named.project
        return Application(
            project.resolve(), self.model.config_path, named.arguments, named.overlays.get(self.name, "")
        )

    @property
    def preprocess_header(self) -> Path | None:
        """The team's own C header that makes a raw window its input; None for the described steps.

        Raises:
            ConfigError: model.toml names a file that is not there.
        """
        name = self.model.config.preprocessing.header
        path = self.model.folder.absolute() / name
        if name and not path.is_file():
            raise ConfigError(f"{self.model.config_path}: preprocessing.header: {path} is no file; name a C header.")
        return path if name else None

    @property
    def sha256(self) -> str:
        """The sha256 of the proven content."""
        return hashlib.sha256(self.content).hexdigest()


@cache
def load_model(folder: Path) -> Model:
    """Return the model of a folder, its model.toml checked. Raises ConfigError."""
    model = Model(folder)
    if not _NAME.fullmatch(model.name):
        raise ConfigError(f"{folder}: a model folder's name must match [a-z0-9._-]")
    _ = model.config
    return model


def find_models(root: Path) -> Iterator[Model]:
    """Yield every model under a models/ folder: each folder with a model.toml, sorted by name."""
    return (load_model(path.parent) for path in sorted(root.glob("*/model.toml")))


def _read_pinned(variant: Variant) -> bytes:
    pinned = variant.model.manifest.variants.get(variant.name)
    manifest_path = variant.model.folder / "artifacts" / "manifest.json"
    if pinned is None:
        raise ModelFileError(f"{manifest_path}: no entry for variant {variant.name}; {_remedy(variant.model)}")
    content = read_file(variant.path, f"the .tflite of {variant.name} that {manifest_path} pins", ModelFileError)
    found = hashlib.sha256(content).hexdigest()
    if found != pinned.sha256:
        raise ModelFileError(
            f"{variant.path}: variant {variant.name} of {variant.model.name} is not the pinned file: sha256 "
            f"{found[:12]}…, {manifest_path} demands {pinned.sha256[:12]}…; restore it (git checkout), or "
            f"{_remedy(variant.model)}"
        )
    if len(content) != pinned.bytes:
        raise ModelFileError(
            f"{manifest_path}: variants.{variant.name}.bytes is {pinned.bytes}, the pinned file has {len(content)}; "
            f"the manifest was edited: restore it (git checkout), or {_remedy(variant.model)}"
        )
    return content


def check_manifest(model: Model, dataset: Dataset) -> None:
    """Raise ModelFileError when the manifest says something else of recipe or data than they say themselves."""
    from tinygate.model.pinning import dataset_entry  # which needs this module

    pinned, path = model.manifest, model.folder / "artifacts" / "manifest.json"
    recipe = recipe_sha256(model.recipe_path)
    if pinned.recipe_sha256 != recipe:
        raise ModelFileError(
            f"{path}: recipe_sha256 is {pinned.recipe_sha256[:12]}…, that of {model.recipe_path} is {recipe[:12]}…: "
            f"the artifacts are not what it makes; restore it (git checkout), or {_remedy(model)}"
        )
    said, found = pinned.dataset, dataset_entry(dataset)
    for key in type(found).model_fields:
        if getattr(said, key) != getattr(found, key):
            raise ModelFileError(
                f"{path}: dataset.{key} is {getattr(said, key)!r}, the data are {getattr(found, key)!r}: the manifest "
                f"was edited or the split has changed; restore it (git checkout), or {_remedy(model)}"
            )


def _remedy(model: Model) -> str:
    """Say how artifacts come to be pinned: made by the recipe, or brought ready made."""
    trains = model.recipe_path.is_file() and "TRAINING" in model.recipe_path.read_text("utf-8", "replace")
    return "run `make models`" if trains else f"pin what is there by `tinygate pin {model.folder}`"
