"""What each operator asks for while TensorFlow Lite Micro allocates: one line per operator, functions where sizes are
computed.

A line: the operator's name; the structure of its parsed options, `-` for none; `init` if its kernel takes memory of
its own at the start, `init?` if it does so in builds with tensor compression only, `-` if not; then the tensors that
its `prepare` looks at, in order (`i0` the first input, `o0` the first output, `i*` all inputs), or the name of the
function that does so. Source: micro/kernels/*.cc and core/api/flatbuffer_conversions.cc.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinygate.arena import prepare, signal
from tinygate.arena.node import Node

_KERNELS = """
    ABS                          -                                       init  i0 o0
    ADD                          TfLiteAddParams                         init  i0 i1 o0
    ADD_N                        -                                       -     add_n
    ARG_MAX                      TfLiteArgMaxParams                      -
    ARG_MIN                      TfLiteArgMinParams                      -
    ASSIGN_VARIABLE              -                                       init? assign_variable
    AVERAGE_POOL_2D              TfLitePoolParams                        init  i0 o0
    BATCH_MATMUL                 TfLiteBatchMatMulParams                 init  batch_matmul
    BATCH_TO_SPACE_ND            -                                       -     i0 o0
    BROADCAST_ARGS               -                                       -     i0 i1 o0
    BROADCAST_TO                 -                                       -     i0 i1 o0
    CALL_ONCE                    TfLiteCallOnceParams                    init
    CAST                         TfLiteCastParams                        -     i0 o0
    CEIL                         -                                       -     i0 o0
    CIRCULAR_BUFFER              -                                       init  i0 o0
    CONCATENATION                TfLiteConcatenationParams               init  i0 o0 i*
    CONV_2D                      TfLiteConvParams                        init  conv
    COS                          -                                       -     i0 o0
    CUMSUM                       TfLiteCumsumParams                      -     cumsum
    DEPTHWISE_CONV_2D            TfLiteDepthwiseConvParams               init  depthwise_conv
    DEPTH_TO_SPACE               TfLiteDepthToSpaceParams                -     same_shape
    DEQUANTIZE                   -                                       init  i0 o0
    DIV                          TfLiteDivParams                         init  i0 i1 o0
    DYNAMIC_UPDATE_SLICE         -                                       -     i0 i1 i2 o0
    ELU                          -                                       init  i0 o0
    EMBEDDING_LOOKUP             -                                       -     embedding_lookup
    EQUAL                        -                                       init  i0 i1
    EXP                          -                                       -     i0 o0
    EXPAND_DIMS                  -                                       -     i0 i1 o0
    FILL                         -                                       -     i0 i1 o0
    FLOOR                        -                                       -
    FLOOR_DIV                    -                                       -     i0 i1 o0
    FLOOR_MOD                    -                                       -     i0 i1 o0
    FULLY_CONNECTED              TfLiteFullyConnectedParams              init  fully_connected
    GATHER                       TfLiteGatherParams                      -     gather
    GATHER_ND                    -                                       -     gather
    GREATER                      -                                       init  i0 i1
    GREATER_EQUAL                -                                       init  i0 i1
    HARD_SWISH                   -                                       init  i0 o0
    IF                           TfLiteIfParams                          init  i0
    L2_NORMALIZATION             TfLiteL2NormParams                      init  i0 o0
    L2_POOL_2D                   TfLitePoolParams                        -     l2_pool
    LEAKY_RELU                   TfLiteLeakyReluParams                   init  i0 o0
    LESS                         -                                       init  i0 i1
    LESS_EQUAL                   -                                       init  i0 i1
    LOG                          -                                       -     i0 o0
    LOGICAL_AND                  -                                       -
    LOGICAL_NOT                  -                                       -     i0 o0
    LOGICAL_OR                   -                                       -
    LOGISTIC                     -                                       init  i0 o0
    LOG_SOFTMAX                  -                                       -     log_softmax
    MAXIMUM                      -                                       -
    MAX_POOL_2D                  TfLitePoolParams                        init  i0 o0
    MEAN                         TfLiteReducerParams                     init  mean_or_sum
    MINIMUM                      -                                       -
    MIRROR_PAD                   TfLiteMirrorPaddingParams               init  mirror_pad
    MUL                          TfLiteMulParams                         init  i0 i1 o0
    NEG                          -                                       -
    NOT_EQUAL                    -                                       init  i0 i1
    PACK                         TfLitePackParams                        -
    PAD                          -                                       init  i0 i1 i2 o0
    PADV2                        -                                       init  i0 i1 i2 o0
    PRELU                        -                                       init  i0 i1 o0
    QUANTIZE                     -                                       init  i0 o0
    READ_VARIABLE                -                                       -     i0
    REDUCE_ALL                   TfLiteReducerParams                     init  reduce
    REDUCE_MAX                   TfLiteReducerParams                     init  reduce
    REDUCE_MIN                   TfLiteReducerParams                     init  reduce
    RELU                         -                                       init  i0 o0
    RELU6                        -                                       init  i0
    RESHAPE                      TfLiteReshapeParams                     -     reshape
    RESIZE_BILINEAR              TfLiteResizeBilinearParams              -     i0 i1 o0
    RESIZE_NEAREST_NEIGHBOR      TfLiteResizeNearestNeighborParams       -     i0 i1 o0
    REVERSE_V2                   -                                       -     i0 i1 o0
    ROUND                        -                                       -     i0 o0
    RSQRT                        -                                       init  i0 o0
    SELECT_V2                    -                                       init  i0 i1 i2 o0
    SHAPE                        TfLiteShapeParams                       -
    SIN                          -                                       -     i0 o0
    SLICE                        -                                       -     i0 i1 i2 o0
    SOFTMAX                      TfLiteSoftmaxParams                     init  softmax
    SPACE_TO_BATCH_ND            -                                       init  i0 o0
    SPACE_TO_DEPTH               TfLiteSpaceToDepthParams                -     same_shape
    SPLIT                        TfLiteSplitParams                       -     i0
    SPLIT_V                      TfLiteSplitVParams                      -     i2
    SQRT                         -                                       -     i0 o0
    SQUARE                       -                                       -     i0 o0
    SQUARED_DIFFERENCE           -                                       init  i0 i1 o0
    SQUEEZE                      TfLiteSqueezeParams                     -     i0 o0
    STRIDED_SLICE                TfLiteStridedSliceParams                init  i0 i1 i2 i3 o0
    SUB                          TfLiteSubParams                         init  i0 i1 o0
    SUM                          TfLiteReducerParams                     init  mean_or_sum
    SVDF                         TfLiteSVDFParams                        init  svdf
    TANH                         -                                       init  i0 i0 o0
    TFLite_Detection_PostProcess -                                       init  detection_postprocess
    TRANSPOSE                    -                                       -     i0 i1 o0
    TRANSPOSE_CONV               TfLiteTransposeConvParams               init  transpose_conv
    UNIDIRECTIONAL_SEQUENCE_LSTM TfLiteUnidirectionalSequenceLSTMParams  init  lstm
    UNPACK                       TfLiteUnpackParams                      -
    VAR_HANDLE                   TfLiteVarHandleParams                   init  var_handle
    WHILE                        TfLiteWhileParams                       init
    ZEROS_LIKE                   -                                       -     i0 o0

    SignalDelay                  -                                       init  signal_delay
    SignalEnergy                 -                                       init  i0 o0
    SignalFftAutoScale           -                                       -     i0 o0 o1
    SignalFilterBank             -                                       signal_filter_bank_init  i0 i1 i2 i3 i4 i5 o0
    SignalFilterBankLog          -                                       init  i0 o0
    SignalFilterBankSpectralSubtraction  -  signal_spectral_subtraction_init  i0 o0 o1
    SignalFilterBankSquareRoot   -                                       -     i0 i1 o0
    SignalFramer                 -                                       init  signal_framer
    SignalIrfft                  -                                       signal_irfft_init  i0 o0
    SignalOverlapAdd             -                                       init  signal_overlap_add
    SignalPCAN                   -                                       init  i0 i1 i2 o0
    SignalRfft                   -                                       signal_rfft_init  signal_rfft
    SignalStacker                -                                       signal_stacker_init  i0 o0 o1
    SignalWindow                 -                                       init  i0 i1 o0
"""

Prepare = Callable[[Node], None]

_FUNCTIONS: dict[str, Prepare] = {**prepare.FUNCTIONS, **signal.FUNCTIONS}


@dataclass(frozen=True)
class Kernel:
    """How an operator allocates.

    Attributes:
        parameters: structure of its parsed options, "" for none.
        init: called for all operators before any is prepared.
        prepare: called operator by operator.
    """

    parameters: str
    init: Prepare
    prepare: Prepare


def _nothing(_: Node) -> None:
    """Ask for nothing."""


def _init(node: Node) -> None:
    node.structure(node.operator.name)


def _init_if_told(node: Node) -> None:
    if node.layout.knows(node.operator.name):
        _init(node)


_INITS: dict[str, Prepare] = {"init": _init, "init?": _init_if_told}


def _step(words: list[str]) -> Prepare:
    if not words or words == ["-"]:
        return _nothing
    if words[0] in _INITS:
        return _INITS[words[0]]
    if words[0] in _FUNCTIONS:
        return _FUNCTIONS[words[0]]
    spec = " ".join(words)
    return lambda node: node.temporaries(spec)


def _kernel(parameters: str, init: str, *prepares: str) -> Kernel:
    return Kernel("" if parameters == "-" else parameters, _step([init]), _step(list(prepares)))


def _table() -> dict[str, Kernel]:
    lines = [line.split() for line in _KERNELS.splitlines() if line.strip()]
    return {name: _kernel(*rest) for name, *rest in lines}


REFERENCE: dict[str, Kernel] = _table()
"""The reference kernels, by operator."""
