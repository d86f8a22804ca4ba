"""The page that a person opens: verdict first, nothing but text and shapes, small, readable on light and dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tools.tests.report.examples import HOSTILE, LOST, OVER_BUDGET, UNDECIDED, drawn, finding, run

from tinygate.report import page
from tinygate.report.changes import Change, Comparison
from tinygate.report.comment import to_comment
from tinygate.report.facts import facts_of
from tinygate.report.summary import Summary
from tinygate.verdict import Finding, Verdict

VOID = {"meta", "link", "line", "rect", "circle", "br"}
CSS = Path(page.__file__).with_name("templates") / "page.css.jinja"


class Reader(HTMLParser):
    """Collects text and elements, and holds that every element is closed where it was opened."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["title"]) and data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)


def read(summary: Summary, *comparisons: Comparison) -> Reader:
    return Reader(page.to_html(facts_of(summary, comparisons), "runs/1/").decode())


@pytest.mark.parametrize(
    ("found", "verdict", "said"),
    [
        (OVER_BUDGET, "✗ FAIL", "kws int8 on esp32: arena used is 4,060 bytes, 1.5 % over its budget of 4,000 bytes"),
        (LOST, "! ERROR", "kws int8 on esp32: not measured: the board cannot be reached or flashed"),
        (UNDECIDED, "? INCONCLUSIVE", "kws int8 on host: loses 0.60 points of accuracy to float32"),
    ],
)
def test_it_begins_with_the_verdict_what_failed_why_whose_job_and_what_to_do(
    found: Finding, verdict: str, said: str
) -> None:
    texts = read(run(*drawn(), found)).texts
    assert texts[0] == verdict
    assert texts[2].startswith(said)
    assert [texts[texts.index(head)] for head in ("Why", "Whose job", "First step")]
    assert texts.index("First step") < 12
    assert found.reason.lower() in texts[texts.index("Why") + 1].lower()


def test_a_green_night_says_so_and_asks_for_nothing() -> None:
    found = read(run(*drawn(), variants=3))
    assert found.texts[0] == "✓ PASS"
    assert "All 3 variants of kws keep all that is demanded on the host and on esp32" in found.texts
    assert "Whose job" not in found.texts


def test_everything_that_a_finding_rests_on_is_drawn() -> None:
    text = read(run(*drawn())).text
    for title in (
        ".tflite, bytes", "arena used, bytes", "Inference time", "accuracy, %", "accuracy lost to float32, points",
        "Confusion matrix, host", "Weights, int8", "Signal over noise by layer", "Profile, ticks by operator",
        "What the board printed last",
    ):  # fmt: skip
        assert title in text


def test_text_from_outside_stays_text_wherever_it_stands() -> None:
    hostile = replace(OVER_BUDGET, reason=HOSTILE, note=HOSTILE, file=HOSTILE, variant=HOSTILE)
    plain = read(run(*drawn(), replace(OVER_BUDGET, note="a note"), notices=("a notice",)), change("a change"))
    found = read(run(*drawn(HOSTILE), hostile, notices=(HOSTILE,)), change(HOSTILE))
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in plain.elements}
    assert not [name for _, attrs in found.elements for name in attrs if name.startswith("on")]
    assert "<script>alert(1)</script>" in found.text
    assert "{{ 7*7 }}" in found.text
    assert not {"\x1b", "\x00", "\u202e"} & set(found.text)


def change(text: str) -> Comparison:
    return Comparison("What changed", text, (Change(text, text, text, text, text, better=False),))


def test_it_asks_nothing_of_the_network_and_runs_nothing() -> None:
    found = read(run(*drawn(), LOST))
    assert not {tag for tag, _ in found.elements} & {"script", "img", "iframe", "object", "embed", "form", "base"}
    links = [value for _, attrs in found.elements for name, value in attrs.items() if name in ("href", "src", "action")]
    assert sorted(map(str, links)) == ["data:,", "runs/1/"]
    policy = next(attrs["content"] for _, attrs in found.elements if "http-equiv" in attrs)
    assert str(policy).startswith("default-src 'none'")
    assert not re.search(r"url\(|@import|https?:", CSS.read_text(encoding="utf-8"))


def test_what_changed_against_the_base_stands_above_the_figures() -> None:
    text = read(run(*drawn()), change("a change")).text
    assert text.index("What changed") < text.index("Every variant")
    assert "worse" in text


@pytest.mark.parametrize("verdict", [Verdict.PASS, Verdict.FAIL])
def test_it_is_small_however_much_there_is_to_say(verdict: Verdict) -> None:
    many = tuple(finding(f"figure_{n}", n, verdict=verdict, reason=f"{n} " + "x" * 300) for n in range(100))
    document = page.to_html(facts_of(run(*drawn(), *many, variants=200)))
    assert len(document) <= page.MOST_BYTES
    assert "Every variant" in Reader(document.decode()).text


def test_what_does_not_fit_is_counted() -> None:
    summary = run(replace(OVER_BUDGET, reason="<" * 2000), variants=3000)
    document = page.to_html(facts_of(summary))
    assert len(document) <= page.MOST_BYTES
    assert re.search(r"too much for one page: \d+ more lines are in report.md", Reader(document.decode()).text)


def test_comment_and_page_say_the_same() -> None:
    facts = facts_of(run(*drawn(), OVER_BUDGET, UNDECIDED, LOST), [change("a change")])
    shown, comment = Reader(page.to_html(facts).decode()).text, without_markup(to_comment(facts, "report.md"))
    assert facts.headline in shown
    assert facts.headline in comment
    assert len(facts.problems) == 3
    for problem in facts.problems:
        for part in (problem.claim, problem.advice.first_step.replace("`", "")):
            assert part in shown.replace(" .", ".").replace(" ,", ",")
            assert part in comment
        assert problem.advice.who in comment
        assert problem.advice.who[1:] in shown


def without_markup(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text.replace("`", "")).replace("&lt;", "<")


def test_a_run_without_a_verdict_says_so() -> None:
    found = Reader(page.no_verdict(f"The run has not ended {HOSTILE}").decode())
    assert found.texts[0] == "? No verdict"
    assert "The run has not ended" in found.text
    assert "PASS" not in found.text


def schemes() -> Iterator[dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS.read_text(encoding="utf-8"), re.DOTALL)
    for block in (light, dark):
        yield dict(re.findall(r"--([\w-]+): (#\w{6});", block))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", list(schemes()), ids=["light", "dark"])
def test_text_and_shapes_stand_out_on_what_is_behind_them(colours: dict[str, str]) -> None:
    backs = ["paper", "card", "pass-back", "fail-back", "error-back", "inconclusive-back"]
    pairs = [(ink, back) for ink in ("ink", "soft") for back in backs]
    pairs += [(name, f"{name}-back") for name in ("pass", "fail", "error", "inconclusive")]
    pairs += [(ink, back) for ink in ("fail", "error", "inconclusive", "pass", "link") for back in ("paper", "card")]
    weak = {pair: round(contrast(colours[pair[0]], colours[pair[1]]), 2) for pair in pairs}
    assert not {pair: found for pair, found in weak.items() if found < 4.5}
    assert all(contrast(colours[shape], colours["card"]) >= 3 for shape in ("bar", "mark"))
