"""The audit as a whole: its report, its formats, its command; and that no bytes make it stumble."""

from __future__ import annotations

import dataclasses
import json
import os
import random
import struct
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sound_model import sound_model
from tflite_build import ModelBuilder
from tflite_writer import write_model
from typer.testing import CliRunner

from tinygate.audit import RULES, AuditReport, Severity, audit, formats, manual
from tinygate.audit.rules import rule_of
from tinygate.cli.main import app
from tinygate.errors import InputError, ModelFileError
from tinygate.tflite import read_model
from tinygate.tflite.model import Operator, OperatorCode, Subgraph, TfliteModel
from tinygate.tflite.options import CallOnceOptions, Conv2DOptions, FullyConnectedOptions

ROOT = Path(__file__).parents[3]
ARTIFACTS = sorted((ROOT / "models").glob("*/artifacts/*.tflite"))
INT8 = sound_model()


@pytest.fixture(scope="module")
def report() -> AuditReport:
    return audit(INT8, target="esp32")


@pytest.mark.parametrize("path", ARTIFACTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_the_artifacts_are_sound(path: Path) -> None:
    report = audit(path.read_bytes(), target="esp32")
    expected = {"TG-Q014"} if "dynamic_range" in path.stem else set()
    assert {finding.code for finding in report.findings if finding.severity is Severity.ERROR} == expected


def test_the_manual_in_docs_is_the_one_of_the_table() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == manual.manual()


@pytest.mark.parametrize("word", ["per-channel axis", "fused activation", "hybrid", "left shift", "SAME", "arena"])
def test_the_manual_explains_its_words(word: str) -> None:
    glossary = manual.manual().split("## Glossary")[1].split("\n## ")[0]
    assert f"* **{word}" in glossary


@pytest.mark.parametrize("code", ["TG-Q005", "TG-Q010", "TG-Q050"])
def test_rules_about_scales_have_an_example(code: str) -> None:
    assert RULES[code].example in manual.manual()
    assert RULES[code].example in formats.explain(RULES[code])
    assert RULES[code].example


def test_codes_and_names_are_unique_and_every_rule_says_why() -> None:
    assert len({rule.name for rule in RULES.values()}) == len(RULES)
    for code, rule in RULES.items():
        assert code == rule.code
        assert all(text.endswith(".") for text in (rule.demand, rule.why, rule.fix)), code


def test_the_histogram_counts_every_weight_once(report: AuditReport) -> None:
    weights = [figures for figures in report.figures if figures.role == "weights"]
    assert len(weights) == 3
    assert all(len(f.histogram) == 256 and sum(f.histogram) == np.prod(f.shape) for f in weights)


def test_ranges_are_those_of_scale_and_zero_point(report: AuditReport) -> None:
    tensor = read_model(INT8).input
    (figures,) = (f for f in report.figures if f.index == tensor.index)
    scale, zero_point = tensor.scales[0], tensor.zero_points[0]
    assert (figures.low, figures.high) == ((-128 - zero_point) * scale, (127 - zero_point) * scale)


def test_json_holds_findings_and_histograms(report: AuditReport) -> None:
    document = json.loads(formats.as_json(report, "m.tflite"))
    assert document["findings"][0]["code"] in RULES
    assert {len(tensor["histogram"]) for tensor in document["tensors"]} == {0, 256}


def test_sarif_has_the_parts_that_code_scanning_needs(report: AuditReport) -> None:
    document = json.loads(formats.as_sarif([(report, "models/m.tflite")]))
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert document["version"] == "2.1.0"
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "models/m.tflite"


def test_sarif_names_the_file_by_a_uri(report: AuditReport) -> None:
    (run,) = json.loads(formats.as_sarif([(report, "my models/größe#1.tflite")]))["runs"]
    assert run["artifacts"][0]["location"]["uri"] == "my%20models/gr%C3%B6%C3%9Fe%231.tflite"
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == run["artifacts"][0]["location"]


@pytest.mark.parametrize("code", ["TG-Q003 bias-scale", "Q3", "", "TG-"])
def test_what_is_no_rule_cannot_be_explained(code: str) -> None:
    with pytest.raises(InputError):
        rule_of(code)


def test_an_ignored_rule_is_set_aside_with_its_reason() -> None:
    report = audit(INT8, target="esp32", ignore={"TG-Q031": "MEAN is not hot"})
    assert not any(finding.code == "TG-Q031" for finding in report.findings)
    assert [why for _, why in report.ignored] == ["MEAN is not hot"]
    suppressed = json.loads(formats.as_sarif([(report, "m")]))["runs"][0]["results"][-1]
    assert suppressed["suppressions"][0]["justification"] == "MEAN is not hot"


@pytest.mark.parametrize("ignore", [{"TG-Q031": " "}, {"TG-Q999": "why not"}, {"nonsense": "x"}])
def test_ignoring_takes_a_rule_and_a_reason(ignore: dict[str, str]) -> None:
    with pytest.raises(InputError):
        audit(INT8, ignore=ignore)


def test_names_from_the_file_cannot_command_the_terminal() -> None:
    build = ModelBuilder()
    x = build.tensor("\x1b[2Jevil", (1, 2), "int8", [-1.0], [0])
    build.operator("\x1b]0;owned\x07", [x], [x])
    text = formats.as_text(audit(write_model(build.model([x], [x]))), "m\x1b", figures=True)
    assert "\x1b" not in text
    assert "\x07" not in text


def test_an_unknown_target_is_refused_with_the_choices() -> None:
    with pytest.raises(InputError, match="esp32, esp32s2"):
        audit(INT8, target="esp99")


# The command


@pytest.fixture
def run(tmp_path: Path) -> Any:
    return lambda *arguments: CliRunner().invoke(app, ["audit", *map(str, arguments)])


def test_a_sound_model_exits_with_0_and_a_broken_one_with_1(run: Any, tmp_path: Path) -> None:
    sound, broken = tmp_path / "sound.tflite", tmp_path / "broken.tflite"
    sound.write_bytes(INT8)
    broken.write_bytes(INT8.replace(b"TFL3", b"TFL2"))
    assert run(sound).exit_code == 0
    assert run(broken).exit_code == 1
    assert "TG-Q018 file-identifier" in run(broken).stdout


def test_the_severity_that_fails_can_be_chosen(run: Any, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(INT8)
    assert run(tmp_path / "m.tflite", "--target", "esp32", "--fail-on", "note").exit_code == 1


@pytest.mark.parametrize("code", ["tg-q003", "q003", "TG-Q003 weight-zero-point", "weight-zero-point"])
def test_a_rule_can_be_explained(run: Any, code: str) -> None:
    result = run("--explain", code)
    assert result.exit_code == 0
    assert "weight-zero-point" in result.stdout
    assert "Source:" in result.stdout


def test_a_missing_or_foreign_file_is_an_error_of_its_own(run: Any, tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert isinstance(run(tmp_path / "nothing.tflite").exception, ModelFileError)
    refused = run(tmp_path / "picture.png").exception
    assert isinstance(refused, ModelFileError)
    assert "picture.png" in str(refused)
    assert isinstance(run().exception, InputError)


def test_what_is_no_regular_file_or_too_large_is_refused_unread(run: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with (tmp_path / "sparse").open("wb") as sparse:
        sparse.truncate(3 << 30)
    for path in ("/dev/zero", tmp_path / "fifo", tmp_path / "sparse"):
        assert isinstance(run(path).exception, ModelFileError)


def test_the_tables_of_tensors_shows_weights_as_bars(run: Any, tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(INT8)
    assert "█" in run(tmp_path / "m.tflite", "--tensors").stdout


def large_model(path: Path, width: int = 548) -> None:
    """300 KB of weights."""
    build, rng = ModelBuilder(), np.random.default_rng(0)
    x = build.tensor("x0", (1, width), "int8", [0.05], [0])
    for layer in range(1):
        w = build.constant(
            f"w{layer}", np.clip(rng.normal(0, 40, (width, width)), -127, 127).astype(np.int8), [0.01], [0]
        )
        b = build.constant(f"b{layer}", np.zeros(width, np.int32), [0.0005], [0])
        y = build.tensor(f"x{layer + 1}", (1, width), "int8", [1.0], [0])
        build.operator("FULLY_CONNECTED", [x, w, b], [y], FullyConnectedOptions(), version=4)
    path.write_bytes(write_model(build.model([0], [y])))


def test_300_kilobytes_take_less_than_a_second_of_computing_with_start_up(tmp_path: Path) -> None:
    large_model(tmp_path / "large.tflite")
    assert (tmp_path / "large.tflite").stat().st_size > 300_000
    script = (
        "import sys, time; from tinygate.cli.audit import audit; audit(sys.argv[2:]);"
        "print(time.process_time(), file=sys.stderr)"
    )
    command = [sys.executable, "-c", script, "audit", str(tmp_path / "large.tflite")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert float(result.stderr) < 1.0


def test_memory_stays_near_the_size_of_the_file(tmp_path: Path) -> None:
    large_model(tmp_path / "large.tflite", 5000)
    data = (tmp_path / "large.tflite").read_bytes()
    tracemalloc.start()
    audit(data)
    assert tracemalloc.get_traced_memory()[1] < 2.5 * len(data)
    tracemalloc.stop()


# No bytes make it stumble


def stumbles(data: bytes) -> list[str]:
    """What the audit's own safety net caught; refusing the file is fine."""
    try:
        report = audit(data, target="esp32s3")
    except ModelFileError:
        return []
    formats.as_text(report, "m", figures=True)
    formats.as_json(report, "m")
    return [finding.values for finding in report.findings if finding.code == "TG-Q049"]


def test_a_subgraph_that_calls_itself_is_found() -> None:
    build = ModelBuilder()
    x = build.tensor("x", (1,), "int8", [1.0], [0])
    build.operator("CALL_ONCE", [], [x], CallOnceOptions(0))
    report = audit(write_model(build.model([], [x])))
    assert any("calls itself" in finding.values for finding in report.findings)


def test_a_model_of_nothing_is_found() -> None:
    empty = dataclasses.replace(ModelBuilder().model([], []), subgraphs=())
    assert {finding.code for finding in audit(write_model(empty)).findings} == {"TG-Q047"}


def test_damaged_bytes_do_not_make_the_audit_stumble() -> None:
    rng = random.Random(7)
    for _ in range(150):
        data = bytearray(INT8)
        for _ in range(rng.randint(1, 20)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        assert stumbles(bytes(data)) == []


def test_damaged_offsets_do_not_make_the_audit_stumble() -> None:
    rng = random.Random(8)
    for _ in range(150):
        place = rng.randrange(0, len(INT8) - 4, 4)
        value = rng.choice((0, 1, 4, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
        assert stumbles(INT8[:place] + struct.pack("<I", value) + INT8[place + 4 :]) == []


def test_truncated_files_do_not_make_the_audit_stumble() -> None:
    for size in range(0, len(INT8), 97):
        assert stumbles(INT8[:size]) == []


def mutated(model: TfliteModel, rng: random.Random) -> TfliteModel:
    """A well-formed file that makes no sense: parameters, shapes, types, indices and options drawn at random."""
    numbers = (-(2**31), -129, -1, 0, 1, 2, 3, 7, 127, 128, 50, 1000, 2**31 - 1)
    scales = (0.0, -1.0, float("nan"), float("inf"), 1e-45, 1e-30, 1e-3, 1.0, 1e30, 3e38)
    kinds = ("int8", "int16", "int32", "int64", "float32", "uint8", "bool", "int4", "string", "unknown(99)")
    tensors, operators = list(model.main.tensors), list(model.main.operators)
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(tensors))
        change: dict[str, Any] = rng.choice((
            {"scales": tuple(rng.choice(scales) for _ in range(rng.randint(0, 3)))},
            {"zero_points": tuple(rng.choice(numbers) for _ in range(rng.randint(0, 3)))},
            {"shape": tuple(rng.choice(numbers) for _ in range(rng.randint(0, 5)))},
            {"dtype": rng.choice(kinds)},
            {"quantized_dimension": rng.choice(numbers)},
            {"buffer": rng.choice((0, 1, 2, 99, 2**32 - 1))},
        ))  # fmt: skip
        tensors[at] = dataclasses.replace(tensors[at], **change)
        at = rng.randrange(len(operators))
        indices = tuple(rng.choice((*numbers, *range(20))) for _ in range(rng.randint(0, 4)))
        changes: dict[str, Any] = rng.choice((
            {"inputs": indices},
            {"outputs": indices},
            {"code": rng.choice((0, 1, 2, 3, 50))},
            {"options": Conv2DOptions("VALID", rng.choice(numbers), rng.choice(numbers))},
        ))  # fmt: skip
        operators[at] = dataclasses.replace(operators[at], **changes)
    graph = dataclasses.replace(model.main, tensors=tuple(tensors), operators=tuple(operators))
    return dataclasses.replace(model, subgraphs=(graph,))


def test_senseless_models_do_not_make_the_audit_stumble() -> None:
    rng, model = random.Random(9), read_model(INT8)
    for _ in range(150):
        assert stumbles(write_model(mutated(model, rng))) == []


# Nor do they make it slow or large


def shared_weights(operators: int) -> bytes:
    """Many operators on one large weight tensor: a small file that asks for much."""
    build = ModelBuilder()
    x = build.tensor("x", (1, 4), "int8", [0.1], [0])
    w = build.constant("w", np.ones((20_000, 4), np.int8), [0.1] * 20_000, [0] * 20_000)
    y = build.tensor("y", (1, 20_000), "int8", [0.1], [0])
    for _ in range(operators):
        build.operator("FULLY_CONNECTED", [x, w, -1], [y], FullyConnectedOptions())
    return write_model(build.model([x], [y]))


def many_subgraphs(count: int) -> bytes:
    """Each calls the next, the last the first."""
    model = ModelBuilder().model([], [])
    code = OperatorCode("CALL_ONCE", "", 1)
    calls = [Operator(0, "CALL_ONCE", 0, 1, (), (), (), CallOnceOptions((i + 1) % count)) for i in range(count)]
    subgraphs = tuple(Subgraph(i, "", (), (7,), (9,), (call,)) for i, call in enumerate(calls))
    return write_model(dataclasses.replace(model, subgraphs=subgraphs, operator_codes=(code,)))


def long_names(count: int) -> bytes:
    build = ModelBuilder()
    tensors = [build.tensor("n" * 1000, (1,), "int8", [-1.0], [999]) for _ in range(count)]
    build.operator("X" * 100_000, tensors, tensors)
    return write_model(build.model(tensors, tensors))


@pytest.mark.parametrize("data", [shared_weights(3000), many_subgraphs(3000), long_names(1000)],
                         ids=["shared weights", "many subgraphs", "long names"])  # fmt: skip
def test_files_made_to_exhaust_it_cost_seconds_and_megabytes(data: bytes) -> None:
    started = time.process_time()
    tracemalloc.start()
    text = formats.as_text(audit(data, target="esp32"), "m", figures=True)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 10
    assert peak_bytes < 200_000_000
    assert len(text) < 10_000_000


def test_a_tensor_of_thousands_of_dimensions_is_refused() -> None:
    build = ModelBuilder()
    build.tensor("x", [2**31 - 1] * 50_000, "int8")
    with pytest.raises(ModelFileError, match="50000 dimensions"):
        audit(write_model(build.model([0], [0])))


def test_findings_end_somewhere_and_say_so() -> None:
    build = ModelBuilder()
    x = build.tensor("x", (1,), "int8", [0.1], [0])
    for _ in range(20):
        build.operator("ADD", list(range(1000, 2000)), [x])
    report = audit(write_model(build.model([x], [x])))
    assert len(report.findings) == 10_001
    assert any(finding.code == "TG-Q049" for finding in report.findings)
