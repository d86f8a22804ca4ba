"""What a device has carried out and answered: each request is carried out once, however often it comes."""

from __future__ import annotations

from collections import OrderedDict

WINDOW = 32
"""How many requests may be under way from the oldest that is not answered on: one bit each."""


def distance(number: int, origin: int) -> int:
    """Return how far a sequence number lies ahead of another, negative behind it; numbers begin anew at 2^32."""
    return (number - origin + 2**31) % 2**32 - 2**31


class Order:
    """Numbers of the requests that were carried out, since the hello numbered `opened`."""

    def __init__(self, opened: int) -> None:
        self.next = (opened + 1) % 2**32
        self._ahead: set[int] = set()

    def is_done(self, number: int) -> bool:
        """Return whether a request was carried out."""
        return distance(number, self.next) < 0 or number in self._ahead

    def is_within(self, number: int) -> bool:
        """Return whether a request is near enough to be noted, if it may come before those that are missing."""
        return distance(number, self.next) < WINDOW

    def take(self, number: int) -> None:
        """Note a request as carried out."""
        self._ahead.add(number)
        while self.next in self._ahead:
            self._ahead.remove(self.next)
            self.next = (self.next + 1) % 2**32


class ReplyLog:
    """The newest replies as they were sent, at most `capacity` bytes: sent again if their request comes again."""

    def __init__(self, capacity: int) -> None:
        self._room = capacity
        self._replies: OrderedDict[int, bytes] = OrderedDict()

    def put(self, number: int, reply: bytes) -> None:
        """Keep the reply to a request, as long as there is room for it."""
        self._replies[number] = reply
        self._room -= len(reply)
        while self._room < 0 and self._replies:
            self._room += len(self._replies.popitem(last=False)[1])

    def get(self, number: int) -> bytes | None:
        """Return the reply to a request, None if it is not kept any more."""
        return self._replies.get(number)
