"""The metric of a model: which one model.toml names, whether it can be known, and what it says of a variant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from tinygate.data import Dataset, Judged
from tinygate.data.metrics import Statistic, agreement, own_statistic, statistic, value_of
from tinygate.errors import ConfigError, DataError, TinygateError
from tinygate.figures import METRICS, Figure
from tinygate.model.config import ModelConfig
from tinygate.model.folder import Model
from tinygate.resampling import RESAMPLES

OWN = "recipe:"
SLOW_RESAMPLES = 300


@dataclass(frozen=True)
class Scorer:
    """What a model is judged by.

    Attributes:
        figure: the metric.
        unknown: why it cannot be known, one sentence; empty when it can.
        is_slow: whether each resampling calls a recipe's function anew.
    """

    model: Model
    figure: Figure
    unknown: str = ""

    @property
    def is_slow(self) -> bool:
        """Whether each resampling may call a recipe's function anew."""
        return bool(own_name(self.model.config))

    @property
    def resamples(self) -> int:
        """How many resamplings an interval of it rests on."""
        return SLOW_RESAMPLES if self.is_slow else RESAMPLES

    def statistic(self, judged: Judged) -> Statistic:
        """Return the metric of a variant's answers. Raises DataError when labels and outputs do not fit."""
        name = own_name(self.model.config)
        return own_statistic(self._own(name), judged, f"{self.model.recipe_path}: {name}()") if name else statistic(
            self.figure.name, judged, self.model.config.task
        )  # fmt: skip

    def value(self, judged: Judged) -> float:
        """Return the figure itself. Raises DataError when it has no value, as the AUC of one class alone."""
        found = value_of(self.statistic(judged), len(judged))
        if found != found:
            raise DataError(f"{judged.split.source}: {self.figure.title} has no value: one of its classes is absent.")
        return found

    def _own(self, name: str) -> Any:
        function = getattr(self.model.recipe, name, None)
        path = self.model.recipe_path
        if not callable(function):
            raise ConfigError(f"{path}: no function {name}(), which metric in {self.model.config_path} names.")

        def guarded(judged: Judged) -> Any:
            try:
                return function(judged)
            except TinygateError:
                raise
            except Exception as error:
                raise DataError(f"{path}: {name}() raised {type(error).__name__}: {error}") from error

        return guarded


def scorer(model: Model, dataset: Dataset) -> Scorer:
    """Return what a model is judged by; without labels, why it cannot be."""
    found = Scorer(model, model.config.metric_figure)
    if own_name(model.config) or dataset.test.has("labels"):
        no_function = found.figure.name in ("score", "loss") and not own_name(model.config)
        reason = f"task = 'custom' in {model.config_path} names no metric; set metric = 'recipe:FUNCTION'."
        return replace(found, unknown=reason) if no_function else found
    labels = f"{dataset.test.part or 'test'}_labels"
    reason = f"No {labels} in {dataset.source}: judged on size, memory, soundness, parity and agreement only."
    return replace(found, unknown=reason)


def own_name(config: ModelConfig) -> str:
    """Return the function of the recipe that computes the metric; empty for a metric of tinygate's."""
    return config.metric.removeprefix(OWN) if config.metric and config.metric.startswith(OWN) else ""


def agreement_of(model: Model, judged: Judged, reference: NDArray[Any]) -> float:
    """Return how much of the reference variant's answers, real [N, ...], a variant gives too, in per cent."""
    by_class = model.config.task == "classification"
    return value_of(agreement(replace(judged, reference=reference), by_class=by_class), len(judged))


AGREEMENT = METRICS["agreement_percent"]
