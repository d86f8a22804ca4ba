"""Does the board compute what the oracle computes, from the same bytes, over the whole test set?"""

from __future__ import annotations

from tinygate.board.evidence import Run
from tinygate.judge.facts import fact
from tinygate.judge.oracle import run_board_oracle, run_oracle
from tinygate.judge.parity import judge_parity
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.plugin.core import Judge
from tinygate.tflite import Tensor


def test_every_output_is_the_oracles(run: Run, variant: Variant, board: BoardChoice, judge: Judge) -> None:
    """Every value of every window; floats of another compiler within a tolerance."""
    same_kernels = board.kind.emulation == "virtual"  # of the same build as the oracle's
    judge(judge_parity(variant, board.place, run.outputs, run_board_oracle(variant), exact_floats=same_kernels))


def test_every_window_of_the_test_set_was_run_on_the_board(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge
) -> None:
    """What was not run was not judged."""
    count, wanted = len(run.output), len(variant.model.dataset.test)
    judge(fact(variant, board.place, "parity", "windows_run", count, f"= {wanted}", count == wanted))


def test_input_and_output_have_the_scales_of_the_pinned_model(
    run: Run, variant: Variant, board: BoardChoice, judge: Judge
) -> None:
    """What the application says of its tensors."""
    hello, tflite = run.hello, run_oracle(variant).tflite
    found = [(tensor.scale, tensor.zero_point) for tensor in (*hello.inputs, *hello.outputs)]
    wanted = [_affine(tensor) for tensor in (*tflite.inputs, *tflite.outputs)]
    reason = "" if found == wanted else "The application runs another model, or reads it wrongly."
    judge(fact(variant, board.place, "identity", "scales", str(found), str(wanted), found == wanted, reason))


def _affine(tensor: Tensor) -> tuple[float, int]:
    return (tensor.scales[0], tensor.zero_points[0]) if tensor.scales else (0.0, 0)
