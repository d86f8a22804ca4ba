"""Is there room left on the board, and did the line behave?"""

import pytest

from tinygate.board.evidence import Run

MIN_FREE_STACK_BYTES = 512


def test_the_stack_never_came_close_to_its_end(run: Run) -> None:
    if run.health.stack_bytes == 0:
        pytest.skip("an emulated board has no stack of a chip's task")
    assert run.health.stack_min_free_bytes >= MIN_FREE_STACK_BYTES


def test_no_byte_was_lost_on_the_line(run: Run) -> None:
    assert (run.health.rejected_records, run.health.receive_overflows) == (0, 0)


def test_the_board_booted_once(run: Run) -> None:
    assert len(run.resets) <= 1, f"reset reasons: {', '.join(run.resets)}"


def test_every_operator_of_the_model_is_profiled(run: Run) -> None:
    if run.profile is None:
        pytest.skip("the application offers no profile")
    assert run.profile.operators
