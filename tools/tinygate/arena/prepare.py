"""`prepare` of the reference kernels that compute sizes: persistent memory, scratch buffers, shapes.

Each function asks for the same memory in the same order as its kernel in micro/kernels; what only checks is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from tinygate.arena.flexbuffer import flexbuffer_integers
from tinygate.arena.node import TYPE_BYTES, Node, is_quantized
from tinygate.tflite.model import Tensor
from tinygate.tflite.options import BatchMatmulOptions, SvdfOptions, VarHandleOptions

_LUT_BYTES = 2 * 513  # int16 softmax: exp and 1 / (1 + x), each as int16_t[513]
_INTEGERS = ("int8", "int16")


def same_shape(node: Node) -> None:
    """DEPTH_TO_SPACE, SPACE_TO_DEPTH: the output's shape is written anew, to what the file says."""
    node.temporaries("i0 o0")
    node.set_shape(node.shape(node.needs(node.output(), "output")))


def l2_pool(node: Node) -> None:
    """L2_POOL_2D: likewise."""
    node.temporaries("o0 i0")
    node.set_shape(node.shape(node.needs(node.output(), "output")))


def gather(node: Node) -> None:
    """GATHER, GATHER_ND: likewise."""
    node.temporaries("i0 i1 o0")
    node.set_shape(node.shape(node.needs(node.output(), "output")))


def embedding_lookup(node: Node) -> None:
    """EMBEDDING_LOOKUP."""
    gather(node)
    node.structure("EMBEDDING_LOOKUP.data")


def reshape(node: Node) -> None:
    """RESHAPE: an open dimension of the output is computed."""
    node.temporaries("i0 o0")
    source, output = node.needs(node.input(0), "input"), node.needs(node.output(), "output")
    shape = node.shape(output)
    if -1 in shape:
        known = -prod(shape) or 1
        size = node.count(source) // known if known > 0 else 0
        node.set_shape(tuple(size if n == -1 else n for n in shape))


def channel_factors(node: Node, channels: int) -> None:
    """Multiplier and shift per channel."""
    for kind in ("channel multipliers", "channel shifts"):
        node.data(4 * channels, kind)


def unpacked_int4(node: Node) -> None:
    """A scratch buffer for int4 weights, one byte each."""
    weights = node.needs(node.input(1), "weights")
    if weights.dtype == "int4":
        node.scratch(node.count(weights), "unpacked int4 weights")


def conv(node: Node) -> None:
    """CONV_2D: the description of its tensors is taken twice, as data is calculated by a function of its own."""
    _conv(node, channel_dimension=0)


def depthwise_conv(node: Node) -> None:
    """DEPTHWISE_CONV_2D."""
    _conv(node, channel_dimension=3)


def _conv(node: Node, channel_dimension: int) -> None:
    weights = node.needs(node.input(1), "weights")
    node.temporaries("o0 i0 i1")
    channel_factors(node, node.shape(weights, rank=4)[channel_dimension])
    unpacked_int4(node)
    node.temporaries("i0 i1 i2 o0")


def fully_connected(node: Node) -> None:
    """FULLY_CONNECTED: factors per channel only for weights quantized per channel."""
    node.temporaries("i0 i1 i2 o0")
    unpacked_int4(node)
    channel_factors_if_per_channel(node)


def channel_factors_if_per_channel(node: Node) -> None:
    """What CalculateOpDataFullyConnected takes."""
    source, weights = node.needs(node.input(0), "input"), node.needs(node.input(1), "weights")
    if source.dtype != "float32" and is_quantized(weights) and len(weights.scales) > 1:
        channel_factors(node, len(weights.scales))


def transpose_conv(node: Node) -> None:
    """TRANSPOSE_CONV: inputs are shape, weights, input, bias."""
    weights, source = node.needs(node.input(1), "weights"), node.needs(node.input(2), "input")
    output, bias = node.needs(node.output(), "output"), node.input(3)
    node.temporaries("o0 i2 i1")
    channel_factors(node, node.shape(weights, rank=4)[0])
    if source.dtype in _INTEGERS:
        node.scratch(node.count(output) * (4 if source.dtype == "int8" else 8), "accumulators")
    if source.dtype != "float32":
        node.temporaries("i2 i1 i3 o0")
        if source.dtype == "int16" and bias is not None and bias.dtype == "int16":
            node.scratch(8 * node.count(bias), "converted bias")


def softmax(node: Node) -> None:
    """SOFTMAX: two look-up tables for int16."""
    node.temporaries("i0 o0")
    if node.needs(node.input(0), "input").dtype == "int16":
        node.data(_LUT_BYTES, "look-up table")
        node.data(_LUT_BYTES, "look-up table")


def log_softmax(node: Node) -> None:
    """LOG_SOFTMAX."""
    node.temporaries("i0 o0")
    if node.needs(node.input(0), "input").dtype == "int8":
        node.structure("LOG_SOFTMAX.data")


def cumsum(node: Node) -> None:
    """CUMSUM."""
    node.temporaries("i0 i1 o0")
    if node.needs(node.output(), "output").dtype == "int8":
        node.structure("CUMSUM.data")


def add_n(node: Node) -> None:
    """ADD_N: pointers to its inputs."""
    count, output = len(node.operator.inputs), node.needs(node.output(), "output")
    node.temporaries("i0 o0")
    node.temporaries(" ".join(f"i{number}" for number in range(1, count)))
    if output.dtype == "int8":
        node.structure("ADD_N.data")
    node.scratch(count * node.layout.size("pointer"), "pointers to inputs")


def mirror_pad(node: Node) -> None:
    """MIRROR_PAD: elements per dimension of output and input."""
    node.temporaries("i0 i1 o0")
    for _ in range(2):
        node.scratch(4 * len(node.shape(node.needs(node.input(0), "input"))), "elements per dimension")


def _reduce_simple(node: Node) -> None:
    node.temporaries("i0 i1")
    if node.needs(node.input(0), "input").dtype == "int8":
        node.temporaries("o0")


def _reduce_scratch(node: Node) -> None:
    node.scratch(4 * len(node.shape(node.needs(node.input(0), "input"))), "position in the input")
    node.scratch(4 * node.count(node.needs(node.input(1), "axes")), "resolved axes")


def reduce(node: Node) -> None:
    """REDUCE_MAX, REDUCE_MIN, REDUCE_ALL."""
    _reduce_simple(node)
    node.temporaries("i0 o0 i1")
    _reduce_scratch(node)


def mean_or_sum(node: Node) -> None:
    """MEAN, SUM: integers add up in int32."""
    node.temporaries("i0 o0 i1")
    if node.needs(node.input(0), "input").dtype in _INTEGERS:
        node.scratch(4 * node.count(node.needs(node.output(), "output")), "accumulators")
    _reduce_scratch(node)
    _reduce_simple(node)


def svdf(node: Node) -> None:
    """SVDF: its state is a variable tensor, planned by the interpreter."""
    node.temporaries("i0 i1 i2 i3 i4 o0")
    source, features = node.needs(node.input(0), "input"), node.needs(node.input(1), "feature weights")
    batch, filters = node.shape(source, rank=2)[0], node.shape(features, rank=1)[0]
    node.scratch(4 * batch * filters, "filter results")
    if source.dtype == "int8":
        rank = max(node.options(SvdfOptions).rank, 1)
        node.scratch(4 * batch * (filters // rank), "output accumulators")


def lstm(node: Node) -> None:
    """UNIDIRECTIONAL_SEQUENCE_LSTM: four buffers as large as the state."""
    node.temporaries(" ".join(f"i{number}" for number in range(24)) + " o0")
    lstm_buffers(node, 4)


def lstm_buffers(node: Node, count: int) -> None:
    """Scratch buffers of an LSTM. Inputs 18 and 19 are the hidden state and the cell state."""
    hidden, cell = node.needs(node.input(18), "hidden state"), node.needs(node.input(19), "cell state")
    size_bytes = prod(node.shape(hidden, rank=2)[:2]) * TYPE_BYTES.get(cell.dtype, 4)
    for _ in range(count):
        node.scratch(size_bytes, "gates")


def batch_matmul(node: Node) -> None:
    """BATCH_MATMUL: operands that must be transposed are copied for good."""
    node.temporaries("i0 i1 o0")
    left, right = node.needs(node.input(0), "left operand"), node.needs(node.input(1), "right operand")
    if left.dtype in _INTEGERS:
        node.structure("BATCH_MATMUL.quantization")
    options = node.options(BatchMatmulOptions)
    if options.adjoint_x:
        transposed_operand(node, left)
    if not options.adjoint_y:
        transposed_operand(node, right)
    node.set_shape(node.shape(node.needs(node.output(), "output")))


def transposed_operand(node: Node, tensor: Tensor) -> None:
    """Description, shape and values of a transposed operand."""
    shape = node.shape(tensor)
    node.structure("TfLiteEvalTensor", "transposed operand")
    node.data(node.layout.size("TfLiteIntArray") + 4 * len(shape), "transposed operand")
    node.data(prod(shape) * TYPE_BYTES.get(tensor.dtype, 4), "transposed operand", is_filled=False)


def var_handle(node: Node) -> None:
    """VAR_HANDLE: its output points into the kernel's own data."""
    options, output = node.options(VarHandleOptions), node.needs(node.output(), "output")
    place = (node.graph.index, output.index)
    variables = node.graphs.variables
    node.graphs.handles[place] = variables.setdefault((options.container, options.shared_name), len(variables))
    node.graphs.has_data.add(place)


def assign_variable(node: Node) -> None:
    """ASSIGN_VARIABLE: the first one to a variable takes the variable's memory."""
    node.temporaries("i1")
    handle, value = node.needs(node.input(0), "variable"), node.needs(node.input(1), "value")
    number = node.graphs.handles.get((node.graph.index, handle.index))
    if number is not None and number not in node.graphs.stored:
        node.graphs.stored.add(number)
        node.data(node.graphs.size_bytes(node.graph, value.index), "resource variable")


def detection_postprocess(node: Node) -> None:
    """TFLite_Detection_PostProcess: inputs are boxes, class scores and anchors."""
    node.temporaries("i0 i1 i2")
    boxes, scores = node.needs(node.input(0), "boxes"), node.needs(node.input(1), "scores")
    count, options = node.shape(boxes, rank=2)[1], flexbuffer_integers(node.operator.custom_options)
    if "max_detections" not in options or "num_classes" not in options:
        node.say_unknown("its options cannot be read; its scratch buffers are not counted")
        return
    detections, classes = options["max_detections"], options["num_classes"]
    numbers = prod(node.shape(scores, rank=3)[1:3])
    sizes = (count, 16 * count, 4 * numbers, 4 * count, 4 * count, 4 * detections * count, 4 * detections * count,
             4 * count, 4 * detections * count, 4 * max(classes, detections) * count,
             4 * min(count, detections) * count)  # fmt: skip
    for size_bytes in sizes:
        node.scratch(size_bytes, "boxes, scores and indices")


FUNCTIONS: dict[str, Callable[[Node], None]] = {
    function.__name__: function
    for function in (
        add_n, assign_variable, batch_matmul, conv, cumsum, depthwise_conv, detection_postprocess, embedding_lookup,
        fully_connected, gather, l2_pool, log_softmax, lstm, mean_or_sum, mirror_pad, reduce, reshape, same_shape,
        softmax, svdf, transpose_conv, var_handle,
    )
}  # fmt: skip
"""By the name that the table of kernels calls them."""
