"""`tinygate study`: one page and its data, every number of which is the artifacts'; kept, so that it is found only once."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from tflite_build import ModelBuilder
from tflite_writer import write_model

from tinygate.arena import predict
from tinygate.cli.main import main
from tinygate.errors import ModelFileError
from tinygate.model.folder import load_model
from tinygate.packing.packed import gzip_bytes, zstd_bytes
from tinygate.packing.strip import strip
from tinygate.study import plan, run
from tinygate.tflite import read_model

SINE = Path("models/sine").absolute()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own, and nobody who trains."""
    monkeypatch.setenv("TINYGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(plan, "trainer", lambda _="": None)
    return tmp_path


def tinygate(*words: object) -> int:
    sys.argv = ["tinygate", "study", *map(str, words)]
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def studied(store: Path, *words: object) -> tuple[dict[str, Any], str]:
    assert tinygate("--model", "sine", "--output", store / "out", *words) == 0
    folder = store / "out" / "sine"
    return json.loads((folder / "study.json").read_text()), (folder / "study.html").read_text()


class Reader(HTMLParser):
    """Reads a page: its cells, and whether every element ends where it should."""

    VOID = frozenset({"meta", "br", "link", "img"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("td", "th"):
            self.cells[-1] += data


def test_numbers_are_those_of_the_artifacts(store: Path) -> None:
    found, page = studied(store)
    reader = Reader()
    reader.feed(page)
    assert not reader.open
    for each in found["variants"]:
        path = SINE / "artifacts" / f"{each['name']}.tflite"
        content = path.read_bytes()
        gzip = subprocess.run(["gzip", "-9", "-c"], input=content, capture_output=True, check=True).stdout
        assert each["tflite_bytes"] == path.stat().st_size
        assert each["gzip_bytes"] == len(gzip)
        assert each["zstd_bytes"] == zstd_bytes(content)
        assert each["stripped_bytes"] == len(strip(content))
        arena = predict(read_model(content), "esp32")
        assert each["memory"]["esp32"]["arena_minimum_bytes"] == arena.minimum_bytes
        for value in (len(content), len(gzip), len(strip(content)), arena.minimum_bytes):
            assert f"{value:,}" in reader.cells
        weights = [t.array() for t in read_model(content).main.tensors if t.data and len(t.shape) == 2]
        assert each["sparsity"]["all"] == pytest.approx(np.concatenate([w.ravel() for w in weights]).__eq__(0).mean())


def test_the_metric_is_what_the_manifest_pins(store: Path) -> None:
    found, _ = studied(store)
    pinned = load_model(SINE).manifest.variants
    for each in found["variants"]:
        assert each["metric"] == pytest.approx(pinned[each["name"]].value)
        assert each["metric_low"] < each["metric"] < each["metric_high"]


def test_pictures_are_sound_and_take_the_pages_colour(store: Path) -> None:
    _, page = studied(store)
    pictures = re.findall(r"<svg .*?</svg>", page, re.DOTALL)
    assert len(pictures) >= 4
    ids = [found for picture in pictures for found in re.findall(r'\bid="([^"]+)"', picture)]
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert "currentColor" in picture
        assert "#010203" not in picture
        root = ElementTree.fromstring(
            picture.replace('xmlns:xlink="http://www.w3.org/1999/xlink"', "").replace("xlink:", "")
        )
        assert root.get("viewBox")
        references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', picture)
        assert all((one or other) in ids for one, other in references)
    assert page.count("<details>") == len(pictures)


def test_without_a_trainer_one_sentence_says_what_is_missing(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, page = studied(store)
    assert [each["name"] for each in found["variants"]] == ["float32", "ptq_int8"]
    assert "No Python with TensorFlow was found" in found["hint"]
    assert found["hint"].replace("'", "&#39;") in page
    assert found["hint"] in capsys.readouterr().err


def test_found_once_it_is_read_back(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = studied(store)

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(run, "gather", never)
    monkeypatch.setattr("tinygate.study.page.render", never)
    assert studied(store) == first


def test_another_product_is_another_answer(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SINE, store / "models" / "tight")
    path = store / "models" / "tight" / "model.toml"
    path.write_text(path.read_text() + "\n[product]\nram_bytes = 9_000\nstack_bytes = 8_192\n")
    monkeypatch.chdir(store)
    assert tinygate("--model", "tight", "--output", store / "out") == 0
    found = json.loads((store / "out" / "tight" / "study.json").read_text())
    assert found["recommendations"]["esp32"]["leaf"] == "smaller_architecture"


def test_a_recipe_that_does_not_train_gets_the_part_that_needs_none(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = store / "models" / "brought"
    shutil.copytree(SINE, folder)
    recipe = (folder / "recipe.py").read_text()
    (folder / "recipe.py").write_text(re.sub(r"TRAINING = Hyperparameters\(.*?\n\)", "", recipe, flags=re.DOTALL))
    monkeypatch.chdir(store)
    subprocess.run([sys.executable, "-m", "tinygate.cli.main"], check=False, capture_output=True)
    sys.argv = ["tinygate", "pin", str(folder)]
    with pytest.raises(SystemExit):
        main()
    assert tinygate("--model", "brought", "--output", store / "out") == 0
    assert "does not train" in json.loads((store / "out" / "brought" / "study.json").read_text())["hint"]


def test_nothing_to_study_is_one_sentence(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SINE, store / "models" / "empty", ignore=shutil.ignore_patterns("artifacts"))
    monkeypatch.chdir(store)
    assert tinygate("--model", "empty", "--output", store / "out") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert "no variant to study" in error
    assert not (store / "out").exists()


def test_a_python_without_tensorflow_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tinygate("--model", "sine", "--output", tmp_path, "--train-python", sys.executable) == 2
    assert "no Python with tensorflow" in capsys.readouterr().err


def test_a_variant_that_no_oracle_runs_is_told_and_the_rest_goes_on() -> None:
    build = ModelBuilder()
    x, y = (build.tensor(name, (1, 1), "float32") for name in ("in", "out"))
    build.operator("NobodysOperator", [x], [y])
    good, bad = (SINE / "artifacts" / "float32.tflite").read_bytes(), write_model(build.model([x], [y]))
    found, refused = run.runnable({"good": good, "bad": bad}, load_model(SINE).dataset, "none")
    assert (list(found), list(refused)) == (["good"], ["bad"])
    with pytest.raises(ModelFileError):
        run.runnable({"bad": bad, "good": good}, load_model(SINE).dataset, "none")


def test_gzip_is_the_tools_or_zlibs(monkeypatch: pytest.MonkeyPatch) -> None:
    content = (SINE / "artifacts" / "ptq_int8.tflite").read_bytes()
    by_tool = gzip_bytes(content)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert gzip_bytes(content) == pytest.approx(by_tool, rel=0.01)
