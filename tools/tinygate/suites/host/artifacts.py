"""Are the artifacts the pinned ones, of the type that was promised, and as small as they must be?"""

from __future__ import annotations

from dataclasses import replace

from tinygate.judge.baseline import judge_sizes, refusal
from tinygate.judge.budget import judge_budget
from tinygate.judge.facts import fact
from tinygate.judge.ratio import judge_rule
from tinygate.judge.weights import weights
from tinygate.model.folder import Model, Variant
from tinygate.model.tables import RatioRule
from tinygate.places import HOST
from tinygate.plugin.core import Judge, SaysNotJudged, judge_all
from tinygate.tflite import read_model


def test_the_artifact_is_the_pinned_one(variant: Variant, judge: Judge) -> None:
    """Whatever is judged is what the manifest pins."""
    pinned = variant.model.manifest.variants[variant.name].sha256
    judge(fact(variant, HOST, "artifact", "sha256", variant.sha256[:12], f"{pinned[:12]}", variant.sha256 == pinned))


def test_the_manifest_pins_every_declared_variant_and_no_other(model: Model, judge: Judge) -> None:
    """An entry that model.toml does not declare is judged by nobody."""
    pinned, declared = set(model.manifest.variants), set(model.config.variants)
    odd = ", ".join(sorted(pinned ^ declared))
    reason = f"Not in both manifest and {model.config_path}: {odd}; run `tinygate pin {model.folder}`." if odd else ""
    judge(fact(model, HOST, "artifact", "pinned_variants", len(pinned), f"{len(declared)}", not odd, reason))


def test_the_size_is_within_its_budget(variant: Variant, judge: Judge) -> None:
    """tflite_bytes, and the weights that most of them are."""
    finding = judge_budget(variant, HOST, "tflite_bytes", len(variant.content))
    judge(replace(finding, detail=weights(read_model(variant.content))))


def test_the_file_has_not_grown_since_the_baseline(variant: Variant, judge: Judge, not_judged: SaysNotJudged) -> None:
    """tflite_bytes, exactly."""
    entry = variant.model.baseline.entry(variant.name, HOST)
    refused = refusal(variant, HOST, entry, None)
    if refused is not None:
        judge(refused)
    if entry is None:
        not_judged("no baseline is set, and model.toml demands none")
    sizes = {"tflite_bytes": len(variant.content)}
    judge_all(judge, judge_sizes(variant, HOST, entry, sizes, {"model": variant.sha256}))


def test_sizes_keep_their_ratio(ratio_rule: tuple[Model, RatioRule], judge: Judge) -> None:
    """[[rules]] at the host."""
    model, rule = ratio_rule
    sizes = {name: len(model.variant(name).content) for name in (rule.variant, rule.relative_to)}
    judge(judge_rule(model, rule, HOST, sizes))


def test_input_and_output_are_of_the_promised_type(variant: Variant, judge: Judge) -> None:
    """`io` of the variant; types come from the file, and a name promises nothing."""
    tflite = read_model(variant.content)
    found = sorted({tensor.dtype for tensor in (*tflite.inputs, *tflite.outputs)})
    promised = variant.model.config.variants[variant.name].io
    key = f"variants.{variant.name}.io in {variant.model.config_path}"
    reason = f"{key} promises {promised}; convert with inference_input_type and inference_output_type set to it."
    good = promised is None or found == [promised]
    limit = promised or ""
    judge(fact(variant, HOST, "interface", "io_types", ", ".join(found), limit, good, "" if good else reason))
