"""model.toml: which variants a model has, what they may cost, how they must relate. Unknown keys are refused."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from tinygate.errors import ConfigError

VariantName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Place = Literal["host", "esp32", "esp32-virtual", "esp32-qemu", "esp32s3", "esp32c3"]


@dataclass(frozen=True)
class Figure:
    """What a budget can limit: `at_most` says on which side of the budget a value is good."""

    name: str
    unit: str
    at_most: bool


FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("tflite_bytes", "bytes", at_most=True),
        Figure("arena_used_bytes", "bytes", at_most=True),
        Figure("flash_bytes", "bytes", at_most=True),
        Figure("static_ram_bytes", "bytes", at_most=True),
        Figure("latency_median_us", "µs", at_most=True),
        Figure("accuracy_percent", "%", at_most=False),
    )
}


class _Table(BaseModel):
    """A TOML table in which an unknown key or a value of another type is an error."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class VariantConfig(_Table):
    """One variant: how it came to be, and whether a microcontroller can run it."""

    description: str = ""
    host_only: bool = False


class Budgets(_Table):
    """Absolute limits of one variant at one place; `accuracy_percent` is a floor, the others are ceilings."""

    tflite_bytes: int | None = Field(None, gt=0)
    arena_used_bytes: int | None = Field(None, gt=0)
    flash_bytes: int | None = Field(None, gt=0)
    static_ram_bytes: int | None = Field(None, gt=0)
    latency_median_us: float | None = Field(None, gt=0)
    accuracy_percent: float | None = Field(None, ge=0, le=100)


class RatioRule(_Table):
    """`figure` of `variant` divided by that of `relative_to` must lie between `min_ratio` and `max_ratio`."""

    figure: Literal[
        "tflite_bytes", "arena_used_bytes", "flash_bytes", "static_ram_bytes", "latency_median_us", "emulated_cycles"
    ]
    variant: VariantName
    relative_to: VariantName
    places: tuple[Place, ...] = Field(min_length=1, strict=False)
    min_ratio: float = Field(0.0, ge=0)
    max_ratio: float = Field(gt=0)

    @property
    def text(self) -> str:
        """The rule in words: "0.98 ≤ qat_int8 / ptq_int8 ≤ 1.02"."""
        low = f"{self.min_ratio:g} ≤ " if self.min_ratio else ""
        return f"{low}{self.variant} / {self.relative_to} ≤ {self.max_ratio:g}"


class AccuracyMargin(_Table):
    """How many points of test accuracy `variant` may lose against `relative_to`."""

    variant: VariantName
    relative_to: VariantName
    max_drop_points: float = Field(gt=0, le=100)


class ModelConfig(_Table):
    """A whole model.toml."""

    schema_version: Literal[1]
    title: str
    recipe: str | None = "recipe.py"
    variants: dict[VariantName, VariantConfig] = Field(min_length=1)
    budgets: dict[Place, dict[VariantName, Budgets]] = Field(default_factory=dict)
    rules: tuple[RatioRule, ...] = Field((), strict=False)
    margins: tuple[AccuracyMargin, ...] = Field((), strict=False)

    def budgets_of(self, place: str, variant: str) -> Iterator[tuple[Figure, float]]:
        """Yield each figure that has a budget for this variant at this place, with the budget."""
        budgets = {str(key): value for key, value in self.budgets.items()}.get(place, {}).get(variant)
        if budgets is None:
            return
        for name, limit in budgets.model_dump(exclude_none=True).items():
            yield FIGURES[name], limit


def load_config(path: Path) -> ModelConfig:
    """Read and check a model.toml.

    Raises:
        ConfigError: the file is missing, no TOML, has an unknown key, a wrong type, or names an undeclared variant.
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
        raise ConfigError(_explain(path, error)) from error
    _check_variants_are_declared(path, config)
    return config


def _check_variants_are_declared(path: Path, config: ModelConfig) -> None:
    for key, name in _named_variants(config):
        if name not in config.variants:
            declared = ", ".join(config.variants)
            raise ConfigError(f"{path}: {key}: no variant {name!r}; [variants] declares {declared}")


def _named_variants(config: ModelConfig) -> Iterator[tuple[str, str]]:
    for place, budgets in config.budgets.items():
        for name in budgets:
            yield f"budgets.{place}.{name}", name
    comparisons: list[tuple[str, RatioRule | AccuracyMargin]] = [
        *((f"rules[{position}]", rule) for position, rule in enumerate(config.rules)),
        *((f"margins[{position}]", margin) for position, margin in enumerate(config.margins)),
    ]
    for key, comparison in comparisons:
        yield f"{key}.variant", comparison.variant
        yield f"{key}.relative_to", comparison.relative_to


def _explain(path: Path, error: ValidationError) -> str:
    """Turn pydantic's first complaint into one sentence with file, key and what to do."""
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    more = f" ({error.error_count() - 1} more problems in this file)" if error.error_count() > 1 else ""
    return f"{path}: {key}: {_complaint(problem)}{more}"


def _complaint(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        return f"unknown key{_hint(str(problem['loc'][-1]), problem['loc'])}"
    if problem["type"] == "missing":
        return "required and missing"
    return f"{problem['msg'][0].lower()}{problem['msg'][1:]}, found {problem['input']!r}"


def _hint(key: str, location: tuple[int | str, ...]) -> str:
    tables: dict[str, type[_Table]] = {"budgets": Budgets, "rules": RatioRule, "margins": AccuracyMargin}
    table = tables.get(str(location[0]), VariantConfig) if len(location) > 1 else ModelConfig
    known = list(table.model_fields)
    stem = key.rsplit("_", 1)[0]
    close = [name for name in known if name.startswith(stem)] or difflib.get_close_matches(key, known, 1)
    unit_note = "; figures carry their unit in the name (bytes, µs as _us, percent)" if table is Budgets else ""
    return f"; did you mean {close[0]}?{unit_note}" if close else f"; known keys: {', '.join(known)}{unit_note}"
