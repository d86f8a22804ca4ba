"""`tinygate doctor` says what is missing and what mends it, and its exit code whether anything can be gated."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tinygate.cli.main import main
from tinygate.project import doctor
from tinygate.targets.ability import Ability


def by_name(environment: dict[str, str], root: Path) -> dict[str, Ability]:
    return {ability.name: ability for ability in doctor.abilities(environment, root)}


def test_a_machine_without_lab_can_gate_and_is_told_what_more_takes(tmp_path: Path) -> None:
    found = by_name({}, tmp_path)
    assert all(ability.there for ability in found.values() if ability.needed)
    assert "IDF_PATH is not set" in found["ESP-IDF"].found
    assert "idf_tools.py install qemu" in found["QEMU"].remedy
    assert found["ports"].found == "no serial port"


@pytest.mark.parametrize(
    ("version", "activated", "there", "said"),
    [
        ("v5.1.7", True, True, "v5.1.7 in "),
        ("v5.1.7", False, False, "not activated"),
        ("v4.4", True, False, "v4.4 in "),
        ("v6.0-dev-12-gabc", True, True, "v6.0-dev"),
    ],
)
def test_esp_idf_is_judged_by_version_and_environment(
    version: str, activated: bool, there: bool, said: str, tmp_path: Path
) -> None:
    for name in ("idf/tools/idf.py", "python/bin/python"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "idf/version.txt").write_text(version)
    environment = {"IDF_PATH": str(tmp_path / "idf")} | (
        {"IDF_PYTHON_ENV_PATH": str(tmp_path / "python")} if activated else {}
    )
    found = by_name(environment, tmp_path)["ESP-IDF"]
    assert (found.there, said in found.found) == (there, True)
    assert bool(found.remedy) != there


def test_a_port_is_named_by_its_serial_number_and_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_id = tmp_path / "dev/serial/by-id/usb-Silicon_Labs_0001"
    by_id.parent.mkdir(parents=True)
    (tmp_path / "dev/ttyUSB0").touch()
    (tmp_path / "dev/ttyUSB0").chmod(0o660)
    by_id.symlink_to(tmp_path / "dev/ttyUSB0")
    assert by_name({}, tmp_path)["port"] == Ability("port", True, str(by_id))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "usermod -aG" in by_name({}, tmp_path)["port"].remedy


@pytest.mark.parametrize(("missing", "code"), [("esptool", 2), ("pytest-embedded-qemu", 0)])
def test_the_exit_code_says_whether_anything_can_be_gated(
    missing: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda package: "" if package == missing else known(package))
    monkeypatch.setattr("sys.argv", ["tinygate", "doctor"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert f"no {missing}" in capsys.readouterr().out
