"""Are the artifacts the pinned ones, of the kind their name says, and as small as they must be?"""

from __future__ import annotations

from collections.abc import Callable

from promises import activation_type

from tinygate.judge.budget import judge_budget
from tinygate.judge.ratio import judge_rule
from tinygate.model.config import RatioRule
from tinygate.model.folder import Model, Variant
from tinygate.tflite import read_model
from tinygate.verdict import Finding

Judge = Callable[[Finding], None]


def test_the_artifact_is_the_pinned_one(variant: Variant) -> None:
    assert variant.sha256 == variant.model.manifest.variants[variant.name].sha256


def test_the_manifest_pins_every_declared_variant_and_no_other(model: Model) -> None:
    assert set(model.manifest.variants) == set(model.config.variants)


def test_the_size_is_within_its_budget(variant: Variant, judge: Judge) -> None:
    judge(judge_budget(variant, "host", "tflite_bytes", len(variant.content)))


def test_sizes_keep_their_ratio(ratio_rule: tuple[Model, RatioRule], judge: Judge) -> None:
    model, rule = ratio_rule
    assert rule.figure == "tflite_bytes", f"{model.config_path}: {rule.figure} cannot be measured on the host"
    sizes = {name: len(model.variant(name).content) for name in (rule.variant, rule.relative_to)}
    judge(judge_rule(model, rule, "host", sizes))


def test_input_and_output_are_of_the_type_the_variant_promises(variant: Variant) -> None:
    tflite = read_model(variant.content)
    promised = activation_type(variant)
    assert (tflite.input.dtype, tflite.output.dtype) == (promised, promised)
