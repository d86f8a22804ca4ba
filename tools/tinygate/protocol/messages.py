"""Every request and reply as a frozen dataclass; docs/protocol.md says what each field means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tinygate.protocol.hello import Hello
from tinygate.protocol.line_messages import (
    PACKING,
    Keep,
    KeepRequest,
    Loopback,
    LoopbackRequest,
    Rate,
    RateRequest,
    Store,
    StoreRequest,
)
from tinygate.protocol.raw_messages import InferRaw, InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.values import (
    U32,
    U64,
    Codec,
    Data,
    Hex32,
    NameList,
    TextValue,
    U32List,
)
from tinygate.protocol.words import Application, ErrorCode, Packing, Reset

# Requests: host → device


@dataclass(frozen=True)
class HelloRequest(Message):
    """Open a session: the nonce of this request is the one that counts from now on."""

    KIND = "hello"


@dataclass(frozen=True)
class BenchRequest(Message):
    """Invoke `warmup` times untimed, then `invocations` times timed, on the last inferred window (zeros after boot).

    State is reset before the first invocation and after the last. The application is set going before, and idle
    afterwards, if it shall be `running`.
    """

    KIND = "bench"
    warmup: U32
    invocations: U32
    application: Annotated[Application, Codec("application", str, Application)] | None = None


@dataclass(frozen=True)
class ArenaRequest(Message):
    """Ask for the arena's figures."""

    KIND = "arena"


@dataclass(frozen=True)
class InferRequest(Message):
    """Whole windows (offset 0), or a piece of one window (count 1) that begins at byte `offset`.

    Attributes:
        first: index of the first window in the host's numbering.
        count: number of windows.
        offset: bytes of the window sent before this piece.
        data: raw little-endian input tensors: all of a window, then all of the next; none for kept windows.
        reset: before which windows the state is reset, None for none of them; of pieces the last one's counts.
    """

    KIND = "infer"
    first: U32
    count: U32
    offset: U32
    data: Data = b""
    reset: Annotated[Reset, Codec("reset", str, Reset)] | None = None
    packing: Annotated[Packing, PACKING] | None = None


@dataclass(frozen=True)
class ProfileRequest(Message):
    """Invoke once with the profiler attached; state is reset before and after."""

    KIND = "profile"


@dataclass(frozen=True)
class HealthRequest(Message):
    """Ask for stack and heap low water and for counted link faults."""

    KIND = "health"


@dataclass(frozen=True)
class LayoutRequest(Message):
    """Ask for sizeof and alignof of the structures that live in the arena."""

    KIND = "layout"


@dataclass(frozen=True)
class RestartRequest(Message):
    """Reset by software after answering; `arena_bytes` is the arena's size for that one boot."""

    KIND = "restart"
    arena_bytes: U32 | None = None


# Replies: device → host


@dataclass(frozen=True)
class Bench(Message):
    """Raw samples; without `cycles` and `latency_us` the board cannot know time (hello says timing=none)."""

    KIND = "bench"
    warmup: U32
    invocations: U32
    input_crc32: Hex32
    empty_cycles: U32 | None = None
    cycles: U32List = ()
    latency_us: U32List = ()
    application: Annotated[Application, Codec("application", str, Application)] | None = None


@dataclass(frozen=True)
class Arena(Message):
    """The interpreter's arena; `pointer_bits` is 32 on a chip and 64 in a process of a PC."""

    KIND = "arena"
    used_bytes: U32
    configured_bytes: U32
    pointer_bits: U32
    head_bytes: U32 | None = None
    tail_bytes: U32 | None = None


@dataclass(frozen=True)
class Infer(Message):
    """Raw little-endian output tensors of windows `first` … `first + count - 1`; count 0 acknowledges a piece.

    All outputs of a window, then all of the next. `input_crc32` is of the inputs of kept windows.
    """

    KIND = "infer"
    first: U32
    count: U32
    data: Data = b""
    input_crc32: Hex32 | None = None


@dataclass(frozen=True)
class Profile(Message):
    """Operators in the order they ran; no `ticks` when the board cannot know time."""

    KIND = "profile"
    operators: NameList = ()
    ticks: U32List = ()


@dataclass(frozen=True)
class Health(Message):
    """Low-water marks since boot (0: not known), and link faults the device saw.

    Attributes:
        heap_total_bytes: size of the heap.
        own_heap_bytes: what answering takes of it, without the arena: no application that ships has it.
        tasks, task_stack_free_bytes: parallel: every task by name.
    """

    KIND = "health"
    uptime_us: U64
    stack_bytes: U32
    stack_min_free_bytes: U32
    heap_free_bytes: U32
    heap_min_free_bytes: U32
    heap_largest_free_bytes: U32
    rejected_records: U32
    receive_overflows: U32
    heap_total_bytes: U32 | None = None
    own_heap_bytes: U32 | None = None
    tasks: NameList = ()
    task_stack_free_bytes: U32List = ()


@dataclass(frozen=True)
class Layout(Message):
    """sizeof and alignof per type, in bytes; `names`, `sizes` and `alignments` are parallel."""

    KIND = "layout"
    names: NameList = ()
    sizes: U32List = ()
    alignments: U32List = ()


@dataclass(frozen=True)
class Restart(Message):
    """The device is about to restart."""

    KIND = "restart"


@dataclass(frozen=True)
class Error(Message):
    """A request that was not carried out: a code for programs and a sentence for people."""

    KIND = "error"
    code: Annotated[ErrorCode, Codec("code", str, ErrorCode)]
    detail: TextValue


REQUESTS: dict[str, type[Message]] = {
    cls.KIND: cls
    for cls in (
        HelloRequest,
        BenchRequest,
        ArenaRequest,
        InferRequest,
        InferRawRequest,
        ProfileRequest,
        HealthRequest,
        LayoutRequest,
        RestartRequest,
        LoopbackRequest,
        RateRequest,
        StoreRequest,
        KeepRequest,
    )
}
REPLIES: dict[str, type[Message]] = {
    cls.KIND: cls
    for cls in (
        Hello,
        Bench,
        Arena,
        Infer,
        InferRaw,
        Profile,
        Health,
        Layout,
        Restart,
        Loopback,
        Rate,
        Store,
        Keep,
        Error,
    )
}
