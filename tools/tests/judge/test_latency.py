"""Latency figures."""

import dataclasses

import pytest
from fake_board import HELLO

from tinygate.errors import EvidenceError
from tinygate.judge.latency import configuration, summarize


def test_figures_of_one_boot() -> None:
    latency = summarize([list(range(1, 101))])
    assert (latency.median, latency.p90, latency.largest) == (50.5, pytest.approx(90.1), 100)
    assert latency.variation_of_boots is None


def test_the_median_is_that_of_the_boots_not_of_all_samples() -> None:
    assert summarize([[10], [20] * 100, [30]]).median == 20
    assert summarize([[10] * 100, [20], [30]]).median == 20


def test_variation_is_relative_to_the_mean() -> None:
    latency = summarize([[90, 110], [90, 110]])
    assert latency.variation_of_invocations == pytest.approx(0.1414, abs=1e-4)
    assert latency.variation_of_boots == 0


@pytest.mark.parametrize("boots", [[], [[1, 2], []]])
def test_a_boot_without_samples_is_no_evidence(boots: list[list[int]]) -> None:
    with pytest.raises(EvidenceError, match="without a single"):
        summarize(boots)


def test_another_clock_is_another_configuration() -> None:
    assert configuration(HELLO) != configuration(dataclasses.replace(HELLO, cpu_mhz=160))
    assert configuration(HELLO) == configuration(dataclasses.replace(HELLO, uptime_us=5))


def test_the_sentence_gives_the_tail_and_how_much_it_varies() -> None:
    assert summarize([[90, 110]]).sentence("µs") == (
        "2 invocations in 1 boot(s): p90 108, p99 109.8, max 110 µs; variation 14 %."
    )
    assert summarize([[90, 110], [100, 120]]).sentence("cycles").endswith("variation 13 %, 6.7 % between boots.")
