"""Boots, resets and up-time; the rest of what must hold together is in tools/tests/faults."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from fake_board import HELLO, FakeBoard, measured

from tinygate.board import deadlines
from tinygate.board.deadlines import Deadlines, Pace
from tinygate.board.evidence import Plan
from tinygate.board.plausible import check_fresh, check_new_boot, check_reset_reason
from tinygate.board.port import reopen
from tinygate.errors import LabError, TargetError, TinygateError
from tinygate.protocol import InferRaw, Keep


def test_a_board_that_ignores_its_reset_line_is_the_labs() -> None:
    first = measured(FakeBoard())
    check_new_boot([first, dataclasses.replace(first, boot_id="0badcafe")])
    with pytest.raises(LabError, match="boot 3 has the boot id of an earlier one"):
        check_new_boot([first, dataclasses.replace(first, boot_id="0badcafe"), first])


@pytest.mark.parametrize(("up_s", "emulated", "did"), [(4, "none", True), (40, "none", False), (40, "qemu", True)])
def test_up_time_that_runs_on_over_a_reset_is_no_reset(up_s: int, emulated: str, did: bool) -> None:
    hello = dataclasses.replace(HELLO, uptime_us=up_s * 1_000_000, emulated=emulated)
    if did:
        check_fresh(hello, since_reset_s=5.0)
    else:
        with pytest.raises(LabError, match=r"up for 40.0 s, and was reset 5.0 s ago"):
            check_fresh(hello, since_reset_s=5.0)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("poweron", None),
        ("usb", None),
        ("sw", None),
        ("panic", TargetError),
        ("cpu_lockup", TargetError),
        ("deepsleep", TargetError),
        ("brownout", LabError),
        ("power_glitch", LabError),
        ("unknown", LabError),
        ("sdio", LabError),
    ],
)
def test_the_reset_reason_says_whose_boot_it_is(reason: str, error: type[TinygateError] | None) -> None:
    hello = dataclasses.replace(HELLO, reset_reason=reason)
    if error is None:
        check_reset_reason(hello)
    else:
        with pytest.raises(error, match=reason):
            check_reset_reason(hello)


def test_a_run_has_a_deadline_from_its_plan_that_it_names() -> None:
    plan = Plan(np.zeros((1000, 6), np.int8), invoke_s=0.1)
    pace = Pace(Deadlines(whole_s=0.0, bytes_per_s=1e9), plan, HELLO)
    assert pace.whole_s == pytest.approx(105.4, abs=0.1)
    pace.whole_s = 0.0
    with pytest.raises(
        TargetError, match=r"0 of 1000 windows.*may take 0 s \(\d+ bytes at .*, 1054 invocations of 0.1 s"
    ):
        pace.check()


def test_the_pace_of_windows_is_not_that_of_a_test_set_that_was_brought_before(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(deadlines, "time", SimpleNamespace(monotonic=lambda: now))
    pace = Pace(Deadlines(bytes_per_s=11_520), Plan(np.zeros((1500, 6), np.int8)), HELLO)
    pace.expect(0, 1_800_000)
    for now in range(0, 160, 10):  # noqa: B007 – the clock reads it
        pace.answered(Keep(1000))
        pace.check()
    now = 151.0
    pace.answered(InferRaw(0, 30, b"x"))
    pace.check()  # at this pace it takes 50 s more
    now = 240.0
    pace.answered(InferRaw(30, 1, b"x"))
    with pytest.raises(TargetError, match="31 of 1500 windows after 240 s, and at this pace takes"):
        pace.check()


def test_a_port_is_opened_anew_after_its_connection_was_lost() -> None:
    calls: list[str] = []

    def close() -> None:
        calls.append("close")
        raise OSError("gone already")

    reopen(SimpleNamespace(close=close, open=lambda: calls.append("open")))
    assert calls == ["close", "open"]
