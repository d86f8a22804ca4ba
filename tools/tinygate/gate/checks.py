"""Every check by name, and what it is asked of: what a run must answer before a variant can pass.

The table is written by hand on purpose: a check that vanishes from the suites, for whatever reason, is then missed.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One test of a suite.

    Attributes:
        name: the test function's name.
        suite: "host" or "target".
        per: the fixtures whose every combination of values it is asked of.
    """

    name: str
    suite: str
    per: tuple[str, ...]


def _checks(suite: str, per: str, names: str) -> tuple[Check, ...]:
    return tuple(Check(f"test_{name}", suite, tuple(per.split())) for name in names.split())


CHECKS: tuple[Check, ...] = (
    *_checks("host", "model", "the_manifest_pins_every_declared_variant_and_no_other"),
    *_checks("host", "variant", "the_artifact_is_the_pinned_one the_size_is_within_its_budget"),
    *_checks("host", "variant", "the_file_has_not_grown_since_the_baseline"),
    *_checks("host", "variant", "input_and_output_are_of_the_promised_type"),
    *_checks("host", "variant audit_rule", "the_quantization_keeps_the_rule"),
    *_checks("host", "variant", "a_variant_is_for_hosts_only_exactly_if_no_microcontroller_can_run_it"),
    *_checks("host", "variant", "the_metric_reaches_its_budget the_metric_is_what_the_manifest_says"),
    *_checks("host", "variant", "it_agrees_with_the_reference"),
    *_checks("host", "ratio_rule", "sizes_keep_their_ratio"),
    *_checks("host", "margin", "what_is_lost_is_within_the_margin most_layers_find_their_counterpart"),
    *_checks(
        "host", "margin", "no_layer_parts_from_the_reference no_layer_is_biased what_quantization_costs_is_recorded"
    ),
    *_checks("host", "margin", "the_costliest_layer_is_recorded"),
    *_checks("host", "model calibration_rule", "the_calibration_set_keeps_the_rule"),
    *_checks("host", "model", "the_recorded_set_is_the_one_that_calibrated the_preprocessing_is_that_of_the_artifacts"),
    *_checks("host", "model", "the_described_steps_make_the_judged_inputs"),
    *_checks("target", "config", "the_chip_asked_for_answers it_runs_the_firmware_that_was_built_for_this_variant"),
    *_checks("target", "config", "it_carries_the_pinned_model it_says_whether_it_is_a_chip"),
    *_checks("target", "config", "what_was_flashed_was_verified"),
    *_checks("target", "config", "the_arena_used_is_within_its_budget the_smallest_arena_that_works_is_recorded"),
    *_checks("target", "config", "the_arena_is_the_one_that_was_computed"),
    *_checks("target", "config", "the_structures_in_the_arena_are_the_known_ones"),
    *_checks("target", "config", "the_metric_on_the_device_reaches_its_budget latency_is_within_its_budget"),
    *_checks("target", "config", "the_99th_percentile_of_latency_is_within_its_budget"),
    *_checks("target", "config", "the_longest_latency_is_within_its_budget"),
    *_checks("target", "config", "emulated_cycles_are_recorded the_firmware_fits_its_flash"),
    *_checks("target", "config", "static_ram_is_within_its_budget ram_in_use_is_within_its_budget"),
    *_checks("target", "config", "flash_and_static_ram_of_each_part_are_within_their_budgets"),
    *_checks("target", "config", "the_least_free_heap_is_within_its_budget"),
    *_checks("target", "config", "the_least_free_stack_of_all_tasks_is_within_its_budget"),
    *_checks("target", "config", "latency_with_the_application_running_is_within_its_budget"),
    *_checks("target", "config", "the_99th_percentile_with_the_application_running_is_within_its_budget"),
    *_checks("target", "config", "the_longest_latency_with_the_application_running_is_within_its_budget"),
    *_checks("target", "config", "emulated_cycles_with_the_application_running_are_recorded"),
    *_checks("target", "config", "every_output_is_the_oracles every_window_of_the_test_set_was_run_on_the_board"),
    *_checks("target", "config", "input_and_output_have_the_scales_of_the_pinned_model"),
    *_checks("target", "config", "the_input_made_of_raw_windows_is_the_hosts"),
    *_checks("target", "config", "the_stack_never_came_close_to_its_end no_byte_was_lost_on_the_line"),
    *_checks("target", "config", "the_board_booted_once every_operator_of_the_model_is_profiled"),
    *_checks("target", "config", "no_size_has_grown_since_the_baseline latency_is_that_of_the_baseline"),
    *_checks("target", "config", "no_operator_is_slower_than_in_the_baseline"),
    *_checks("target", "target_rule", "figures_keep_their_ratio"),
)

BASELINE_CHECKS = frozenset(check.name for check in CHECKS if check.name.endswith("_baseline"))
"""Those that a new baseline answers."""
