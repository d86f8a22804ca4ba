"""What a recipe that trains must define, checked before the first epoch: one sentence per breach (docs/recipes.md)."""

from __future__ import annotations

from math import prod
from typing import Any

from tinygate.data import Dataset
from tinygate.errors import ConfigError, TinygateError
from tinygate.model.folder import Model
from tinygate.recipes.build import methods_of
from tinygate.recipes.framework import framework
from tinygate.recipes.hyperparameters import Hyperparameters
from tinygate.recipes.train import quantization_aware
from tinygate.recipes.weights import fold_batch_norm, set_weights


def check_contract(model: Model, dataset: Dataset) -> None:
    """Build the recipe's model both ways, fold, quantize if a variant wants it, and hold it against the data.

    Raises:
        ConfigError: what is missing or does not fit, with recipe and layer.
    """
    path = model.recipe_path
    methods = methods_of(model)
    hyper = getattr(model.recipe, "TRAINING", None)
    if not isinstance(hyper, Hyperparameters):
        raise ConfigError(f"{path}: TRAINING is {type(hyper).__name__}; expected tinygate's Hyperparameters.")
    framework().keras.backend.clear_session()
    trained, again, deployed = (_built(model, training=training) for training in (True, True, False))
    _check_names(path, trained, again)
    _check_shapes(model, dataset, deployed)
    try:
        set_weights(deployed, fold_batch_norm(trained))
    except TinygateError as error:
        raise ConfigError(
            f"{path}: build_model(training=True), its batch normalisation folded, and build_model(training=False) "
            f"have not the same weights: {error}"
        ) from error
    wanting = [name for name, method in methods.items() if method.is_fake_quantized]
    if wanting:
        _check_quantization_aware(model, deployed, wanting[0])
    framework().keras.backend.clear_session()


def _built(model: Model, *, training: bool) -> Any:
    path = model.recipe_path
    build = getattr(model.recipe, "build_model", None)
    if not callable(build):
        raise ConfigError(f"{path}: no function build_model(*, training, batch_size=None), which returns the model.")
    try:
        built = build(training=training) if training else build(training=False, batch_size=1)
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise ConfigError(f"{path}: build_model(training={training}) raised {type(error).__name__}: {said}") from error
    if not isinstance(built, framework().keras.Model):
        raise ConfigError(
            f"{path}: build_model() returned a {type(built).__module__}.{type(built).__name__}; expected one of "
            "tf_keras (Keras 3 has no quantization-aware training)."
        )
    return built


def _check_names(path: Any, model: Any, again: Any) -> None:
    """Weights are kept by name, so that a layer numbered anew by each build is a layer without a name."""
    for first, second in zip(model.layers, again.layers, strict=True):
        if first.weights and first.name != second.name:
            kind = type(first).__name__
            raise ConfigError(
                f"{path}: a {kind} layer has no name ({first.name} now, {second.name} next); give it one."
            )


def _check_shapes(model: Model, dataset: Dataset, built: Any) -> None:
    path, train = model.recipe_path, dataset.train
    given, taken = tuple(train.inputs.shape[1:]), tuple(built.input_shape[1:])
    if given != taken:
        raise ConfigError(f"{path}: the data's windows are {given}, build_model() takes {taken}; make them alike.")
    answers, task = prod(size for size in built.output_shape[1:] if size), model.config.task
    wanted = {
        "classification": len(dataset.class_names),
        "regression": prod(train.labels.shape[1:]) if train.has("labels") else answers,
        "anomaly": prod(given),
    }.get(task, answers)
    if answers != wanted:
        what = {"classification": "class names", "regression": "values a label", "anomaly": "input values"}[task]
        raise ConfigError(f"{path}: build_model() answers {answers} values, the data have {wanted} {what}.")


def _check_quantization_aware(model: Model, deployed: Any, variant: str) -> None:
    try:
        quantization_aware(deployed)
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        layer = next((layer for layer in deployed.layers if layer.weights and layer.name in said), None)
        named = f"layer {layer.name} ({type(layer).__name__}): " if layer is not None else ""
        hint = " Write a Conv1D as Conv2D with (k, 1) kernels, or leave the variant out."
        raise ConfigError(
            f"{model.recipe_path}: variant {variant}: {named}tfmot cannot quantize it: {said}.{hint}"
        ) from None
