"""Does the board compute what the oracle computes, from the same bytes, over the whole test set?"""

from collections.abc import Callable

from tinygate.board.evidence import Run
from tinygate.judge.oracle import OracleRun, run_oracle
from tinygate.judge.parity import CHIP_FLOAT_TOLERANCE, compare
from tinygate.model.folder import Variant
from tinygate.plugin.board_options import BoardChoice
from tinygate.tflite import Tensor
from tinygate.verdict import Finding, Verdict

FLOATS_DIFFER = "a chip's compiler orders float additions otherwise; within 1e-05 of the oracle, the same decision."


def test_every_output_is_the_oracles(
    run: Run, variant: Variant, board: BoardChoice, judge: Callable[[Finding], None]
) -> None:
    oracle = run_oracle(variant)
    same_build = board.emulated and board.board != "qemu"  # of the same kernels
    exact = same_build or oracle.tflite.output.dtype != "float32"
    tolerance = 0.0 if exact else CHIP_FLOAT_TOLERANCE
    parity = compare(run.outputs, oracle.reference.outputs, tolerance)
    limit = "= 0, every value equal" if exact else "= 0, floats within 1e-05 and the same decision"
    note = "" if exact else FLOATS_DIFFER
    reason = f"{parity.sentence()} Oracle: {oracle.reference.oracle} {oracle.reference.version}."
    verdict = _verdict(parity.mismatches, oracle)
    judge(
        Finding(
            variant.model.name, variant.name, board.place, "parity", "parity_mismatches", parity.mismatches, limit,
            verdict, str(variant.path), reason, note,
        )
    )  # fmt: skip


def _verdict(mismatches: int, oracle: OracleRun) -> Verdict:
    if not mismatches:
        return Verdict.PASS
    return Verdict.FAIL if oracle.reference.oracle == "tflm" else Verdict.INCONCLUSIVE  # LiteRT rounds some otherwise


def test_every_window_of_the_test_set_was_run_on_the_board(run: Run, variant: Variant) -> None:
    assert len(run.outputs) == len(variant.model.dataset.test)


def test_input_and_output_have_the_scales_of_the_pinned_model(run: Run, variant: Variant) -> None:
    hello, tflite = run.hello, run_oracle(variant).tflite
    assert (hello.input_scale, hello.input_zero_point) == _affine(tflite.input)
    assert (hello.output_scale, hello.output_zero_point) == _affine(tflite.output)


def _affine(tensor: Tensor) -> tuple[float, int]:
    return (tensor.scales[0], tensor.zero_points[0]) if tensor.scales else (0.0, 0)
