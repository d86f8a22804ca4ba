"""Weights survive storage bit for bit, without pickle; folding batch normalisation changes no answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.errors import ModelFileError
from tinygate.recipes import weights as w

WEIGHTS = {"conv1/kernel": np.arange(6, dtype=np.float32).reshape(2, 3), "conv1/bias": np.zeros(3, np.float32)}


def test_weights_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "w.npz").write_bytes(w.pack(WEIGHTS))
    again = w.load(tmp_path / "w.npz")
    assert again.keys() == WEIGHTS.keys()
    assert all((again[name] == WEIGHTS[name]).all() and again[name].dtype == np.float32 for name in WEIGHTS)


def test_the_same_weights_pack_to_the_same_bytes() -> None:
    assert w.pack(WEIGHTS) == w.pack(dict(reversed(WEIGHTS.items())))


def test_a_pickle_among_weights_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", x=np.array({"a": 1}, dtype=object))
    with pytest.raises(ModelFileError, match="make models"):
        w.load(tmp_path / "w.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_a_damaged_archive_is_one_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    with pytest.raises(ModelFileError, match=r"w\.npz"):
        w.load(tmp_path / "w.npz")


def network(keras: Any, *, batch_norm: bool) -> Any:
    layers = keras.layers
    x = inputs = layers.Input((12, 1, 3))
    for name, convolution in (
        ("a", layers.Conv2D(4, (3, 1), use_bias=not batch_norm, name="a")),
        ("b", layers.DepthwiseConv2D((3, 1), use_bias=True, name="b")),
    ):
        x = convolution(x)
        x = layers.BatchNormalization(name=f"{name}_norm")(x) if batch_norm else x
        x = layers.ReLU()(x)
    return keras.Model(inputs, layers.Dense(2, name="d")(layers.Flatten()(x)))


@pytest.mark.train
def test_folding_changes_no_answer() -> None:
    from tinygate.recipes.framework import framework

    generator = np.random.default_rng(0)
    trained, folded = (network(framework().keras, batch_norm=norm) for norm in (True, False))
    for variable in trained.weights:
        variable.assign(generator.uniform(0.2, 2.0, variable.shape))
    w.set_weights(folded, w.fold_batch_norm(trained))
    inputs = generator.normal(size=(8, 12, 1, 3)).astype(np.float32)
    np.testing.assert_allclose(folded(inputs), trained(inputs, training=False), rtol=1e-4, atol=1e-4)


@pytest.mark.train
@pytest.mark.parametrize("change", ["missing", "left over", "shape"])
def test_weights_of_another_model_are_refused(change: str) -> None:
    from tinygate.recipes.framework import framework

    model = network(framework().keras, batch_norm=False)
    weights = w.get_weights(model)
    if change == "missing":
        del weights["a/kernel"]
    elif change == "left over":
        weights["z/kernel"] = weights["a/kernel"]
    else:
        weights["a/kernel"] = weights["a/kernel"][:1]
    with pytest.raises(ModelFileError, match="/kernel"):
        w.set_weights(model, weights)
