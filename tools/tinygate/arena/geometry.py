"""Sizes of a convolution, as the kernel libraries' scratch formulas take them."""

from __future__ import annotations

from dataclasses import dataclass

from tinygate.arena.node import Node
from tinygate.tflite.options import Conv2DOptions, DepthwiseConv2DOptions


@dataclass(frozen=True)
class Plane:
    """Rows, columns and channels of a tensor or filter, or rows and columns of a stride or padding."""

    height: int
    width: int
    channels: int = 0

    @property
    def area(self) -> int:
        """Rows times columns."""
        return self.height * self.width

    @property
    def size(self) -> int:
        """Number of elements."""
        return self.area * self.channels


@dataclass(frozen=True)
class Geometry:
    """A convolution: `batch` images; `filter.channels` is the filter's last dimension."""

    batch: int
    source: Plane
    filter: Plane
    output: Plane
    stride: Plane
    padding: Plane
    dilation: Plane
    multiplier: int = 1


def geometry(node: Node) -> Geometry:
    """Return the sizes of CONV_2D or DEPTHWISE_CONV_2D.

    Raises:
        ModelFileError: a tensor is missing or has not four dimensions.
    """
    source = node.shape(node.needs(node.input(0), "input"), rank=4)
    weights = node.shape(node.needs(node.input(1), "weights"), rank=4)
    output = node.shape(node.needs(node.output(), "output"), rank=4)
    is_depthwise = node.operator.name == "DEPTHWISE_CONV_2D"
    options = node.options(DepthwiseConv2DOptions) if is_depthwise else node.options(Conv2DOptions)
    stride, dilation = Plane(options.stride_h, options.stride_w), Plane(options.dilation_h, options.dilation_w)
    is_same = options.padding == "SAME"
    return Geometry(
        batch=source[0],
        source=Plane(*source[1:4]),
        filter=Plane(*weights[1:4]),
        output=Plane(*output[1:4]),
        stride=stride,
        padding=Plane(
            _padding(is_same, source[1], weights[1], stride.height, dilation.height),
            _padding(is_same, source[2], weights[2], stride.width, dilation.width),
        ),
        dilation=dilation,
        multiplier=options.depth_multiplier if isinstance(options, DepthwiseConv2DOptions) else 1,
    )


def _padding(is_same: bool, size: int, filter_size: int, stride: int, dilation: int) -> int:
    """Return the padding in front: half of what the filter reaches beyond the input."""
    if stride <= 0:
        return 0
    reach = (filter_size - 1) * dilation + 1
    output = (size + stride - 1) // stride if is_same else (size + stride - reach) // stride
    return max((output - 1) * stride + reach - size, 0) // 2
