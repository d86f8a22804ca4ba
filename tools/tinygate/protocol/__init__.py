"""The device protocol, sans-IO: bytes in and events out, no clock and no port (docs/protocol.md)."""

from tinygate.protocol.batches import WindowAssembly
from tinygate.protocol.device import DeviceSession, Incoming
from tinygate.protocol.events import Answer, BootChangedError, Ready, RefusedError
from tinygate.protocol.framing import Damaged, Decoder, Event, Record, Text, encode
from tinygate.protocol.messages import (
    Arena,
    ArenaRequest,
    Bench,
    BenchRequest,
    Error,
    ErrorCode,
    Health,
    HealthRequest,
    Hello,
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
from tinygate.protocol.schema import Message
from tinygate.protocol.session import HostSession, fresh_nonce

__all__ = [
    "Answer",
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
    "Restart",
    "RestartRequest",
    "Text",
    "WindowAssembly",
    "encode",
    "fresh_nonce",
]
