"""What a session judges: the models and variants that the command line names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinygate.errors import InputError
from tinygate.model.folder import Model, Variant, find_models
from tinygate.model.tables import Margin, RatioRule


@dataclass(frozen=True)
class Selection:
    """Models, and of their variants those that are named; all of them when none is.

    What relates a variant to one that is left out cannot be judged, and is not among the rules and margins.
    """

    models: tuple[Model, ...]
    variant_names: tuple[str, ...] = ()

    def has(self, *names: str) -> bool:
        """Whether all these variants are judged."""
        return not self.variant_names or set(names) <= set(self.variant_names)

    @property
    def variants(self) -> tuple[Variant, ...]:
        """Every variant, in the order of model.toml."""
        return tuple(variant for model in self.models for variant in model.variants if self.has(variant.name))

    @property
    def target_variants(self) -> tuple[Variant, ...]:
        """The variants that a microcontroller can run."""
        return tuple(variant for model in self.models for variant in model.target_variants if self.has(variant.name))

    @property
    def margins(self) -> tuple[tuple[Model, Margin], ...]:
        """Every margin between variants that are judged."""
        every = ((model, margin) for model in self.models for margin in model.config.margins)
        return tuple((model, margin) for model, margin in every if self.has(margin.variant, margin.relative_to))

    def rules_at(self, place: str) -> tuple[tuple[Model, RatioRule], ...]:
        """Every rule that is to be judged at a place."""
        every = ((model, rule) for model in self.models for rule in model.config.rules if place in rule.places)
        return tuple((model, rule) for model, rule in every if self.has(rule.variant, rule.relative_to))

    @property
    def left_out(self) -> tuple[str, ...]:
        """What is not judged because a variant that it speaks of was left out, one sentence each."""
        return tuple(
            f"{model.name}: {variant} against {other} is not judged, since --variant leaves one of them out"
            for model in self.models
            for variant, other in _related(model)
            if not self.has(variant, other) and set(self.variant_names) & {variant, other}
        )


def _related(model: Model) -> dict[tuple[str, str], None]:
    margins = [(margin.variant, margin.relative_to) for margin in model.config.margins]
    return dict.fromkeys([*margins, *((rule.variant, rule.relative_to) for rule in model.config.rules)])


def select(root: Path, model_names: Sequence[str], variant_names: Sequence[str]) -> Selection:
    """Return the models under a folder that are named, all of them when none is.

    Raises:
        InputError: no model there, or a name that no model or no variant has.
        ConfigError: a model.toml cannot be used.
    """
    found = {model.name: model for model in find_models(root)}
    if not found:
        raise InputError(f"{root}: no model to judge; expected <name>/model.toml there: bring one with `tinygate add`")
    for name in model_names:
        if name not in found:
            raise InputError(f"--model {name}: no such model under {root}; found: {', '.join(found)}")
    chosen = Selection(
        tuple(found[name] for name in dict.fromkeys(model_names)) or tuple(found.values()), tuple(variant_names)
    )
    known = dict.fromkeys(name for model in chosen.models for name in model.config.variants)
    for name in variant_names:
        if name not in known:
            raise InputError(f"--variant {name}: no such variant; declared: {', '.join(known)}")
    return chosen
