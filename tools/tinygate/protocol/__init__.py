"""The device protocol, sans-IO: bytes in and events out, no clock and no port (docs/protocol.md)."""

from tinygate.protocol.batches import WindowAssembly
from tinygate.protocol.device import DeviceSession, Incoming
from tinygate.protocol.events import Answer, BootChangedError, Ready, RefusedError, UnansweredError
from tinygate.protocol.framing import Damaged, Decoder, Event, Record, Text, encode
from tinygate.protocol.hello import PROTOCOL_VERSION, Hello, Tensor, tensor_lists
from tinygate.protocol.messages import (
    Application,
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    Error,
    ErrorCode,
    Health,
    HealthRequest,
    HelloRequest,
    Infer,
    InferRequest,
    Layout,
    LayoutRequest,
    Profile,
    ProfileRequest,
    Reset,
    Restart,
    RestartRequest,
)
from tinygate.protocol.schema import Message
from tinygate.protocol.session import HostSession, fresh_nonce

__all__ = [
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
    "InferRequest",
    "Layout",
    "LayoutRequest",
    "Message",
    "Profile",
    "ProfileRequest",
    "Ready",
    "Record",
    "RefusedError",
    "Reset",
    "Restart",
    "RestartRequest",
    "Tensor",
    "Text",
    "UnansweredError",
    "WindowAssembly",
    "encode",
    "fresh_nonce",
    "tensor_lists",
]
