"""`tinygate add`: from files that a user has to a model folder that the gate judges; whole or not at all."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinygate.arena import TARGETS, predict
from tinygate.compare.task import task_of
from tinygate.data import Dataset
from tinygate.data.arrays import dataset_from_npz
from tinygate.errors import InputError
from tinygate.figures import FIGURES
from tinygate.model.config import TASKS
from tinygate.model.evaluation import Evaluation, evaluate
from tinygate.model.folder import Model
from tinygate.model.manifest import Manifest
from tinygate.model.pinning import pin, read_tflite
from tinygate.model.scoring import agreement_of
from tinygate.oracle import hybrid_operator, keeps_state
from tinygate.targets import places
from tinygate.tflite import read_model

SLACK = 0.1
DATA = "data.npz"
_NAME, _VARIANT = re.compile(r"[a-z0-9][a-z0-9._-]*"), re.compile(r"[a-z0-9][a-z0-9_]*")
_VIRTUAL = "-virtual"


@dataclass(frozen=True)
class Brought:
    """What a user brings.

    Attributes:
        name: what to call the model.
        variants: .tflite files by the name of the variant; the first is the reference.
        data: an .npz with `test_inputs`, see `tinygate.data.arrays`.
        task: what outputs mean; "" to tell by the graph and the labels.
        class_names: in label order; () for a model without, or whose classes nobody named.
    """

    name: str
    variants: Mapping[str, Path]
    data: Path
    task: str = ""
    class_names: Sequence[str] = ()


def add(brought: Brought, root: Path) -> tuple[Path, Manifest]:
    """Make models/<name>/ with recipe.py, model.toml and pinned artifacts; budgets are what was measured + 10 %.

    Returns:
        The folder, and its manifest.

    Raises:
        InputError: a name that cannot be one, a folder that exists, a file that cannot be used. Nothing is left behind.
    """
    folder = root / brought.name
    _check_names(brought, folder)
    contents = {name: read_tflite(path) for name, path in brought.variants.items()}
    dataset = dataset_from_npz(brought.data, brought.class_names)
    task = brought.task or task_of(read_model(next(iter(contents.values()))), _labels(dataset))
    with _folder_or_nothing(root), tempfile.TemporaryDirectory(dir=root, prefix=".adding-") as scratch:
        fresh = Path(scratch) / brought.name
        try:
            manifest = _fill(fresh, brought, contents, task, dataset)
        except InputError as error:
            raise type(error)(_in_the_users_words(str(error), brought, fresh)) from error
        if folder.exists():
            raise InputError(f"{folder}: exists; choose another name.")
        fresh.rename(folder)
    return folder, manifest


@contextmanager
def _folder_or_nothing(root: Path) -> Iterator[None]:
    """Make the folder of models where there is none, and take it back if nothing came into it."""
    is_new = not root.exists()
    root.mkdir(parents=True, exist_ok=True)
    try:
        yield
    finally:
        if is_new and not any(root.iterdir()):
            root.rmdir()


def _check_names(brought: Brought, folder: Path) -> None:
    if not _NAME.fullmatch(brought.name):
        raise InputError(f"{brought.name!r} cannot be a model's name: expected small letters, digits, ., _ and -.")
    if folder.exists() or folder.is_symlink():
        raise InputError(f"{folder}: exists; choose another name, or remove it first.")
    if not brought.variants:
        raise InputError("no variant; name at least one with --variant NAME=FILE.tflite.")
    for name in brought.variants:
        if not _VARIANT.fullmatch(name):
            raise InputError(f"{name!r} cannot be a variant's name: expected small letters, digits and _.")
    if brought.task and brought.task not in TASKS:
        raise InputError(f"--task {brought.task}: expected one of {', '.join(TASKS)}.")
    if brought.class_names and brought.task == "regression":
        raise InputError("--class-names with --task regression, which has no classes; leave one of them out.")


def _labels(dataset: Dataset) -> NDArray[Any] | None:
    return dataset.test.labels if dataset.test.has("labels") else None


def _in_the_users_words(sentence: str, brought: Brought, fresh: Path) -> str:
    """Name the files that the user brought, and not where they were copied to."""
    copies = {fresh / "artifacts" / f"{name}.tflite": path for name, path in brought.variants.items()}
    for copy, original in {fresh / DATA: brought.data, **copies}.items():
        sentence = sentence.replace(str(copy), str(original))
    return sentence.replace(f", or set task in {fresh / 'model.toml'}", ", or name another --task")


def _fill(fresh: Path, brought: Brought, contents: Mapping[str, bytes], task: str, dataset: Dataset) -> Manifest:
    (fresh / "artifacts").mkdir(parents=True)
    for name, content in contents.items():
        (fresh / "artifacts" / f"{name}.tflite").write_bytes(content)
    shutil.copyfile(brought.data, fresh / DATA)
    (fresh / "recipe.py").write_text(_recipe(brought), encoding="utf-8")
    head = list(_head(brought, contents, task))
    (fresh / "model.toml").write_text("\n".join(head) + "\n", encoding="utf-8")
    model = Model(fresh)
    manifest = pin(model)
    budgets = list(_budgets(model, contents, manifest, dataset))
    (fresh / "model.toml").write_text("\n".join([*head, *budgets]) + "\n", encoding="utf-8")
    _ = Model(fresh).config
    return manifest


def _recipe(brought: Brought) -> str:
    names = f", class_names={list(brought.class_names)!r}" if brought.class_names else ""
    return (
        f'"""Data of {brought.name}, as `tinygate add` was given them; the variants were made elsewhere."""\n\n'
        "from pathlib import Path\n\n"
        "from tinygate.data import Dataset\n"
        "from tinygate.data.arrays import dataset_from_npz\n\n\n"
        "def load_data() -> Dataset:\n"
        '    """Return the arrays of data.npz: inputs as the model takes them."""\n'
        f'    return dataset_from_npz(Path(__file__).with_name("{DATA}"){names})\n'
    )


def _head(brought: Brought, contents: Mapping[str, bytes], task: str) -> Iterator[str]:
    told = "" if brought.task else "  # told by the graph and the labels: docs/metrics.md"
    yield f"# {brought.name}, as `tinygate add` made it. docs/bring-your-own.md says what else can stand here."
    yield "schema_version = 1"
    yield f'title = "{brought.name}"'
    yield f'task = "{task}"{told}'
    if any(keeps_state(read_model(content)) for content in contents.values()):
        yield 'state = "none"  # it keeps state between windows: "recording" resets before each recording, "all" never'
    for name, content in contents.items():
        yield f"\n[variants.{name}]"
        yield f'description = "brought as {_plain(brought.variants[name].name)}"'
        hybrid = hybrid_operator(read_model(content))
        if hybrid is not None:
            yield f"host_only = true  # TensorFlow Lite Micro refuses its hybrid operator {hybrid.name}"


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() and c not in '"\\' else "_" for c in text)


def _budgets(model: Model, contents: Mapping[str, bytes], manifest: Manifest, dataset: Dataset) -> Iterator[str]:
    yield "\n# Budgets: what `tinygate add` measured, and a tenth more. Set what your product can afford."
    for name, content in contents.items():
        yield f"\n[budgets.host.{name}]"
        yield _budget("tflite_bytes", len(content))
        evaluation = evaluate(content, dataset.test, f"variant {name}")
        yield from _quality(model, name, manifest, evaluation, contents, dataset)
        if model.config.variants[name].host_only:
            continue
        for place in (place for place in places() if place.endswith(_VIRTUAL)):
            arena_bytes = _arena_bytes(content, place.removesuffix(_VIRTUAL), evaluation)
            if arena_bytes is not None:
                yield f"\n[budgets.{place}.{name}]"
                yield _budget("arena_used_bytes", arena_bytes)


def _arena_bytes(content: bytes, chip: str, evaluation: Evaluation) -> int | None:
    """Return the chip's arena as computed; where that is no more than a bound, what the 64-bit oracle used."""
    found = predict(read_model(content), chip) if chip in TARGETS else None
    return found.used_bytes if found is not None and found.exact else evaluation.reference.arena_used_bytes


def _quality(
    model: Model,
    name: str,
    manifest: Manifest,
    evaluation: Evaluation,
    contents: Mapping[str, bytes],
    dataset: Dataset,
) -> Iterator[str]:
    """Yield the metric's budget; without labels that of agreement with the reference."""
    entry, reference = manifest.variants[name], model.config.reference_variant
    if entry.value is not None:
        yield _budget(entry.metric, entry.value)
    elif name != reference:
        theirs = evaluate(contents[reference], dataset.test, f"variant {reference}").judged.outputs
        yield _budget("agreement_percent", agreement_of(model, evaluation.judged, theirs))


def _budget(name: str, measured: float) -> str:
    """Return one budget with a tenth of slack, marked with what was measured."""
    figure = FIGURES[name]
    limit = measured * (1 + SLACK) if figure.at_most else measured * (1 - SLACK)
    shown = f"{measured:,.0f}" if figure.whole else f"{measured:.6g}"
    note = f"measured {shown}, {'+' if figure.at_most else '-'} 10 %"
    if figure.whole:
        return f"{name} = {int(limit):_}  # {note}"
    if figure.at_most and limit <= 0:
        return f"{name} = 1e-9  # {note}"
    if figure.unit == "%" and limit <= 1:
        return f"# no {name}: {note}, is nothing to insist on"
    return f"{name} = {float(f'{limit:.4g}')}  # {note}"
