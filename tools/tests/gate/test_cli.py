"""`tinygate gate` refuses what cannot work before anything runs: one clear error, exit code 2."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tinygate.cli.main import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--board", "nonsense"], "no such board"),
        (["--board", "serial"], "ports are never probed"),
        (["--target", "esp32s3"], "cannot be --target esp32s3"),
        (["--board", "virtual", "--port", "/dev/ttyUSB0"], "brings its own port"),
        (["--model", "nope"], "--model nope: no such model under models; found: anomaly"),
        (["--variant", "nope"], "--variant nope: no such variant; declared: float32"),
        (["--port", "/dev/no-such-port", "--target", "esp32"], "/dev/no-such-port: there is no such port"),
        (["--target", "z80"], "cannot be --target z80"),
        (["--models-root", "/nope"], "/nope: no model to judge"),
        (["--target", "esp32", "--target", "stm32f4"], "--board virtual cannot be --target stm32f4"),
        (["--target", "esp32", "--board", "qemu", "--board", "virtual"], "2 times --board for 1 targets"),
        (["--target", "esp32", "--target", "esp32", "--board", "qemu"], "the same place is named twice"),
        (["--target", "esp32", "--target", "stm32f4", "--port", "/dev/null"], "/dev/null is one board"),
    ],
)
def test_an_impossible_choice_is_one_error(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["tinygate", "gate", *options, "--report-dir", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert said in printed.err
    assert printed.out == ""


def test_the_environment_may_not_choose_the_port(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ESPPORT", "/dev/ttyUSB7")
    monkeypatch.setattr(sys, "argv", ["tinygate", "gate"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, "ESPPORT=/dev/ttyUSB7" in capsys.readouterr().err) == (2, True)


def test_it_says_which_version_it_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["tinygate", "--version"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code in (0, None)
    assert capsys.readouterr().out.startswith("tinygate 0.")
