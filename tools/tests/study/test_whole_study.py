"""A recipe that tinygate has never seen gets the whole study: every variant made, measured, compared, and kept."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tinygate.cli.main import main
from tinygate.recipes.convert import METHODS
from tinygate.study import plan

pytestmark = pytest.mark.train

SOME = ("float32", "ptq_int8", "qat_int8", "pruned50_int8", "pruned50_qat_int8")
MADE = {name: METHODS[name] for name in (METHODS if os.environ.get("TINYGATE_WHOLE_STUDY") else SOME)}
"""One of each kind; all with TINYGATE_WHOLE_STUDY: each takes processes that import TensorFlow."""

RECIPE = """
import numpy as np
from tinygate.data import Dataset, Split
from tinygate.recipes.hyperparameters import Hyperparameters

TRAINING = Hyperparameters(
    seed=1, epochs=2, batch_size=16, learning_rate=0.02, qat_epochs=1, pruning_epochs=2, calibration_samples=32
)


def split(seed):
    generator = np.random.default_rng(seed)
    labels = np.arange(96) % 3
    return Split(generator.normal(size=(96, 4, 4, 2)).astype(np.float32) + labels[:, None, None, None], labels)


def load_data():
    return Dataset(split(0), split(1), split(2), ("low", "middle", "high"), "0" * 64, {})


def build_model(*, training, batch_size=None):
    from tf_keras import Model, layers

    inputs = layers.Input((4, 4, 2), batch_size=batch_size, name="patch")
    x = layers.Conv2D(8, 3, activation="relu", name="first")(inputs)
    return Model(inputs, layers.Dense(3, name="answer")(layers.Flatten(name="flat")(x)), name="patches")
"""
MODEL = """
schema_version = 1
title = "Three levels of brightness"
[variants.float32]
[variants.ptq_int8]
"""


def test_every_variant_is_made_measured_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "METHODS", MADE)
    folder = tmp_path / "models" / "patches"
    folder.mkdir(parents=True)
    (folder / "recipe.py").write_text(RECIPE)
    (folder / "model.toml").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TINYGATE_CACHE", str(tmp_path / "cache"))
    sys.argv = ["tinygate", "study", "--model", "patches"]
    with pytest.raises(SystemExit) as ended:
        main()
    found = json.loads((tmp_path / "build/study/patches/study.json").read_text())
    assert (ended.value.code or 0, found["failures"], found["hint"]) == (0, {}, "")
    assert {each["name"] for each in found["variants"]} == set(MADE)
    zeros = {each["name"]: each["sparsity"]["all"] for each in found["variants"]}
    for percent in (50, 70, 90) if len(MADE) == len(METHODS) else (50,):
        assert zeros[f"pruned{percent}_int8"] == pytest.approx(percent / 100, abs=0.06)
        assert zeros[f"pruned{percent}_qat_int8"] >= zeros[f"pruned{percent}_int8"] - 0.01
    page = (tmp_path / "build/study/patches/study.html").read_text()
    assert all(title in page for title in ("What pruning trades", "Total compression", "Weights before and after"))
