"""What is said to run on hosts only: TensorFlow Lite Micro refuses it, and the product says why and where."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tinygate.errors import ModelFileError
from tinygate.model.folder import Variant
from tinygate.oracle import hybrid_operator, quantize_inputs, run_tflm, tflm_is_installed
from tinygate.report.table import HOST_ONLY
from tinygate.tflite import read_model
from tinygate.verdict import Finding

Judge = Callable[[Finding], None]


def is_host_only(variant: Variant) -> bool:
    return variant.model.config.variants[variant.name].host_only


def test_a_variant_is_for_hosts_only_exactly_if_it_has_hybrid_operators(variant: Variant) -> None:
    hybrid = hybrid_operator(read_model(variant.content))
    assert is_host_only(variant) == (hybrid is not None), hybrid


@pytest.mark.skipif(not tflm_is_installed(), reason="needs TensorFlow Lite Micro's wheel")
def test_tflm_runs_all_others_and_refuses_these_with_the_operators_name(variant: Variant, judge: Judge) -> None:
    model = read_model(variant.content)
    inputs = quantize_inputs(model, variant.model.dataset.test.inputs[:1])
    if not is_host_only(variant):
        assert run_tflm(variant.content, inputs).oracle == "tflm"
        return
    hybrid = hybrid_operator(model)
    assert hybrid is not None
    with pytest.raises(ModelFileError, match=f"Hybrid models are not supported .* Node {hybrid.name} "):
        run_tflm(variant.content, inputs)
    note = f"TensorFlow Lite Micro refuses {hybrid.name}: int8 weights with a float input (a hybrid operator)."
    judge(Finding(variant.model.name, variant.name, "host", "target", HOST_ONLY, hybrid.name, "", None,
                  str(variant.path), "", note))  # fmt: skip
