"""Every key that a message has is one that a record may carry: hosts refuse a longer one as no record."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from tinygate.protocol.messages import REPLIES, REQUESTS
from tinygate.protocol.schema import Message

KEY = re.compile(r"[a-z][a-z0-9_]{0,23}")
SOURCES = Path(__file__).parents[3] / "firmware" / "components" / "tinygate" / "protocol" / "src"


@pytest.mark.parametrize("message", [*REQUESTS.values(), *REPLIES.values()], ids=lambda message: message.__name__)
def test_every_key_of_a_message_is_lawful(message: type[Message]) -> None:
    assert all(KEY.fullmatch(field.name) for field in dataclasses.fields(message))


def test_every_key_that_the_firmware_writes_is_lawful() -> None:
    written = re.findall(r'out\.\w+\("(\w+)"', (SOURCES / "replies.cpp").read_text(encoding="utf-8"))
    assert len(written) > 50
    assert all(KEY.fullmatch(key) for key in written)
