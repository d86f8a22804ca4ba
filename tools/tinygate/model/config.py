"""model.toml: what a model is for, which variants it has, what they may cost, how they must relate.

Unknown keys are refused, and so is a demand that nobody could ever judge: a budget at a place where its figure cannot
be known would be silently green.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from tinygate.errors import ConfigError
from tinygate.figures import BUDGETABLE, FIGURES, METRICS, Figure
from tinygate.model import complaints
from tinygate.model.tables import (
    AuditConfig,
    BaselineConfig,
    FirmwareConfig,
    Margin,
    PreprocessingConfig,
    Product,
    RatioRule,
    Table,
    Thresholds,
    VariantConfig,
    VariantName,
)
from tinygate.places import can_be_measured, where_measured
from tinygate.targets import places

Number = int | float
RATIO_FIGURES = tuple(name for name in BUDGETABLE if name not in METRICS)
Task = Literal["classification", "regression", "anomaly", "custom"]
TASKS: tuple[str, ...] = get_args(Task)

DEFAULT_METRIC: Mapping[str, str] = {
    "classification": "accuracy_percent",
    "regression": "mae",
    "anomaly": "auc_percent",
    "custom": "score",
}


class ModelConfig(Table):
    """A whole model.toml.

    Attributes:
        task: what the outputs mean; decides which metric is the default.
        metric: a name of `tinygate.figures.METRICS`, or "recipe:FUNCTION"; None for the task's default.
        metric_name: which figure of METRICS a recipe's function computes; None for "score".
        reference: the variant that the others should agree with; None for the first.
        state: when a model that keeps state forgets it: before every window, before each recording, or never.
    """

    schema_version: Literal[1]
    title: str
    recipe: str | None = "recipe.py"
    task: Task = "classification"
    metric: str | None = None
    metric_name: str | None = None
    reference: VariantName | None = None
    state: Literal["none", "recording", "all"] = "none"
    variants: dict[VariantName, VariantConfig] = Field(min_length=1)
    budgets: dict[str, dict[VariantName, dict[str, Any]]] = Field(default_factory=dict)
    rules: tuple[RatioRule, ...] = Field((), strict=False)
    margins: tuple[Margin, ...] = Field((), strict=False)
    audit: AuditConfig = AuditConfig()
    thresholds: Thresholds = Thresholds()
    baseline: BaselineConfig = BaselineConfig()
    product: Product = Product()
    firmware: FirmwareConfig | None = None
    preprocessing: PreprocessingConfig = PreprocessingConfig()

    @property
    def metric_figure(self) -> Figure:
        """The figure that tells how good the model is."""
        name = self.metric or DEFAULT_METRIC[self.task]
        return METRICS[self.metric_name or "score"] if name.startswith("recipe:") else METRICS[name]

    @property
    def reference_variant(self) -> str:
        """The variant that the others are held against."""
        return self.reference or next(iter(self.variants))

    def budgets_of(self, place: str, variant: str) -> Iterator[tuple[Figure, Number]]:
        """Yield each figure that has a budget for this variant at this place, with the budget."""
        for name, limit in {**self._room_at(place), **self._own_budgets(place, variant)}.items():
            yield FIGURES[name], limit

    def key_of(self, place: str, variant: str, figure: str) -> str:
        """Return the key that a budget comes from."""
        if figure in self._own_budgets(place, variant):
            return f"budgets.{place}.{variant}.{figure}"
        return "product.flash_bytes" if figure == "flash_bytes" else "product.ram_bytes"

    def _own_budgets(self, place: str, variant: str) -> dict[str, Any]:
        return self.budgets.get(place, {}).get(variant, {})

    def _room_at(self, place: str) -> dict[str, Number]:
        """Return what an application as a whole must fit into where its firmware is measured."""
        room: dict[str, Number] = {"flash_bytes": self.product.flash_bytes, "ram_used_bytes": self.product.ram_bytes}
        return room if self.firmware and can_be_measured(FIGURES["flash_bytes"], place) else {}


def load_config(path: Path) -> ModelConfig:
    """Read and check a model.toml.

    Raises:
        ConfigError: the file is missing, no TOML, has an unknown key, a wrong type, names an undeclared variant, or
            demands what can never be judged.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); a model folder needs a model.toml") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error
    try:
        config = ModelConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {complaints.explain(error, _known_keys)}") from error
    for problem in _problems(config):
        raise ConfigError(f"{path}: {problem}")
    return config


def _known_keys(location: tuple[int | str, ...]) -> tuple[str, ...]:
    tables: dict[str, type[Table]] = {
        "rules": RatioRule,
        "margins": Margin,
        "audit": AuditConfig,
        "thresholds": Thresholds,
        "baseline": BaselineConfig,
        "product": Product,
        "firmware": FirmwareConfig,
        "preprocessing": PreprocessingConfig,
        "variants": VariantConfig,
    }
    table = tables.get(str(location[0]), ModelConfig) if len(location) > 1 else ModelConfig
    return tuple(table.model_fields)


def _problems(config: ModelConfig) -> Iterator[str]:
    """Yield what no type can say, the first of which is told."""
    yield from _undeclared(config)
    yield from _metric_problems(config)
    for place, variants in config.budgets.items():
        yield from _place_problems(f"budgets.{place}", place)
        for variant, budgets in variants.items():
            for name, limit in budgets.items():
                yield from _budget_problems(config, f"budgets.{place}.{variant}.{name}", place, name, limit)
    for place in config.baseline.required_at:
        yield from _place_problems("baseline.required_at", place)
    for position, rule in enumerate(config.rules):
        yield from _rule_problems(f"rules[{position}]", rule)


def _undeclared(config: ModelConfig) -> Iterator[str]:
    named = [("reference", config.reference)] if config.reference else []
    named += [(f"firmware.overlays.{name}", name) for name in (config.firmware.overlays if config.firmware else ())]
    named += [(f"budgets.{place}.{name}", name) for place, budgets in config.budgets.items() for name in budgets]
    comparisons: list[tuple[str, RatioRule | Margin]] = [
        *((f"rules[{position}]", rule) for position, rule in enumerate(config.rules)),
        *((f"margins[{position}]", margin) for position, margin in enumerate(config.margins)),
    ]
    for key, comparison in comparisons:
        named += [(f"{key}.variant", comparison.variant), (f"{key}.relative_to", comparison.relative_to)]
    for key, name in named:
        if name not in config.variants:
            yield f"{key}: no variant {name!r}; [variants] declares {', '.join(config.variants)}"


def _metric_problems(config: ModelConfig) -> Iterator[str]:
    name = config.metric
    if name and not name.startswith("recipe:") and name not in METRICS:
        yield f"metric: {complaints.unknown(name, tuple(METRICS))}; or recipe:FUNCTION for one of your own"
    if config.metric_name and config.metric_name not in METRICS:
        yield f"metric_name: {complaints.unknown(config.metric_name, tuple(METRICS))}"
    if config.metric_name and not (name or "").startswith("recipe:"):
        yield f"metric_name: says what metric = 'recipe:FUNCTION' computes, found metric = {name!r}"


def _place_problems(key: str, place: str) -> Iterator[str]:
    if place not in places():
        yield f"{key}: no such place; a place is one of {', '.join(places())}"


def _budget_problems(config: ModelConfig, key: str, place: str, name: str, limit: Any) -> Iterator[str]:
    if name not in BUDGETABLE:
        hint = complaints.unknown(name, BUDGETABLE)
        yield f"{key}: {hint}; figures carry their unit in the name (bytes, µs as _us, percent)"
        return
    figure = FIGURES[name]
    if isinstance(limit, bool) or not isinstance(limit, int if figure.whole else int | float):
        yield f"{key}: a {'whole ' if figure.whole else ''}number of {figure.unit} is expected, found {limit!r}"
        return
    if limit <= 0 and figure.at_most:
        yield f"{key}: greater than 0 is expected, found {limit!r}"
    if figure.unit == "%":
        yield from _percent_problems(key, limit)
    if not can_be_measured(figure, place):
        yield f"{key}: {name} is never known at {place}, it is measured at {where_measured(figure, places())}"
    if name in METRICS and name not in (config.metric_figure.name, "agreement_percent"):
        metric = config.metric_figure.name
        yield f"{key}: this model's metric is {metric} (task = {config.task!r}); budget that, or set metric"


def _percent_problems(key: str, limit: Number) -> Iterator[str]:
    if not 0 <= limit <= 100:
        yield f"{key}: a percentage between 0 and 100 is expected, found {limit!r}"
    elif 0 < limit <= 1:
        yield f"{key}: {limit:g} means {limit:g} %; write {100 * limit:g} if {100 * limit:g} % is meant"


def _rule_problems(key: str, rule: RatioRule) -> Iterator[str]:
    if rule.figure in METRICS:
        yield f"{key}.figure: {rule.figure} is a metric, which [[margins]] hold against another variant's"
        return
    if rule.figure not in RATIO_FIGURES:
        yield f"{key}.figure: {complaints.unknown(rule.figure, RATIO_FIGURES)}"
        return
    for place in rule.places:
        yield from _place_problems(f"{key}.places", place)
        if not can_be_measured(FIGURES[rule.figure], place):
            known_at = where_measured(FIGURES[rule.figure], places())
            yield f"{key}.places: {rule.figure} is never known at {place}, it is measured at {known_at}"
