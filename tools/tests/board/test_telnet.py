"""Telnet's commands leave the stream, data stay whole, however the bytes were cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tinygate.board.urlhandler.telnet import DO, IAC, SB, SE, WILL, TelnetStream

OPTION = st.binary(min_size=1, max_size=1)
ITEM = (
    st.tuples(st.just("data"), st.binary(max_size=20))
    | st.tuples(st.sampled_from([DO, WILL]), OPTION)
    | st.tuples(st.just("sub"), st.binary(max_size=8))
)


def written(item: tuple[object, bytes]) -> bytes:
    kind, content = item
    escaped = content.replace(IAC, IAC + IAC)
    if kind == "data":
        return escaped
    return IAC + SB + escaped + IAC + SE if kind == "sub" else IAC + bytes(kind) + content  # type: ignore[call-overload]


@given(st.lists(ITEM, max_size=8), st.lists(st.integers(0, 200), max_size=6))
@settings(deadline=None)
def test_what_was_written_is_read(items: list[tuple[object, bytes]], cuts: list[int]) -> None:
    commands: list[tuple[object, bytes]] = []
    stream = TelnetStream(lambda *seen: commands.append(seen), lambda option: commands.append(("sub", option)))
    line = b"".join(map(written, items))
    edges = [0, *sorted(cut for cut in cuts if cut < len(line)), len(line)]
    data = b"".join(stream.feed(line[start:end]) for start, end in pairwise(edges))
    assert data == b"".join(content for kind, content in items if kind == "data")
    assert commands == [item for item in items if item[0] != "data"]


def test_an_end_without_a_beginning_and_other_commands_are_nothing() -> None:
    stream = TelnetStream(lambda *_: 1 / 0, lambda _: 1 / 0)
    assert stream.feed(b"a" + IAC + SE + b"b" + IAC + b"\xf1" + b"c") == b"abc"
