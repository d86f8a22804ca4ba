"""`tinygate gate` refuses what cannot work before anything runs: one clear error, exit code 2."""

from __future__ import annotations

import sys

import pytest

from tinygate.cli.main import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--board", "nonsense"], "no such board"),
        (["--board", "serial"], "ports are never probed"),
        (["--target", "esp32s3"], "cannot be --target esp32s3"),
        (["--board", "virtual", "--port", "/dev/ttyUSB0"], "brings its own port"),
        (["--model", "nope"], "no model to judge"),
        (["--models-root", "/nope"], "/nope: no model to judge"),
    ],
)
def test_an_impossible_choice_is_one_error(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["tinygate", "gate", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert ended.value.code == 2
    assert said in printed.err
    assert printed.out == ""
