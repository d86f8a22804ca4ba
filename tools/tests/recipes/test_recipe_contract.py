"""What a recipe that trains must define is checked before the first epoch: one sentence per breach, with the layer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.errors import ConfigError
from tinygate.model.folder import Model

pytestmark = pytest.mark.train

RECIPE = """
import numpy as np
from tinygate.data import Dataset, Split
from tinygate.recipes.hyperparameters import Hyperparameters
TRAINING = Hyperparameters(seed=1, epochs=2, batch_size=8, learning_rate=1e-2, calibration_samples=20)
def load_data():
    inputs = np.random.default_rng(0).normal(size=(40, 8, 2)).astype(np.float32)
    return Dataset(*(Split(inputs + k, np.arange(40) % 2, raw_sha256=None) for k in range(3)), ("a", "b"), "0" * 64)
def build_model(*, training, batch_size=None):
    from tf_keras import Model, layers
    x = inputs = layers.Input((8, 2), batch_size=batch_size)
    x = layers.Conv1D(4, 3, use_bias=not training, name="conv")(x)
    x = layers.BatchNormalization(name="norm")(x) if training else x
    x = layers.Flatten(name="flat")(x)
    return Model(inputs, layers.Dense(2, name="logits")(x))
"""
TOML = 'schema_version = 1\ntitle = "t"\n[variants.float32]\n[variants.small]\nmethod = "ptq_int8"\n'


def model(tmp_path: Path, recipe: str = RECIPE, toml: str = TOML) -> Model:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "recipe.py").write_text(recipe)
    (folder / "model.toml").write_text(toml)
    return Model(folder)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('name="logits"', "", r"recipe.py: a Dense layer has no name"),
        ("TRAINING =", "TRAINING = 3 #", r"TRAINING is int; expected"),
        (
            "def build_model(*, training",
            "def build_model(*, learning",
            r"build_model\(training=True\) raised TypeError",
        ),
        ("def build_model", "def other", r"no function build_model"),
        ("return Model(inputs,", "return (inputs,", r"returned a builtins.tuple; expected one of tf_keras"),
        ("Dense(2,", "Dense(3,", r"answers 3 values, the data have 2 class names"),
        ("Input((8, 2)", "Input((9, 2)", r"windows are \(8, 2\), build_model\(\) takes \(9, 2\)"),
        ("layers.Conv1D(4, 3, use_bias=not training", "layers.Conv1D(4, 3, use_bias=training", r"not the same weights"),
    ],
)
def test_a_breach_is_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    from tinygate.recipes.contract import check_contract

    assert old in RECIPE
    broken = model(tmp_path, RECIPE.replace(old, new))
    with pytest.raises(ConfigError, match=sentence) as caught:
        check_contract(broken, broken.load_data())
    assert "\n" not in str(caught.value)


def test_a_conv1d_is_named_where_a_variant_wants_quantization_aware_training(tmp_path: Path) -> None:
    from tinygate.recipes.contract import check_contract

    wanting = model(tmp_path, toml=TOML + "[variants.qat_int8]\n")
    with pytest.raises(ConfigError, match=r"variant qat_int8: layer conv \(Conv1D\): tfmot cannot quantize it"):
        check_contract(wanting, wanting.load_data())


def test_an_unknown_method_names_the_variant(tmp_path: Path) -> None:
    from tinygate.recipes.contract import check_contract

    odd = model(tmp_path, toml=TOML.replace('"ptq_int8"', '"magic"'))
    with pytest.raises(ConfigError, match=r"variants.small: method 'magic' is not known; set method to one of float32"):
        check_contract(odd, odd.load_data())


def test_a_conv1d_without_that_just_works_and_nothing_pinned_is_overwritten(tmp_path: Path) -> None:
    from tinygate.recipes.__main__ import rebuild

    tiny = model(tmp_path)
    assert rebuild(tiny, train=True, replace=False)
    assert set(tiny.manifest.variants) == {"float32", "small"}
    pinned = (tiny.folder / "artifacts" / "manifest.json").read_bytes()
    (tiny.folder / "recipe.py").write_text(RECIPE.replace("seed=1", "seed=2"))
    again = Model(tiny.folder)
    rebuild(again, train=True, replace=False)
    assert (tiny.folder / "artifacts" / "manifest.json").read_bytes() == pinned
    assert (tiny.folder / "artifacts.new" / "manifest.json").read_bytes() != pinned
    rebuild(again, train=False, replace=True)
    assert (tiny.folder / "artifacts" / "manifest.json").read_bytes() != pinned
