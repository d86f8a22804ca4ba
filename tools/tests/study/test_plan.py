"""What a study makes: what is pinned is taken, the rest is planned from the recipe alone, people are held out in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygate.data import Judged
from tinygate.model.folder import Model, load_model
from tinygate.model.scoring import scorer
from tinygate.recipes.convert import METHODS
from tinygate.recipes.trained import TRAINED, wanted_for
from tinygate.study import folds
from tinygate.study.plan import FOLD_METHODS, Trainer, folds_of, plan, variants_of
from tinygate.study.steps import keys_of

GESTURE, DIGITS = (load_model(Path("models") / name) for name in ("gesture", "digits"))
TRAINER = Trainer("python", "1.0")


def names(model: Model, trainer: Trainer | None = TRAINER) -> dict[str, Any]:
    return {step.name: step for step in plan(model, model.dataset, trainer)}


def test_pinned_files_are_taken_and_the_rest_is_made() -> None:
    steps = names(DIGITS)
    assert [name for name, step in steps.items() if step.file] == ["float_weights", "float32.tflite", "ptq_int8.tflite"]
    made = {name for name, step in steps.items() if step.command}
    assert {"qat_weights", "qat_int8.tflite", "pruned70_weights", "pruned70_qat_int8.tflite"} <= made
    assert {f"{method}.tflite" for method in METHODS} <= steps.keys()


def test_every_step_stands_behind_what_it_needs() -> None:
    steps = plan(GESTURE, GESTURE.dataset, TRAINER)
    assert len(keys_of(steps)) == len(steps)  # raises KeyError for one that stands before


def test_commands_name_start_method_and_people() -> None:
    steps = names(GESTURE)
    step = steps["fold2/qat_weights"]
    command = step.command({"fold2/float_weights": Path("start.npz")}, Path("out.npz"))
    assert command[:4] == ("python", "-m", "tinygate.recipes.step", "train")
    assert command[4:] == ("models/gesture", "qat_weights", "out.npz", "--start", "start.npz", "--subjects",
                           '{"train": [1, 2, 6, 7, 8, 9, 10], "validation": [5], "test": [3, 4]}')  # fmt: skip


def test_other_libraries_make_other_files() -> None:
    before, after = (keys_of(plan(DIGITS, DIGITS.dataset, Trainer("python", version))) for version in ("1.0", "1.1"))
    assert before["float_weights"] == after["float_weights"]  # pinned
    assert before["qat_weights"] != after["qat_weights"]


def test_without_a_trainer_only_what_is_pinned() -> None:
    assert all(step.file for step in plan(GESTURE, GESTURE.dataset, None))


def test_everyone_is_held_out_once_and_never_trained_on() -> None:
    found = folds_of(GESTURE, GESTURE.dataset)
    assert sorted(who for fold in found for who in fold.subjects["test"]) == list(range(1, 11))
    for fold in found:
        assert sorted(who for people in fold.subjects.values() for who in people) == list(range(1, 11))


def test_a_recipe_without_people_has_no_folds() -> None:
    assert folds_of(DIGITS, DIGITS.dataset) == ()


def test_a_folds_data_are_those_of_its_people_and_the_recipe_is_left_as_it_was() -> None:
    before = GESTURE.recipe.SUBJECTS
    for fold in folds_of(GESTURE, GESTURE.dataset)[:2]:
        with folds.refolded(GESTURE, fold) as dataset:
            assert set(dataset.test.subjects) == set(fold.subjects["test"])
            assert set(dataset.train.subjects) == set(fold.subjects["train"])
    assert GESTURE.recipe.SUBJECTS is before


def test_over_folds_the_loss_is_that_of_all_windows_together(tmp_path: Path) -> None:
    """Each fold gets the pinned models: then lost and gained must be those of all people's windows counted at once."""
    found = folds_of(GESTURE, GESTURE.dataset)[:2]
    made = {f"{fold.prefix}{name}.tflite": GESTURE.variant_path(name) for fold in found for name in FOLD_METHODS}
    evidence = {each.name: each for each in folds.fold_evidence(GESTURE, found, made)}
    lost = gained = windows = 0
    for fold in found:
        with folds.refolded(GESTURE, fold) as dataset:
            answers = [_judged(name, dataset) for name in ("float32", "qat_int8")]
            right = [each.classes == dataset.test.labels for each in answers]
            lost, gained = lost + int((right[0] & ~right[1]).sum()), gained + int((right[1] & ~right[0]).sum())
            windows += len(dataset.test)
    qat = evidence["qat_int8"]
    assert (qat.by_recording.lost, qat.by_recording.gained, qat.windows) == (lost, gained, windows)
    assert qat.by_recording.loss == pytest.approx(100 * (lost - gained) / windows)
    assert qat.wider.high - qat.wider.low >= qat.by_person.high - qat.by_person.low
    assert len(qat.metrics) == len(found)


def _judged(name: str, dataset: Any) -> Judged:
    from tinygate.model.evaluation import evaluate

    return evaluate(GESTURE.variant(name).content, dataset.test, name).judged


def test_the_mean_over_folds_weighs_windows_and_leaves_out_what_has_no_value() -> None:
    judged = [np.zeros(3), np.zeros(1)]
    statistics = [lambda w: np.full(len(w), 10.0), lambda w: np.where(w.sum(axis=1) > 1, 50.0, np.nan)]
    mean = folds._mean_over_folds(statistics, judged)  # type: ignore[arg-type]
    np.testing.assert_allclose(mean(np.array([[1, 1, 1, 2], [1, 1, 1, 1]])), [(3 * 10 + 2 * 50) / 5, 10.0])


def test_missing_folds_give_no_evidence() -> None:
    assert folds.fold_evidence(GESTURE, folds_of(GESTURE, GESTURE.dataset), {}) == ()
    assert scorer(GESTURE, GESTURE.dataset).unknown == ""


def test_every_set_of_weights_can_be_trained_before_what_needs_it() -> None:
    order = wanted_for(TRAINED)
    assert set(order) == set(TRAINED)
    assert all(order.index(TRAINED[name].start) < order.index(name) for name in order if TRAINED[name].start)
    assert wanted_for(["pruned50_qat_weights"]) == ("float_weights", "pruned50_weights", "pruned50_qat_weights")
    assert {method.weights for method in METHODS.values()} <= TRAINED.keys()


def test_declared_variants_keep_their_names_and_stand_first() -> None:
    found = variants_of(GESTURE)
    assert list(found)[:6] == list(GESTURE.config.variants)
    assert set(found.values()) == set(METHODS)
