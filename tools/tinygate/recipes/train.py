"""Trains a recipe's model: first in floating point, then quantization-aware from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.data import Dataset
from tinygate.recipes.framework import framework, seed_everything
from tinygate.recipes.hyperparameters import Hyperparameters
from tinygate.recipes.weights import Weights, fold_batch_norm, get_weights, set_weights

Progress = Callable[[int], None]
Floats = NDArray[np.float32]
Epoch = Callable[[np.random.Generator], tuple[Floats, NDArray[np.int64]]]


def train_float(recipe: Any, dataset: Dataset, progress: Progress, task: str = "classification") -> dict[str, Floats]:
    """Return the recipe's model trained and folded, as weights; `progress` hears of each finished epoch.

    Classes are learnt by cross-entropy; a regression's labels and an autoencoder's own inputs by squared error.
    """
    hyper: Hyperparameters = recipe.TRAINING
    seed_everything(hyper.seed)
    model = recipe.build_model(training=True)
    generator = np.random.default_rng(hyper.seed)
    classes = len(dataset.class_names)

    def epoch() -> tuple[Floats, Floats]:
        inputs, labels = epoch_of(recipe, dataset, task)(generator)
        if task != "classification":
            return inputs, labels.reshape(len(labels), -1).astype(np.float32)
        return mix_pairs(inputs, np.eye(classes, dtype=np.float32)[labels], hyper.mixup, generator)

    fit(model, epoch, hyper, progress, task)
    return fold_batch_norm(model)


def train_qat(
    recipe: Any,
    dataset: Dataset,
    weights: Weights,
    progress: Progress,
    task: str = "classification",
    *,
    keep_zeros: bool = False,
) -> dict[str, Floats]:
    """Return weights and activation ranges of the fake-quantized model, fine-tuned to answer as the float model does.

    Ranges start at what the float model's activations span over the training windows. With `keep_zeros` weights that
    are zero stay so: a pruned model stays as sparse as it is.
    """
    framework().keras.backend.clear_session()  # tfmot numbers its layers, and weights are kept by name
    student, teacher = deployed(recipe, weights), deployed(recipe, weights)
    quantized = quantization_aware(student)
    seed_ranges(quantized, teacher, dataset.train.inputs)
    restore = _zeros_of(quantized) if keep_zeros else lambda: None
    imitate(recipe, dataset, quantized, teacher, progress, task, before_step=restore)
    restore()
    return get_weights(quantized)


def _zeros_of(model: Any) -> Callable[[], None]:
    """Return what sets every weight to zero again that is zero now. tfmot's own scheme overlooks some layers."""
    masks = [(v, (v.numpy() != 0).astype(np.float32)) for v in model.trainable_variables if "kernel" in v.name]

    def restore() -> None:
        for variable, mask in masks:
            variable.assign(variable * mask)

    return restore


def train_control(recipe: Any, dataset: Dataset, weights: Weights, progress: Progress) -> dict[str, Floats]:
    """Return float weights after the same fine-tuning without fake quantization.

    Whatever fine-tuning gains here is more training, not quantization awareness.
    """
    return imitate(recipe, dataset, deployed(recipe, weights), deployed(recipe, weights), progress)


def deployed(recipe: Any, weights: Weights) -> Any:
    """Return the recipe's model as it is deployed, with these weights."""
    framework()  # before a recipe imports tf_keras itself: threads and determinism can be set only once
    model = recipe.build_model(training=False)
    set_weights(model, weights)
    return model


def imitate(
    recipe: Any,
    dataset: Dataset,
    student: Any,
    teacher: Any,
    progress: Progress,
    task: str = "classification",
    *,
    pace: Hyperparameters | None = None,
    before_step: Callable[[], None] = lambda: None,
) -> dict[str, Floats]:
    """Fine-tune `student` towards the answers that `teacher` gives to augmented windows; return its weights.

    Fine-tuning is to undo what quantization or pruning changes, not to learn something else. `pace` says how long and
    how fast, quantization's by default; `before_step` is called before every step.
    """
    hyper: Hyperparameters = recipe.TRAINING
    seed_everything(hyper.seed + 1)
    generator = np.random.default_rng(hyper.seed + 1)

    def epoch() -> tuple[Floats, Floats]:
        inputs, _ = epoch_of(recipe, dataset, task)(generator)
        answers = teacher.predict(inputs, batch_size=512, verbose=0)
        return inputs, framework().tf.nn.softmax(answers).numpy() if task == "classification" else answers

    gentle = replace(hyper, epochs=hyper.qat_epochs, learning_rate=hyper.qat_learning_rate, weight_decay=0.0)
    fit(student, epoch, pace or gentle, progress, task, before_step)
    return get_weights(student)


def epoch_of(recipe: Any, dataset: Dataset, task: str = "classification") -> Epoch:
    """Return the recipe's augmented epochs, or, for a recipe without, the training windows as they are.

    What an autoencoder should answer are its inputs.
    """
    found: Epoch | None = getattr(recipe, "training_epoch", None)
    train = dataset.train
    return found or (lambda _: (train.inputs, train.inputs if task == "anomaly" else train.labels))


def mix_pairs(
    inputs: Floats, targets: Floats, strength: float, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return mixup of inputs [N, ...] and targets [N, classes]: weighted means of pairs, weights Beta(s, s)."""
    if not strength:
        return inputs, targets
    share = generator.beta(strength, strength, len(inputs)).astype(np.float32)
    share = np.maximum(share, 1 - share)
    partner = generator.permutation(len(inputs))
    wide = share.reshape(-1, *[1] * (inputs.ndim - 1))
    mixed = targets * share[:, None] + targets[partner] * (1 - share[:, None])
    return inputs * wide + inputs[partner] * (1 - wide), mixed


def fit(
    model: Any,
    epoch: Callable[[], tuple[Floats, Floats]],
    hyper: Hyperparameters,
    progress: Progress,
    task: str = "classification",
    before_step: Callable[[], None] = lambda: None,
) -> None:
    """Minimise the task's loss between outputs and targets with Adam; leave averaged weights in the model."""
    framework_ = framework()
    tf, step, optimizer = framework_.tf, None, None
    averages = [tf.Variable(weight, trainable=False) for weight in model.weights]
    done = 0
    for number in range(hyper.epochs):
        inputs, targets = epoch()
        order = np.random.default_rng((hyper.seed, number)).permutation(len(inputs))
        batch_size = min(hyper.batch_size, len(inputs))
        steps = len(inputs) // batch_size
        if step is None:
            schedule = framework_.keras.optimizers.schedules.CosineDecay(hyper.learning_rate, steps * hyper.epochs)
            optimizer = framework_.keras.optimizers.Adam(schedule)
            step = _step(model, optimizer, averages, hyper.weight_decay, task)
        for batch in np.split(order[: steps * batch_size], steps):
            before_step()
            decay = min(hyper.ema_decay, (done + 1) / (done + 10))  # young averages forget their random start
            step(tf.constant(inputs[batch]), tf.constant(targets[batch]), tf.constant(decay, tf.float32))
            done += 1
        progress(number + 1)
    for average, weight in zip(averages, model.weights, strict=True):
        weight.assign(average)


def _step(model: Any, optimizer: Any, averages: list[Any], weight_decay: float, task: str) -> Any:
    tf = framework().tf
    kernels = [v for v in model.trainable_variables if "kernel" in v.name]
    losses = tf.nn.softmax_cross_entropy_with_logits if task == "classification" else _squared_errors

    def step(inputs: Any, targets: Any, decay: Any) -> None:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(losses(targets, model(inputs, training=True)))
            loss += weight_decay * tf.add_n([tf.nn.l2_loss(kernel) for kernel in kernels] or [0.0])
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        for average, weight in zip(averages, model.weights, strict=True):
            if weight.dtype.is_floating:
                average.assign(decay * average + (1 - decay) * weight)

    return tf.function(step)


def _squared_errors(targets: Any, outputs: Any) -> Any:
    tf = framework().tf
    return tf.math.squared_difference(targets, tf.reshape(outputs, tf.shape(targets)))


def quantization_aware(model: Any) -> Any:
    """Return tfmot's fake-quantized copy of a model without batch normalisation, with its weights."""
    return framework().tfmot.quantization.keras.quantize_model(model)


def seed_ranges(quantized: Any, plain: Any, inputs: Floats) -> None:
    """Set every activation range of `quantized` to what the same layer of `plain` spans over `inputs`.

    tfmot starts at ±6 and moves there so slowly that, after 500 steps, a third of the codes are still unused.
    """
    keras = framework().keras
    layers = {layer.name: layer for layer in plain.layers}
    for wrapper in quantized.layers:
        ranges = [v for v in wrapper.weights if _is_range(v.name)]
        if not ranges:
            continue
        layer = layers.get(wrapper.name.removeprefix("quant_"))
        values = inputs if layer is None else keras.Model(plain.input, layer.output).predict(inputs, verbose=0)
        for variable in ranges:
            bound = values.min() if "_min" in variable.name else values.max()
            variable.assign(bound)


def _is_range(name: str) -> bool:
    stem = name.split("/")[-1].split(":")[0]
    return stem.endswith(("_min", "_max")) and not stem.startswith("kernel")
