"""Whether a microcontroller can run a variant: what model.toml says, against TensorFlow Lite Micro's own word."""

from __future__ import annotations

from tinygate.errors import ModelFileError
from tinygate.judge.facts import fact
from tinygate.judge.oracle import run_oracle
from tinygate.model.folder import Variant
from tinygate.oracle import hybrid_operator, run_tflm, tflm_is_installed, tflm_version
from tinygate.places import HOST
from tinygate.store.results import kept, source_sha256
from tinygate.tflite import read_model
from tinygate.verdict import Finding

HOST_ONLY = "host_only_operator"


def judge_host_only(variant: Variant) -> Finding:
    """Judge `host_only` of a variant.

    Returns:
        A recorded finding with the operator's name for a variant that is rightly for hosts only; PASS for one that
        runs; FAIL where model.toml says otherwise than TensorFlow Lite Micro.
    """
    declared = variant.model.config.variants[variant.name].host_only
    hybrid = hybrid_operator(read_model(variant.content))
    name = hybrid.name if hybrid is not None else None
    refusal = _refusal(variant)
    key = f"variants.{variant.name}.host_only in {variant.model.config_path}"
    if declared and hybrid is not None:
        note = f"TensorFlow Lite Micro refuses {name}: int8 weights with a float input (a hybrid operator)."
        shared = (variant.model.name, variant.name, HOST, "target", HOST_ONLY, name, "", None, str(variant.path), "")
        return Finding(*shared, note)
    if declared and not refusal:
        reason = f"{key} is true, and TensorFlow Lite Micro runs the model: set it to false, so that boards judge it."
    elif refusal and not declared:
        reason = f"No microcontroller can run it: {refusal} Set {key} to true, or convert it otherwise."
    else:
        reason = ""
    return fact(variant, HOST, "target", HOST_ONLY, name or "none", "as model.toml says", not reason, reason)


def _refusal(variant: Variant) -> str:
    """Return why TensorFlow Lite Micro does not run the model; empty if it does, or is not installed here."""
    if not tflm_is_installed():
        return ""
    if run_oracle(variant).reference.oracle == "tflm":
        return ""

    def ask() -> dict[str, str]:
        try:
            run_tflm(variant.content, [tensor[:1] for tensor in run_oracle(variant).fed])
        except ModelFileError as error:
            return {"refusal": str(error)}
        return {"refusal": ""}

    return str(kept("refusals", [variant.content, tflm_version(), source_sha256("oracle")], ask)["refusal"])
