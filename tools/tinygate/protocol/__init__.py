"""The device protocol, sans-IO: bytes in and events out, no clock and no port (docs/protocol.md)."""

from tinygate.protocol.batches import INPUT_CRC_BYTES, WindowAssembly
from tinygate.protocol.decoder import Decoder
from tinygate.protocol.device import DeviceSession, Incoming
from tinygate.protocol.events import Answer, BootChangedError, Ready, RefusedError, UnansweredError
from tinygate.protocol.framing import Damaged, Event, Record, Text, encode
from tinygate.protocol.greeting import fresh_nonce
from tinygate.protocol.hello import PROTOCOL_VERSION, Hello, Tensor, tensor_lists
from tinygate.protocol.line_messages import (
    Keep,
    KeepRequest,
    Loopback,
    LoopbackRequest,
    Rate,
    RateRequest,
    Store,
    StoreRequest,
)
from tinygate.protocol.messages import (
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    Error,
    Health,
    HealthRequest,
    HelloRequest,
    Infer,
    InferRequest,
    Layout,
    LayoutRequest,
    Profile,
    ProfileRequest,
    Restart,
    RestartRequest,
)
from tinygate.protocol.raw_messages import InferRaw, InferRawRequest
from tinygate.protocol.schema import Message
from tinygate.protocol.session import HostSession
from tinygate.protocol.words import Application, ErrorCode, Packing, Reset

__all__ = [
    "INPUT_CRC_BYTES",
    "PROTOCOL_VERSION",
    "Answer",
    "Application",
    "Arena",
    "ArenaRequest",
    "Bench",
    "BenchRequest",
    "BootChangedError",
    "Damaged",
    "Decoder",
    "DeviceSession",
    "Error",
    "ErrorCode",
    "Event",
    "Health",
    "HealthRequest",
    "Hello",
    "HelloRequest",
    "HostSession",
    "Incoming",
    "Infer",
    "InferRaw",
    "InferRawRequest",
    "InferRequest",
    "Keep",
    "KeepRequest",
    "Layout",
    "LayoutRequest",
    "Loopback",
    "LoopbackRequest",
    "Message",
    "Packing",
    "Profile",
    "ProfileRequest",
    "Rate",
    "RateRequest",
    "Ready",
    "Record",
    "RefusedError",
    "Reset",
    "Restart",
    "RestartRequest",
    "Store",
    "StoreRequest",
    "Tensor",
    "Text",
    "UnansweredError",
    "WindowAssembly",
    "encode",
    "fresh_nonce",
    "tensor_lists",
]
