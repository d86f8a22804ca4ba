"""Retries: for the lab and the link, never for the firmware."""

from collections.abc import Callable

import pytest
from fake_board import FakeBoard, measured

from tinygate.board.attempts import try_to_measure
from tinygate.board.evidence import Run
from tinygate.errors import IdentityError, LabError, LinkError, TargetError, TinygateError, UnbootableError

GOOD = measured(FakeBoard())


def spoilt(*errors: TinygateError) -> Callable[[], Run]:
    pending = list(errors)

    def attempt() -> Run:
        if pending:
            raise pending.pop(0)
        return GOOD

    return attempt


def nothing() -> None:
    pass


@pytest.mark.parametrize(("error", "allowed"), [(LinkError, 2), (LabError, 2), (IdentityError, 1), (TargetError, 0)])
def test_who_is_to_blame_decides_how_often(error: type[TinygateError], allowed: int) -> None:
    assert isinstance(try_to_measure(spoilt(*[error()] * allowed), nothing).outcome, Run)
    assert isinstance(try_to_measure(spoilt(*[error()] * (allowed + 1)), nothing).outcome, error)


@pytest.mark.parametrize("then", [(), (TargetError("it hangs"),), (UnbootableError("again"),)])
def test_what_booted_nothing_once_is_a_fail_whatever_it_does_then(then: tuple[TinygateError, ...]) -> None:
    first = UnbootableError("no image")
    assert try_to_measure(spoilt(first, *then), nothing).outcome is first


@pytest.mark.parametrize("then", [IdentityError("another MAC"), LinkError("gone")])
def test_a_board_that_was_exchanged_after_it_was_flashed_is_the_labs_fault(then: TinygateError) -> None:
    attempts = try_to_measure(spoilt(UnbootableError("no image"), *[then] * 3), nothing)
    assert attempts.outcome is then


def test_a_flake_is_kept() -> None:
    error = LinkError("one byte")
    assert try_to_measure(spoilt(error), nothing).failed == (error,)


def test_an_emulated_board_is_never_tried_twice() -> None:
    assert isinstance(try_to_measure(spoilt(LinkError()), None).outcome, LinkError)


def test_a_board_that_cannot_be_flashed_again_is_the_labs_fault() -> None:
    def unplugged() -> None:
        raise OSError("no such device")

    attempts = try_to_measure(spoilt(LinkError()), unplugged)
    assert "no such device" in str(attempts.outcome)
    assert isinstance(attempts.outcome, LabError)
