"""Memory of the signal library's operators (signal/micro/kernels), which come as custom operators.

Their options are FlexBuffer maps. What cannot be read is said by name.
"""

from __future__ import annotations

from collections.abc import Callable

from tinygate.arena.flexbuffer import flexbuffer_integers
from tinygate.arena.node import Node
from tinygate.errors import ModelFileError

_SAMPLE_BYTES = {0: 4, 2: 4, 7: 2}  # by TensorType: float32, int32, int16


def _option(node: Node, name: str) -> int:
    options = flexbuffer_integers(node.operator.custom_options)
    if name not in options or options[name] < 0:
        raise ModelFileError(f"{node}: its options have no {name}. Export the model again.")
    return options[name]


def _rows(node: Node, inner_dimensions: int = 1) -> int:
    """Return the product of all dimensions but the innermost."""
    source = node.needs(node.input(0), "input")
    shape = node.shape(source, rank=inner_dimensions)
    rows = 1
    for size in shape[: len(shape) - inner_dimensions]:
        rows *= size
    return rows


def _inner(node: Node) -> int:
    return node.shape(node.needs(node.input(0), "input"), rank=1)[-1]


def _circular_buffers(node: Node, rows: int, capacity: int) -> None:
    pointer = node.layout.size("pointer")
    node.data(rows * pointer, "operator data")
    node.data(rows * pointer, "operator data")
    for _ in range(rows):
        node.data(node.layout.size("CircularBuffer") + 4 * capacity, "circular buffer")


def signal_delay(node: Node) -> None:
    """SignalDelay."""
    node.temporaries("i0 o0")
    _circular_buffers(node, _rows(node), _inner(node) + _option(node, "delay_length"))


def signal_framer(node: Node) -> None:
    """SignalFramer."""
    node.temporaries("i0 o0 o1")
    step = max(_option(node, "frame_step"), 1)
    _circular_buffers(node, _rows(node), -(-_option(node, "frame_size") // step) * step)


def signal_overlap_add(node: Node) -> None:
    """SignalOverlapAdd."""
    node.temporaries("i0 o0")
    rows = _rows(node, inner_dimensions=2)
    node.data(rows * node.layout.size("pointer"), "operator data")
    for _ in range(rows):
        node.data(_inner(node) * _sample_bytes(node), "overlap")


def signal_filter_bank_init(node: Node) -> None:
    """SignalFilterBank."""
    node.structure(node.operator.name)
    node.data(8 * (_option(node, "num_channels") + 1), "filter bank")


def signal_spectral_subtraction_init(node: Node) -> None:
    """SignalFilterBankSpectralSubtraction."""
    node.structure(node.operator.name)
    node.data(4 * _option(node, "num_channels"), "noise estimate")


def signal_stacker_init(node: Node) -> None:
    """SignalStacker."""
    node.structure(node.operator.name)
    frames = _option(node, "stacker_left_context") + _option(node, "stacker_right_context") + 1
    capacity = _option(node, "num_channels") * frames
    node.data(node.layout.size("CircularBuffer") + 4 * capacity, "circular buffer")


def signal_rfft_init(node: Node) -> None:
    """SignalRfft."""
    node.structure(node.operator.name)
    node.data(_fft_bytes(node), "twiddle factors")


def signal_irfft_init(node: Node) -> None:
    """SignalIrfft: for floats, a length and a pointer more."""
    node.structure(node.operator.name)
    more = node.layout.size("IrfftFloatState") if _option(node, "T") == 0 else 0
    node.data(more + _fft_bytes(node), "twiddle factors")


def signal_rfft(node: Node) -> None:
    """SignalRfft."""
    node.temporaries("i0 o0")
    node.scratch(_option(node, "fft_length") * _sample_bytes(node), "windowed samples")


def _sample_bytes(node: Node) -> int:
    kind = _option(node, "T")
    if kind not in _SAMPLE_BYTES:
        raise ModelFileError(f"{node}: samples of type {kind} are unknown. Export the model again.")
    return _SAMPLE_BYTES[kind]


def _fft_bytes(node: Node) -> int:
    """Return the size of KISS FFT's state for real samples."""
    half, complex_bytes = _option(node, "fft_length") // 2, 2 * _sample_bytes(node)
    state = node.layout.size("kiss_fft_state") + complex_bytes * half
    return node.layout.size("kiss_fftr_state") + state + complex_bytes * (half * 3 // 2)


FUNCTIONS: dict[str, Callable[[Node], None]] = {
    function.__name__: function
    for function in (
        signal_delay, signal_filter_bank_init, signal_framer, signal_irfft_init, signal_overlap_add, signal_rfft,
        signal_rfft_init, signal_spectral_subtraction_init, signal_stacker_init,
    )
}  # fmt: skip
"""By the name that the table of kernels calls them."""
