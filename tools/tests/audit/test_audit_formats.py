"""The audit where others read it: GitHub's annotations, one SARIF log of several files, a pre-commit hook."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from tinygate.audit import audit
from tinygate.audit.formats import as_github
from tinygate.cli.main import app

ROOT = Path(__file__).parents[3]
GOOD = ROOT / "models/gesture/artifacts/ptq_int8.tflite"
DYNAMIC = ROOT / "models/gesture/artifacts/dynamic_range.tflite"


def run(*words: str | Path) -> Any:
    return CliRunner().invoke(app, ["audit", *map(str, words)])


def test_github_is_told_file_rule_and_cause_in_one_line_each() -> None:
    lines = run(DYNAMIC, "--format", "github").stdout.splitlines()
    assert lines
    for line in lines:
        assert re.fullmatch(r"::(error|warning|notice) file=\S+,title=TG-\w+ [^:,]+::.+", line), line


def test_a_name_in_a_file_makes_no_command() -> None:
    text = as_github(audit(DYNAMIC.read_bytes()), "a,b:c%\n::stop-commands::x.tflite")
    assert all(
        line.startswith(("::error file=a%2Cb%3Ac%25%0A", "::warning file=a%2C", "::notice file=a%2C"))
        for line in text.splitlines()
    )


def test_several_files_are_one_log_and_the_worst_decides() -> None:
    found = run(GOOD, DYNAMIC, "--format", "sarif")
    (one,) = json.loads(found.stdout)["runs"]
    assert len(one["artifacts"]) == 2
    assert found.exit_code == run(DYNAMIC).exit_code == 1
    assert [json.loads(line)["file"] for line in run(GOOD, DYNAMIC, "--format", "json").stdout.splitlines()] == [
        str(GOOD),
        str(DYNAMIC),
    ]


def test_a_pointer_of_git_lfs_is_called_that(tmp_path: Path) -> None:
    pointer = tmp_path / "model.tflite"
    pointer.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    assert "a Git LFS pointer" in str(run(pointer).exception)


def test_the_pre_commit_hook_audits_the_files_that_it_is_given() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["language"] == "python"
    assert re.search(hook["files"], "models/mine/artifacts/ptq_int8.tflite")
    program, *words = shlex.split(hook["entry"])
    assert program == "tinygate"
    assert CliRunner().invoke(app, [*words, str(GOOD), str(GOOD)]).exit_code == 0


@pytest.mark.parametrize("output", ["text", "json", "sarif", "github"])
def test_every_format_is_printed_for_several(output: str) -> None:
    assert run(GOOD, GOOD, "--format", output).exit_code == 0
