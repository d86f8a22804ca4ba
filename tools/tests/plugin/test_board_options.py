"""Which board a command line names, and the sentences for those that name none."""

from typing import Any

import pytest

from tinygate.plugin.board_options import BoardChoice, chosen_board


class CommandLine:
    """As much of pytest's config as the choice reads."""

    def __init__(self, **given: str) -> None:
        self.given = given

    def getoption(self, name: str, default: Any = None) -> Any:
        return self.given.get(name.removeprefix("--").replace("-", "_"), default)


def choose(**given: str) -> BoardChoice:
    return chosen_board(CommandLine(**given))  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _no_port_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ESPPORT", raising=False)


def test_no_board_is_an_error_that_lists_the_choices() -> None:
    with pytest.raises(pytest.UsageError, match=r"(?s)none was named.*virtual .*qemu .*serial "):
        choose(target="esp32")


@pytest.mark.parametrize(("board", "place"), [("virtual", "esp32-virtual"), ("qemu", "esp32-qemu")])
def test_an_emulated_board_has_a_place_of_its_own(board: str, place: str) -> None:
    choice = choose(target="esp32", board=board)
    assert (choice.place, choice.emulated) == (place, True)


def test_a_port_without_a_board_is_a_serial_board() -> None:
    choice = choose(target="esp32", port="/dev/ttyUSB0")
    assert (choice.board, choice.place, choice.emulated) == ("serial", "esp32", False)


def test_a_serial_number_or_a_mac_names_a_board_too() -> None:
    assert choose(target="esp32", port_serial_number="A50285BI").usb_serial == "A50285BI"
    assert choose(target="esp32", port="/dev/ttyUSB0", port_mac="24:0A:C4:00:00:01").mac == "24:0a:c4:00:00:01"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"board": "serial", "target": "esp32"}, "never probed"),
        ({"board": "virtual", "port": "/dev/ttyUSB0"}, "its own port"),
        ({"board": "virtual", "target": "esp32s3"}, "it can be esp32"),
        ({"board": "simulator"}, "no such board"),
        ({"port": "/dev/ttyUSB*", "target": "esp32"}, "never probed"),
        ({"port": "/dev/ttyUSB0"}, "needs --target"),
    ],
)
def test_a_contradiction_is_one_sentence(given: dict[str, str], sentence: str) -> None:
    with pytest.raises(pytest.UsageError, match=sentence):
        choose(**given)


def test_a_port_in_the_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESPPORT", "/dev/ttyUSB7")
    with pytest.raises(pytest.UsageError, match=r"/dev/ttyUSB7.*silently override"):
        choose(target="esp32", board="virtual")
