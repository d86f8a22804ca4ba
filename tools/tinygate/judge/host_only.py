"""Whether a microcontroller can run a variant: what model.toml says, against TensorFlow Lite Micro's own word."""

from __future__ import annotations

from tinygate.figures import HOST_ONLY
from tinygate.judge.facts import fact
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant
from tinygate.oracle import hybrid_operator, refusal, tflm_is_installed
from tinygate.places import HOST
from tinygate.store.results import kept
from tinygate.tflite import read_model
from tinygate.verdict import Finding


def judge_host_only(variant: Variant) -> Finding:
    """Judge `host_only` of a variant.

    Returns:
        A recorded finding with the operator's name for a variant that is rightly for hosts only; PASS for one that
        runs; FAIL where model.toml says otherwise than TensorFlow Lite Micro.
    """
    declared = variant.model.config.variants[variant.name].host_only
    hybrid = hybrid_operator(read_model(variant.content))
    name = hybrid.name if hybrid is not None else None
    refused = _refusal(variant)
    key = f"variants.{variant.name}.host_only in {variant.model.config_path}"
    if declared and hybrid is not None:
        note = f"TensorFlow Lite Micro refuses {name}: int8 weights with a float input (a hybrid operator)."
        shared = (variant.model.name, variant.name, HOST, "target", HOST_ONLY, name, "", None, str(variant.path), "")
        return Finding(*shared, note)
    if declared and not refused:
        reason = f"{key} is true, and TensorFlow Lite Micro runs the model: set it to false, so that boards judge it."
    elif refused and not declared:
        reason = f"No microcontroller can run it: {refused} Set {key} to true, or convert it otherwise."
    else:
        reason = ""
    return fact(variant, HOST, "target", HOST_ONLY, name or "none", "as model.toml says", not reason, reason)


def _refusal(variant: Variant) -> str:
    """Return why TensorFlow Lite Micro does not run the model; empty if it does, or is not installed here."""
    if not tflm_is_installed():
        return ""
    if run_oracle(variant).reference.oracle == "tflm":
        return ""

    asked = kept("refusals", [variant.content], lambda: {"refusal": refusal(variant.content)})
    return str(asked["refusal"])
