"""The control for quantization-aware training: the float model, fine-tuned as long and in the same way.

Fine-tuning trains more, quantized or not. What the float model gains by it must not be credited to quantization.
"""

from __future__ import annotations

from tinygate.data import Dataset
from tinygate.model.evaluation import evaluate
from tinygate.model.folder import Model
from tinygate.paired import PairedComparison, compare_paired
from tinygate.recipes.convert import METHODS, convert
from tinygate.recipes.train import Progress, train_control
from tinygate.recipes.weights import Weights


def compare_control(model: Model, dataset: Dataset, weights: Weights, progress: Progress) -> PairedComparison:
    """Return how the fine-tuned float model compares with the float model itself on the test set."""
    fine_tuned = train_control(model.recipe, dataset, weights, progress)
    before, after = (
        evaluate(
            convert(model.recipe, METHODS["float32"], each, dataset.train.inputs[:1]), dataset.test, "float32"
        ).judged
        for each in (weights, fine_tuned)
    )
    return compare_paired(dataset.test.labels, before.classes, after.classes, dataset.test.clusters, margin_points=0.5)
