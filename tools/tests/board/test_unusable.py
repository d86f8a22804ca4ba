"""Why an application cannot use its model: numbers and what to change, in one sentence."""

import dataclasses

from fake_board import HELLO

from tinygate.board.unusable import why_unusable

CONSOLE = (
    "I (300) tinygate: variant x: 65536 bytes of arena",
    "Failed to resize buffer. Requested: 147456, available 60000, missing: 87456",
    "Failed to allocate tail memory. Requested: 16, available 0, missing: 16",
)


def test_the_first_thing_that_was_missing_bounds_a_chips_arena_from_below() -> None:
    hello = dataclasses.replace(HELLO, model_status="arena_too_small", emulated="none", arena_configured_bytes=65536)
    said = why_unusable(hello, "tensors could not be allocated", CONSOLE)
    assert "it needs at least 152992 bytes; 65536 are configured: raise CONFIG_TINYGATE_ARENA_BYTES" in said
    assert why_unusable(hello, "", CONSOLE, "my.key").endswith("raise my.key")
    assert "at least" not in why_unusable(hello, "", ())


def test_other_reasons_have_nothing_to_do_with_an_arena() -> None:
    hello = dataclasses.replace(HELLO, model_status="unknown_operator")
    assert why_unusable(hello, "operator X", CONSOLE).endswith("model_status is unknown_operator (operator X)")
