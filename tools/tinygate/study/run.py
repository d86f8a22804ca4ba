"""The study of a model: makes what can be made, measures everything, and keeps the result by what it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tinygate.data import Dataset
from tinygate.errors import InputError, ModelFileError
from tinygate.model.evaluation import evaluate
from tinygate.model.folder import Model
from tinygate.model.tables import Product
from tinygate.oracle.state import StateScope
from tinygate.packing.packed import gzip_tool
from tinygate.packing.sparsity import real_weights
from tinygate.store.results import cache_folder, kept
from tinygate.study import answer, speed
from tinygate.study.evidence import Code, Evidence, Metric, VariantEvidence
from tinygate.study.folds import fold_evidence
from tinygate.study.measure import BOARD_TARGETS, gather, load_code
from tinygate.study.plan import Trainer, folds_of, plan, variants_of
from tinygate.study.recommend import recommend
from tinygate.study.steps import Listen, Workshop
from tinygate.study.work import FILE as CYCLES
from tinygate.tflite import read_model

BINS = 41
"""Of the histograms of weights."""


@dataclass(frozen=True)
class Made:
    """What a study has at hand.

    Attributes:
        files: by step; failures: why a step was not made, by name.
        hint: what would let more be made; "" if all was.
    """

    files: Mapping[str, Path]
    failures: Mapping[str, str]
    hint: str


def make(model: Model, dataset: Dataset, train: Trainer | None, listen: Listen, workers: int = 0) -> Made:
    """Make every variant and fold of a model that is not kept.

    Raises:
        InputError: nothing is pinned and nothing can be made.
    """
    workshop = Workshop(cache_folder() / "study", listen, workers)
    files = workshop.make(plan(model, dataset, train))
    hint = _hint(model, train)
    if not any(name.endswith(".tflite") for name in files):
        why = next(iter(workshop.failures.values()), hint)
        raise InputError(f"{model.folder}: no variant to study: {why}")
    return Made(files, workshop.failures, hint)


def _hint(model: Model, train: Trainer | None) -> str:
    if not hasattr(model.recipe, "TRAINING"):
        return f"{model.recipe_path} does not train: only the variants that are pinned are compared."
    if train is None:
        return (
            "No Python with TensorFlow was found: only the variants that are pinned are compared. "
            "`pip install 'tinygate[train]'` or --train-python makes the others."
        )
    return ""


def study(model: Model, dataset: Dataset, made: Made) -> dict[str, Any]:
    """Return all that a study finds as a JSON object; from the same files it is read back, not found anew."""
    contents = {name: path.read_bytes() for name, path in made.files.items() if name.endswith(".tflite")}
    depends = [hashlib.sha256(content).hexdigest() + name for name, content in contents.items()]
    depends += [model.config.model_dump_json(), dataset.sha256, dataset.preprocessing_sha256]
    depends += [path.read_bytes().hex() for path in (model.recipe_path, model.folder / CYCLES) if path.is_file()]
    depends += [repr(sorted(made.failures.items())), made.hint, gzip_tool(), repr(load_code())]
    return kept("studies", depends, lambda: _plain(_find(model, dataset, made, contents)))


def results(model: Model, dataset: Dataset, made: Made, target: str) -> tuple[str, str]:
    """Return the page for a target, and the data behind it as JSON."""
    from tinygate.study.page import TEMPLATE, render

    found = study(model, dataset, made)
    data = answer.dumps(found)
    page = kept("study-pages", [data, target, TEMPLATE.read_bytes()], lambda: {"html": render(found, target)})
    return str(page["html"]), data


def headline(data: str, target: str) -> str:
    """Return the answer in a few words."""
    found = json.loads(data)["recommendations"][target]
    return f"{found['variant'] or 'nothing ships yet'} on {target}. {found['action']}"


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is read back from JSON, so that a result is the same when it is found and when it was kept."""
    plain: dict[str, Any] = json.loads(json.dumps(found))
    return plain


def _find(model: Model, dataset: Dataset, made: Made, contents: Mapping[str, bytes]) -> dict[str, Any]:
    methods = variants_of(model)
    made_of = {name: contents[f"{name}.tflite"] for name in methods if f"{name}.tflite" in contents}
    present, refused = runnable(made_of, dataset, model.config.state)
    evidence = gather(model, present, methods, dataset)
    folds = folds_of(model, dataset)
    return {
        "model": model.name,
        "title": model.config.title,
        "hint": made.hint,
        "methods": {name: methods[name] for name in present},
        "failures": {**made.failures, **refused},
        "packers": {"gzip": f"{gzip_tool()} -9", "zstd": "libzstd -19"},
        "metric": asdict(evidence.metric),
        "product": evidence.product.model_dump(),
        "code": {target: asdict(code) for target, code in evidence.code.items()},
        "variants": [variant.as_json() for variant in evidence.variants],
        "speed": {name: speed.measure(made.files[f"{name}.tflite"]) for name in present},
        "recommendations": {target: asdict(recommend(evidence, target)) for target in BOARD_TARGETS},
        "folds": [asdict(each) for each in fold_evidence(model, folds, made.files)],
        "fold_people": [{part: list(who) for part, who in fold.subjects.items()} for fold in folds],
        "histograms": {name: _histogram(content) for name, content in present.items()},
    }


def runnable(
    contents: Mapping[str, bytes], dataset: Dataset, state: StateScope
) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the variants that an oracle runs on the test set, and why it does not run the others.

    Raises:
        ModelFileError: the reference, which comes first, is one of them.
    """
    found: dict[str, bytes] = {}
    refused: dict[str, str] = {}
    for name, content in contents.items():
        try:
            evaluate(content, dataset.test, f"variant {name}", state)
            found[name] = content
        except ModelFileError as error:
            if not found:
                raise
            refused[name] = str(error)
    return found, refused


def _histogram(content: bytes) -> dict[str, Any]:
    """Return how a model's weights are distributed, zeros apart: edges in units of each layer's largest."""
    layers = real_weights(read_model(content)).values()
    scaled = [values / largest for values in layers if (largest := np.abs(values).max(initial=0.0))]
    joined = np.concatenate(scaled) if scaled else np.zeros(0)
    counts, edges = np.histogram(joined[joined != 0], BINS, (-1.0, 1.0))
    return {"edges": edges.round(4).tolist(), "counts": counts.tolist(), "zeros": int((joined == 0).sum())}


def evidence_of(found: Mapping[str, Any]) -> Evidence:
    """Return the evidence that a study found."""
    code = {target: Code(**{**each, "operators": tuple(each["operators"])}) for target, each in found["code"].items()}
    variants = tuple(VariantEvidence.from_json(each) for each in found["variants"])
    return Evidence(found["model"], Metric(**found["metric"]), Product(**found["product"]), variants, code)
