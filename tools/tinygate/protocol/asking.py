"""What can be asked of a device, and is queued: requests, windows of every kind, a test set to be kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tinygate.errors import LinkError, TargetError
from tinygate.protocol.batches import (
    infer_raw_requests,
    infer_requests,
    kept_raw_requests,
    kept_requests,
    room_bytes,
)
from tinygate.protocol.hello import Hello
from tinygate.protocol.outbox import Outbox
from tinygate.protocol.packing import keep_requests
from tinygate.protocol.schema import Message


class Asking:
    """The part of a host session that queues."""

    hello: Hello | None
    _outbox: Outbox

    def write_frames(self, framed: bool) -> None:
        """Write requests as frames from now on, or as lines; which of them arrive is for the caller to find out."""
        self._outbox.write_frames(framed)

    def settled(self) -> None:
        """Note that the line stays as it is now: what it did to what was sent before says nothing of it."""
        self._outbox.settled()

    def resend(self) -> None:
        """Send again what was sent longest ago and is not answered."""
        self._outbox.lose_oldest()

    def request(self, *messages: Message) -> None:
        """Queue requests; they are sent in order, as credit allows, once the session is open."""
        self._outbox.add(messages)

    def infer(self, windows: Iterable[bytes], first: int = 0, resets: Collection[int] | None = None) -> None:
        """Queue windows, each the raw little-endian bytes of all input tensors, numbered from `first`.

        `resets` are the numbers of the windows before which the model's state is reset; None for all of them.
        """
        if self.hello is None:
            raise LinkError("infer before the device said hello: open the session and wait for the answer first")
        if not self.hello.inputs:
            raise TargetError(f"the device has no usable model: its model_status is {self.hello.model_status}")
        self._outbox.add(infer_requests(windows, first, self.hello, resets, self._room))

    def infer_raw(
        self,
        windows: Iterable[tuple[bytes, int]],
        first: int = 0,
        resets: Collection[int] | None = None,
        *,
        inputs: bool = False,
    ) -> None:
        """Queue windows as the sensor gives them, little-endian, each with its settings' word, numbered from `first`.

        `inputs` asks for what the model was given itself, and not for its checksum; `resets` as for `infer`.
        """
        if self.hello is None:
            raise LinkError("infer_raw before the device said hello: open the session and wait for the answer first")
        self._outbox.add(infer_raw_requests(windows, first, self.hello, resets, self._room, inputs))

    def _room(self) -> int:
        assert self.hello is not None
        return room_bytes(self.hello, self._outbox.is_framed, self._outbox.best_line_bytes)

    def keep(self, content: bytes, have: int) -> None:
        """Queue what is missing of a test set that the device shall keep and has `have` bytes of."""
        assert self.hello is not None
        self._outbox.add(keep_requests(content, have, self.hello.data_bytes, self._room))

    def infer_kept(self, count: int, resets: Collection[int] | None = None) -> None:
        """Queue the windows of the test set that the device keeps."""
        assert self.hello is not None
        self._outbox.add(kept_requests(count, self.hello, resets))

    def infer_raw_kept(self, settings: Iterable[int], resets: Collection[int] | None = None) -> None:
        """Queue the raw windows that the device keeps, one for each settings' word."""
        assert self.hello is not None
        self._outbox.add(kept_raw_requests(settings, self.hello, resets))
