"""model.toml: what is wrong is said with file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinygate.errors import ConfigError
from tinygate.model.config import load_config

GOOD = """
schema_version = 1
title = "A model"
[variants.float32]
[variants.ptq_int8]
[budgets.esp32.ptq_int8]
arena_used_bytes = 6000
latency_median_us = 900.5
[[rules]]
figure = "tflite_bytes"
variant = "ptq_int8"
relative_to = "float32"
places = ["host"]
max_ratio = 0.4
[[margins]]
variant = "ptq_int8"
relative_to = "float32"
max_drop_points = 2.0
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    return tmp_path / "model.toml"


def test_a_good_file_gives_budgets_rules_and_margins(toml: Path) -> None:
    toml.write_text(GOOD)
    config = load_config(toml)
    assert [(f.name, limit) for f, limit in config.budgets_of("esp32", "ptq_int8")] == [
        ("arena_used_bytes", 6000),
        ("latency_median_us", 900.5),
    ]
    assert list(config.budgets_of("host", "ptq_int8")) == []
    assert config.rules[0].text == "ptq_int8 / float32 ≤ 0.4"
    assert config.margins[0].max_drop_points == 2.0


def test_an_application_must_fit_unless_its_budgets_say_otherwise(toml: Path) -> None:
    toml.write_text(GOOD + '[firmware]\nproject = "app"\n[budgets.esp32-qemu.ptq_int8]\nflash_bytes = 900_000\n')
    config = load_config(toml)
    limits = {f.name: limit for f, limit in config.budgets_of("esp32-qemu", "ptq_int8")}
    assert limits == {"flash_bytes": 900_000, "ram_used_bytes": 262_144}
    assert config.key_of("esp32-qemu", "ptq_int8", "flash_bytes") == "budgets.esp32-qemu.ptq_int8.flash_bytes"
    assert config.key_of("esp32-qemu", "ptq_int8", "ram_used_bytes") == "product.ram_bytes"
    assert list(config.budgets_of("esp32-virtual", "ptq_int8")) == []


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("arena_used_bytes", "arena_used_kb", r"budgets.esp32.ptq_int8.arena_used_kb: unknown key; did you mean arena_used_bytes\?.*unit"),
        ("latency_median_us", "latency_median_ms", r"did you mean latency_median_us"),
        ("arena_used_bytes = 6000", 'arena_used_bytes = "6 kB"', r"arena_used_bytes: a whole number of bytes is expected, found '6 kB'"),
        ("arena_used_bytes = 6000", "arena_used_bytes = -1", r"greater than 0 is expected, found -1"),
        ("[budgets.esp32.ptq_int8]", "[budgets.esp32.qat_int8]", r"budgets.esp32.qat_int8: no variant 'qat_int8'"),
        ("[budgets.esp32.ptq_int8]", "[budgets.stm32.ptq_int8]", r"budgets.stm32"),
        ('relative_to = "float32"\nplaces', 'relative_to = "fp32"\nplaces', r"rules\[0\].relative_to: no variant 'fp32'"),
        ("[budgets.esp32.ptq_int8]", "[budgets.host.ptq_int8]", r"arena_used_bytes is never known at host, it is measured at esp32-virtual or"),
        ("arena_used_bytes", "tflite_bytes", r"tflite_bytes is never known at esp32, it is measured at host"),
        ("latency_median_us", "emulated_cycles", r"emulated_cycles is never known at esp32, it is measured at esp32-qemu"),
        ("latency_median_us = 900.5", "accuracy_percent = 0.9", r"0.9 means 0.9 %; write 90 if 90 % is meant"),
        ("latency_median_us = 900.5", "accuracy_percent = 101", r"between 0 and 100"),
        ("latency_median_us = 900.5", "auc_percent = 90", r"this model's metric is accuracy_percent"),
        ('figure = "tflite_bytes"', 'figure = "tflite_kb"', r"rules\[0\].figure: unknown key; did you mean tflite_bytes"),
        ('places = ["host"]', 'places = ["esp32-qemu"]', r"tflite_bytes is never known at esp32-qemu"),
        ('figure = "tflite_bytes"', 'figure = "accuracy_percent"', r"rules\[0\].figure: accuracy_percent is a metric, which \[\[margins\]\] hold"),
        ("max_ratio = 0.4", "ratio = 0.4", r"rules.0"),
        ("schema_version = 1", "schema_version = 2", r"schema_version"),
        ('title = "A model"', "", r"title: required and missing"),
        ("[[margins]]", "[[margin]]", r"margin: unknown key; did you mean margins"),
        ("[variants.float32]", "[variants.float32", r"not valid TOML"),
        ("[variants.float32]", '[firmware]\narguments = []\n[variants.float32]', r"firmware.project: required and missing"),
        ("[variants.float32]", '[firmware]\nproject = "app"\npath = "app"\n[variants.float32]', r"firmware.path: unknown key"),
        ("[variants.float32]", '[firmware]\nproject = "app"\noverlays.qat = "x"\n[variants.float32]', r"firmware.overlays.qat: no variant 'qat'"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_sentence_with_file_and_key(toml: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    toml.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(toml)
    assert str(caught.value).startswith(str(toml))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("figure", ["arena_minimum_bytes", "emulated_cycles"])
def test_whatever_is_measured_can_be_budgeted(toml: Path, figure: str) -> None:
    toml.write_text(
        GOOD.replace(
            "[budgets.esp32.ptq_int8]\narena_used_bytes", f"[budgets.esp32s3-qemu.ptq_int8]\n{figure}"
        ).replace("latency_median_us = 900.5", "")
    )
    assert [f.name for f, _ in load_config(toml).budgets_of("esp32s3-qemu", "ptq_int8")] == [figure]


def test_a_missing_file_says_what_a_model_folder_needs(toml: Path) -> None:
    with pytest.raises(ConfigError, match=r"needs a model\.toml"):
        load_config(toml)
