"""Against the baseline: what is worse is named with what has changed; another configuration is no question it answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_board import FakeBoard, measured

from tinygate.board.evidence import Run
from tinygate.errors import ConfigError
from tinygate.judge.baseline import (
    Judged,
    Timing,
    judge_latency,
    judge_operators,
    judge_sizes,
    looks_slower,
    refusal,
    setup_of_run,
    timing_of,
)
from tinygate.model.baseline import Baseline, Entry, load_baseline, save_baseline
from tinygate.model.folder import Model, Variant, load_model
from tinygate.protocol import Profile
from tinygate.verdict import Finding, Verdict, worst

OPERATORS = ("CONV_2D", "CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX")
TICKS = (120_000, 340_000, 40, 60_000, 2_500)
MHZ = 240
KERNELS = {"kernels": "esp-nn 1.2.3"}
MADE_FROM = {"components": {"espressif/esp-nn": "1.2.3"}, "configuration_sha256": "c" * 64}


@pytest.fixture(scope="module")
def run() -> Run:
    return measured(FakeBoard())


@pytest.fixture
def int8(toy: Model) -> Variant:
    return toy.variant("ptq_int8")


def night(run: Run, count: int, seed: int, slower: dict[int, float] | None = None, **hello: object) -> list[Run]:
    """Boots of one night with a lab's noise; `slower` operators, by number, take as many times the ticks."""
    chance = np.random.default_rng(seed)
    factors = np.ones(len(TICKS))
    for number, factor in (slower or {}).items():
        factors[number] = factor
    return list(_boots(run, count, chance, np.array(TICKS) * factors, hello))


def _boots(
    run: Run, count: int, chance: np.random.Generator, ticks: np.ndarray, hello: dict[str, object]
) -> Iterator[Run]:  # type: ignore[type-arg]
    assert run.bench is not None
    for _ in range(count):
        boot = 1 + 0.003 * chance.standard_normal()
        noise = 1 + 0.001 * chance.standard_normal((21, len(ticks)))
        invocations = (boot * ticks * noise).sum(axis=1) * np.where(chance.random(21) < 0.02, 1.05, 1)
        cycles = tuple(int(cycles) for cycles in invocations)
        bench = dataclasses.replace(run.bench, cycles=cycles, latency_us=tuple(c // MHZ for c in cycles))
        profile = Profile(OPERATORS, tuple(int(t) for t in boot * ticks * noise[0]))
        yield dataclasses.replace(
            run, bench=bench, profile=profile, hello=dataclasses.replace(run.hello, cpu_mhz=MHZ, **hello)
        )


def entry_of(boots: list[Run]) -> Entry:
    timing, setup = timing_of(boots), setup_of_run(boots[0], MADE_FROM)
    return Entry(
        run="night", conditions=dict(setup.conditions), parts=dict(setup.parts), operators=OPERATORS,
        figures={"arena_used_bytes": 3660}, latency_us=timing.latency_us, ticks=timing.ticks,
    )  # fmt: skip


def judged_night(entry: Entry, first: list[Run], fresh: list[Run], int8: Variant, **made_from: object) -> list[Finding]:
    """What the gate makes of a night, as the plugin measures it: fresh boots only where the first look slower."""
    looked = looks_slower(entry, first, 1.0)
    now = setup_of_run(first[0], MADE_FROM | made_from)
    judged = Judged(entry, timing_of(first), timing_of(fresh) if looked else None, entry.timed, now)
    return [judge_latency(int8, "esp32", judged), *judge_operators(int8, "esp32", judged)]


def test_a_night_like_the_baseline_is_green(run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 20, 1))
    found = judged_night(entry, night(run, 5, 2), night(run, 5, 3), int8)
    assert worst(f.verdict for f in found if f.verdict) is Verdict.PASS


@pytest.mark.parametrize("number", range(len(OPERATORS)))
def test_a_component_that_doubles_one_operator_is_red_the_same_night_and_both_are_named(
    number: int, run: Run, int8: Variant
) -> None:
    entry = entry_of(night(run, 20, 1, **KERNELS))
    bump = {"kernels": "esp-nn 1.2.6"}
    first, fresh = (night(run, 5, seed, {number: 2.0}, **bump) for seed in (2, 3))
    found = judged_night(entry, first, fresh, int8, components={"espressif/esp-nn": "1.2.6"})
    red = [f for f in found if f.verdict is Verdict.FAIL and f.figure.startswith("ticks of")]
    name = OPERATORS[number] + (" #2" if number == 1 else "")
    assert [f.figure for f in red] == [f"ticks of {name} against the baseline"]
    sentence = red[0].sentence()
    assert "× 2.0" in sentence
    assert "component espressif/esp-nn: 1.2.3 → 1.2.6" in sentence
    assert "component kernels: esp-nn 1.2.3 → esp-nn 1.2.6" in sentence


def test_an_operator_that_took_no_tick_has_no_factor(run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 20, 1, {2: 0.0}))
    found = judged_night(entry, night(run, 5, 2), night(run, 5, 3), int8)
    (red,) = [f for f in found if f.verdict is Verdict.FAIL]
    assert red.reason.startswith("0 → 4")


def test_three_percent_slower_is_red_and_says_by_how_much_and_that_nothing_known_changed(
    run: Run, int8: Variant
) -> None:
    entry = entry_of(night(run, 20, 1))
    slower = dict.fromkeys(range(len(OPERATORS)), 1.03)
    latency = judged_night(entry, night(run, 5, 2, slower), night(run, 5, 3, slower), int8)[0]
    assert latency.verdict is Verdict.FAIL
    assert latency.reason.startswith(("+2.", "+3."))
    assert "Nothing that is known has changed" in latency.reason


def test_what_fresh_boots_do_not_prove_is_green_and_told(run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 20, 1))
    slower = dict.fromkeys(range(len(OPERATORS)), 1.03)
    latency = judged_night(entry, night(run, 5, 2, slower), night(run, 5, 3), int8)[0]
    assert latency.verdict is Verdict.PASS
    assert "do not prove it" in latency.reason


@pytest.mark.parametrize(("before", "now", "said"), [(20, 4, "5 are needed"), (19, 5, "holds 19 boots")])
def test_too_few_boots_decide_nothing(before: int, now: int, said: str, run: Run, int8: Variant) -> None:
    found = judged_night(entry_of(night(run, before, 1)), night(run, now, 2), [], int8)
    assert {f.verdict for f in found} == {Verdict.INCONCLUSIVE}
    assert said in found[0].reason


def test_other_operators_are_another_model(run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 20, 1))
    timing = timing_of(night(run, 5, 2))
    other = Timing(timing.latency_us, timing.ticks, (*OPERATORS[:-1], "LOGISTIC"))
    judged = Judged(entry, other, None, 6, entry.setup)
    (finding,) = judge_operators(int8, "esp32", judged)
    assert (finding.verdict, "not those of this model" in finding.reason) == (Verdict.INCONCLUSIVE, True)


@pytest.mark.parametrize(
    ("hello", "said"),
    [({"cpu_mhz": 160}, "cpu_mhz 240, now 160"), ({"kernels": "reference"}, "kernel_library esp-nn, now reference"),
     ({"optimization": "size"}, "optimization perf, now size")],
)  # fmt: skip
def test_another_configuration_is_refused(hello: dict[str, object], said: str, run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 1, 1))
    other = dataclasses.replace(run, hello=dataclasses.replace(run.hello, **{"cpu_mhz": MHZ, **hello}))
    finding = refusal(int8, "esp32", entry, setup_of_run(other, MADE_FROM))
    assert finding is not None
    assert (finding.verdict, said in finding.reason) == (Verdict.INCONCLUSIVE, True)


def test_another_board_or_version_is_no_other_configuration(run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 1, 1))
    (other,) = night(run, 1, 1, chip_id="24:0a:c4:00:00:99", kernels="esp-nn 9", sdk="ESP-IDF v6.0")
    assert refusal(int8, "esp32", entry, setup_of_run(other, MADE_FROM)) is None


def test_a_missing_baseline_is_inconclusive_where_one_is_demanded_and_nothing_elsewhere(int8: Variant) -> None:
    assert refusal(int8, "esp32", None, None) is None
    path = int8.model.config_path
    path.write_text(path.read_text() + '[baseline]\nrequired_at = ["esp32"]\n')
    load_model.cache_clear()
    demanding = load_model(int8.model.folder).variant("ptq_int8")
    finding = refusal(demanding, "esp32", None, None)
    assert finding is not None
    assert (finding.verdict, "none is set" in finding.reason) == (Verdict.INCONCLUSIVE, True)
    assert refusal(demanding, "esp32c3", None, None) is None


@pytest.mark.parametrize(
    ("now", "verdict", "said"),
    [(3660, Verdict.PASS, ""), (3661, Verdict.FAIL, "firmware: e"), (3600, Verdict.PASS, "-60 bytes"), (None, Verdict.INCONCLUSIVE, "not measured")],
)  # fmt: skip
def test_sizes_are_compared_to_the_byte(now: int | None, verdict: Verdict, said: str, run: Run, int8: Variant) -> None:
    entry = entry_of(night(run, 1, 1))
    parts = {**entry.parts, "firmware": "f" * 64}
    (finding,) = judge_sizes(int8, "esp32", entry, {"arena_used_bytes": now}, parts)
    assert (finding.verdict, said in finding.reason) == (verdict, True), finding.reason


def test_it_is_read_back_as_it_was_saved_and_every_list_of_numbers_is_a_line(run: Run, tmp_path: Path) -> None:
    path, baseline = tmp_path / "baseline.json", Baseline().with_entries({("a", "esp32"): entry_of(night(run, 20, 1))})
    save_baseline(path, baseline)
    assert load_baseline(path) == baseline
    assert len(path.read_text().splitlines()) < 70
    assert load_baseline(tmp_path / "none.json") == Baseline()


@pytest.mark.parametrize(
    "text", ["{", '{"schema_version": 2}', '{"variants": {"a": {"esp32": {"run": "r"}}}}', '{"more": 1}']
)
def test_what_is_no_baseline_is_refused_by_name(text: str, tmp_path: Path) -> None:
    (tmp_path / "baseline.json").write_text(text)
    with pytest.raises(ConfigError, match=r"baseline\.json"):
        load_baseline(tmp_path / "baseline.json")
