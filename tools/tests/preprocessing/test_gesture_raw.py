"""The gesture model from raw recordings: what its header computes is what the host computes, over the whole test set."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled_header import Compiled
from typer.testing import CliRunner

from tinygate.cli.main import app
from tinygate.data import Dataset
from tinygate.judge.described import judge_described, undescribed
from tinygate.model.folder import Model, load_model
from tinygate.oracle import quantize_tensor
from tinygate.preprocessing.description import read_description
from tinygate.preprocessing.kinds import as_given
from tinygate.preprocessing.numpy_path import prepare
from tinygate.preprocessing.plan import plan_of
from tinygate.preprocessing.source import header_of
from tinygate.tflite import read_model
from tinygate.verdict import Verdict

GESTURE = load_model(Path("models/gesture").absolute())
OTHER_CODES = {"ptq_int8": 0, "ptq_int8_per_tensor": 0, "qat_int8": 0, "ptq_int16x8": 80}


@pytest.mark.parametrize("name", [variant.name for variant in GESTURE.target_variants])
def test_the_header_gives_every_code_of_the_whole_test_set(name: str) -> None:
    variant, test = GESTURE.variant(name), GESTURE.dataset.test
    pinned, tensor = GESTURE.manifest.preprocessing, read_model(variant.content).inputs[0]
    assert test.raw is not None
    raw = as_given(plan_of(read_description(GESTURE.dataset.preprocessing)).raw, test.raw.samples)
    header = header_of(variant.content, pinned.constants, pinned.sha256, name)
    found = Compiled(header).run(raw, test.raw.settings, tensor.dtype)
    made = prepare(plan_of(read_description(GESTURE.dataset.preprocessing)), raw, test.raw.settings)
    assert np.array_equal(found, quantize_tensor(tensor, made).reshape(len(found), -1))
    if tensor.scales:  # what the model is judged on is computed in float64: a step apart in places
        judged = quantize_tensor(tensor, test.inputs).reshape(len(found), -1).astype(int)
        assert np.abs(found - judged).max() <= 1
        assert (found != judged).sum() == OTHER_CODES[name]


def test_the_recipe_does_what_it_describes() -> None:
    finding = judge_described(GESTURE)
    assert finding.verdict is Verdict.PASS
    assert isinstance(finding.value, float)
    assert 0 < finding.value < 1e-6  # float32 and float64


def with_description(change: Any) -> Model:
    model, described = Model(GESTURE.folder), copy.deepcopy(dict(GESTURE.dataset.preprocessing))
    change(described)
    model.__dict__["dataset"] = GESTURE.dataset.replace(preprocessing=described)
    return model


def test_a_recipe_that_does_something_else_is_told() -> None:
    finding = judge_described(with_description(lambda d: d["steps"][1]["mean"].__setitem__(2, 0.0)))
    assert finding.verdict is Verdict.FAIL
    assert "the recipe does something else than it describes" in finding.reason
    finding = judge_described(
        with_description(lambda d: d["steps"].insert(3, {"step": "select", "axes": ["ax"]}) or d["steps"].pop())
    )
    assert finding.verdict is Verdict.FAIL
    assert "The steps make [50, 1], the inputs are [50, 1, 6]" in finding.reason


def test_what_nobody_described_is_not_judged() -> None:
    plain = Dataset(test=GESTURE.dataset.test.replace(raw=None))
    assert "describes no preprocessing" in undescribed(plain)
    assert "no raw windows" in undescribed(plain.replace(preprocessing=GESTURE.dataset.preprocessing))
    assert not undescribed(GESTURE.dataset)


def test_the_command_writes_the_header_and_says_the_order(tmp_path: Path) -> None:
    path = tmp_path / "preprocess.h"
    done = CliRunner().invoke(app, ["preprocess", "--model", str(GESTURE.folder), "--emit-c", str(path)])
    assert done.exit_code == 0, done.output
    assert "where left_wrist" in done.stdout
    pinned = GESTURE.manifest.preprocessing
    expected = header_of(GESTURE.variant("ptq_int8").content, pinned.constants, pinned.sha256, "gesture, ptq_int8")
    assert path.read_text() == expected


def test_the_command_refuses_a_model_that_describes_nothing() -> None:
    done = CliRunner().invoke(app, ["preprocess", "--model", "models/sine"])
    assert (done.exit_code, "describes no preprocessing by steps" in str(done.exception)) == (1, True)
