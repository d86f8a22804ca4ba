"""A variant that no microcontroller can run: TensorFlow Lite Micro refuses it, and the product says so and where."""

from __future__ import annotations

from tinygate.judge.host_only import judge_host_only
from tinygate.model.folder import Variant
from tinygate.plugin.core import Judge


def test_a_variant_is_for_hosts_only_exactly_if_no_microcontroller_can_run_it(variant: Variant, judge: Judge) -> None:
    """`host_only` in model.toml, against what TensorFlow Lite Micro says of the file."""
    judge(judge_host_only(variant))
