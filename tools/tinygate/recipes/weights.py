"""Trained weights as plain arrays: read from and set into Keras models by name, folded, stored without pickle."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygate.errors import ModelFileError

Weights = Mapping[str, NDArray[np.float32]]


def get_weights(model: Any) -> dict[str, NDArray[np.float32]]:
    """Return every float variable of a Keras model by its name, "conv1/kernel", in its own shape."""
    return {_key(v): v.numpy() for v in model.weights if v.dtype.is_floating}


def set_weights(model: Any, weights: Weights) -> None:
    """Set every float variable of a Keras model.

    Raises:
        ModelFileError: a variable is missing, left over or of another shape.
    """
    variables = {_key(v): v for v in model.weights if v.dtype.is_floating}
    if variables.keys() != weights.keys():
        odd = sorted(variables.keys() ^ weights.keys())
        raise ModelFileError(f"the weights and the recipe's model differ in {odd}; train again with `make models`")
    for name, variable in variables.items():
        if tuple(variable.shape) != weights[name].shape:
            raise ModelFileError(
                f"weights {name} are {weights[name].shape}, the recipe's model has {tuple(variable.shape)}; "
                "train again with `make models`"
            )
        variable.assign(weights[name])


def fold_batch_norm(model: Any) -> dict[str, NDArray[np.float32]]:
    """Return the weights, shapes kept, without BatchNormalization, each folded into the convolution before it.

    y = γ (w·x + b - μ) / √(σ² + ε) + β  becomes  y = (γ w / √(σ² + ε))·x + (b - μ) γ / √(σ² + ε) + β.
    """
    folded = {
        name: value for layer in model.layers if not _is_norm(layer) for name, value in get_weights(layer).items()
    }
    for norm in filter(_is_norm, model.layers):
        convolution = norm.inbound_nodes[0].inbound_layers
        gain = norm.gamma.numpy() / np.sqrt(norm.moving_variance.numpy() + norm.epsilon)
        kernel = next((name for name in get_weights(convolution) if name.endswith("kernel")), None)
        if kernel is None:
            raise ModelFileError(
                f"layer {norm.name}: BatchNormalization behind {convolution.name}, with no kernel to fold it into; "
                "put it directly behind a convolution or a Dense layer"
            )
        bias = kernel.removesuffix("kernel").removesuffix("depthwise_") + "bias"
        depthwise = kernel.endswith("depthwise_kernel")
        shaped = gain.reshape(folded[kernel].shape[2:4]) if depthwise else gain
        folded[kernel] = folded[kernel] * shaped
        folded[bias] = (folded.get(bias, np.float32(0)) - norm.moving_mean.numpy()) * gain + norm.beta.numpy()
    return folded


def pack(weights: Weights) -> bytes:
    """Return weights as a .npz archive; the same weights give the same bytes."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **{name: weights[name] for name in sorted(weights)})
    return file.getvalue()


def load(path: Path) -> dict[str, NDArray[np.float32]]:
    """Return the weights of a .npz archive, in their shapes. Raises ModelFileError when it cannot be read."""
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelFileError(f"{path}: not readable weights ({error}); run `make models` to train them") from error


def _key(variable: Any) -> str:
    return str(variable.name).split(":")[0]


def _is_norm(layer: Any) -> bool:
    return type(layer).__name__ == "BatchNormalization"
