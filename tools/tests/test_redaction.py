"""No secret survives where text from outside is shown or kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_board import FakeBoard, measured

from tinygate import redaction
from tinygate.board.console import plain
from tinygate.board.log import redact_log
from tinygate.errors import TargetError
from tinygate.redaction import redact
from tinygate.report import sanitize
from tinygate.store import journal
from tinygate.verdict import Finding, Verdict

TOKEN = "gh" + "p_" + "0123456789abcdefghijABCDEFGHIJ012345"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"panic with {TOKEN} in it", "panic with [redacted] in it"),
        ("wifi: password=hunter22 ok", "wifi: password=[redacted] ok"),
        ('mqtt_token: "a b c", next', "mqtt_token: [redacted], next"),
        ("GET https://user:pa55word@host/x", "GET https://user:[redacted]@host/x"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [redacted]"),
        ("key AKIA" + "ABCDEFGHIJKLMNOP end", "key [redacted] end"),
        ("a token was lost, 3 tokens", "a token was lost, 3 tokens"),
        ("I (300) app: ready", "I (300) app: ready"),
    ],
)
def test_secrets_go_and_words_stay(text: str, left: str) -> None:
    assert redact(text) == left
    assert sanitize.plain(text) == left
    assert plain(text) == left


def test_values_of_this_processs_own_secrets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_API_KEY", "correct-horse")
    monkeypatch.setenv("LAB_TOKEN_COUNT", "3")
    redaction._own_secrets.cache_clear()
    try:
        assert redact("3 said correct-horse") == "3 said [redacted]"
    finally:
        monkeypatch.undo()
        redaction._own_secrets.cache_clear()


def test_a_token_in_a_panic_is_in_no_sentence() -> None:
    text = f"assert failed: wifi_connect {TOKEN} main.c:3\r\n".encode()
    with pytest.raises(TargetError) as caught:
        measured(FakeBoard(before={3: text}))
    assert TOKEN not in str(caught.value)
    assert "[redacted] main.c:3" in str(caught.value)


def test_a_journal_keeps_none(tmp_path: Path) -> None:
    finding = Finding("m", "v", "host", "run", "f", 1, "", Verdict.FAIL, "x", f"the console says {TOKEN}")
    journal.append(tmp_path / "j.jsonl", finding)
    assert json.loads((tmp_path / "j.jsonl").read_text())["reason"] == "the console says [redacted]"


def test_a_log_keeps_none_and_its_records_whole(tmp_path: Path) -> None:
    record = b"@TG3 R 4 00c0ffee infer data=token=abcdef *00000000\r\n"
    (tmp_path / "console.log").write_bytes(b"wifi token=abcdef\r\n\xff\r\n" + record)
    redact_log(tmp_path / "console.log")
    assert (tmp_path / "console.log").read_bytes() == b"wifi token=[redacted]\r\n\xff\r\n" + record
