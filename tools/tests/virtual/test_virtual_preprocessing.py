"""What a virtual board makes inputs of raw windows by: C where there is a compiler, else NumPy, else nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tinygate.model.folder import load_model
from tinygate.preprocessing.source import preprocessing_of
from tinygate.protocol import Tensor
from tinygate.virtual.preprocessing import Preprocessor, load_preprocessor

GESTURE = load_model(Path("models/gesture").absolute())


def loaded(steps: bool = True) -> Preprocessor | None:
    constants, header = preprocessing_of(GESTURE.variant("ptq_int8").path)
    content = json.dumps({"header": header, "described": constants if steps else {}}).encode()
    return load_preprocessor(content, (Tensor("int8", (1, 50, 1, 6), 0.0313725508749485, -1, 300),))


def test_c_and_numpy_make_the_same_and_say_who_did(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = loaded()
    monkeypatch.setenv("PATH", "")
    in_numpy = loaded()
    assert compiled is not None
    assert in_numpy is not None
    assert compiled.name.startswith(GESTURE.manifest.preprocessing.sha256)
    assert compiled.name.endswith(", C by cc")
    assert in_numpy.name == "NumPy: no C compiler here"
    raw, made = np.random.default_rng(1).normal(0, 2, (50, 6)).astype(np.float32).tobytes(), []
    for preprocessor in (compiled, in_numpy):
        window = bytearray(preprocessor.input_bytes)
        preprocessor.run(raw, 1, window)
        made.append(bytes(window))
    assert made[0] == made[1]
    assert len(set(made[0])) > 50


def test_a_function_of_a_teams_own_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert loaded(steps=False) is None
    assert load_preprocessor(b"", ()) is None
