"""The statistics of the lint against scipy and NumPy, and their behaviour on data that have no time."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from tinygate.calibration.leakage import most_alike
from tinygate.calibration.lint import lint
from tinygate.calibration.realness import kolmogorov_smirnov, lag_one, signals, spectrum
from tinygate.data import Dataset, Split


@pytest.mark.parametrize("seed", range(5))
def test_the_distance_of_distributions_is_scipys(seed: int) -> None:
    generator = np.random.default_rng(seed)
    a, b = (generator.normal(seed / 10, 1, size).round(1).astype(np.float32) for size in (301, 997))
    assert kolmogorov_smirnov(a, b) == pytest.approx(ks_2samp(a, b).statistic)


def test_neighbours_of_noise_are_unrelated_and_those_of_a_slow_sine_are_alike() -> None:
    generator = np.random.default_rng(0)
    noise = generator.normal(size=(500, 100, 2)).astype(np.float32)
    sine = np.sin(np.arange(100) / 10)[None, :, None].astype(np.float32)
    assert np.abs(lag_one(noise)).max() < 0.03
    assert lag_one(sine)[0] > 0.95


def test_a_first_order_process_has_the_memory_it_was_given() -> None:
    generator = np.random.default_rng(1)
    values = np.zeros((200, 1000, 1), np.float32)
    for step in range(1, 1000):
        values[:, step, 0] = 0.7 * values[:, step - 1, 0] + generator.normal(size=200)
    assert lag_one(values[:, 100:])[0] == pytest.approx(0.7, abs=0.01)


def test_all_power_of_a_sine_lies_at_its_frequency() -> None:
    wave = np.sin(2 * np.pi * 5 * np.arange(50) / 50)[None, :, None].astype(np.float32)
    share = spectrum(wave)
    assert share[5, 0] == pytest.approx(1)
    assert share.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3, 50, 1, 6), (3, 50, 6)), ((3, 640), (3, 640, 1)), ((3, 8, 9, 3), (3, 72, 3)), ((3, 1), (3, 1, 1)), ((3,), (3, 1, 1))],
)  # fmt: skip
def test_inputs_of_any_shape_become_signals(shape: tuple[int, ...], expected: tuple[int, ...]) -> None:
    assert signals(np.zeros(shape, np.float32)).shape == expected


def test_likeness_is_the_mean_correlation_of_channels() -> None:
    generator = np.random.default_rng(2)
    a, b = (generator.normal(size=(1, 40, 3)).astype(np.float32) for _ in range(2))
    expected = np.mean([np.corrcoef(a[0, :, c], b[0, :, c])[0, 1] for c in range(3)])
    assert most_alike(a, b)[0][0] == pytest.approx(expected, abs=1e-5)


def test_likeness_ignores_gain_and_offset_and_on_request_the_sign() -> None:
    a = np.random.default_rng(3).normal(size=(5, 40, 3)).astype(np.float32)
    likeness, where = most_alike(a * 7 - 3, a)
    assert where.tolist() == [0, 1, 2, 3, 4]
    assert likeness.min() > 0.9999
    assert most_alike(-a, a, signed=False)[0].min() > 0.9999
    assert most_alike(-a, a)[0].max() < 0.9


def test_a_constant_window_resembles_nothing() -> None:
    flat = np.ones((1, 40, 3), np.float32)
    assert most_alike(flat, flat)[0][0] == 0


def test_images_are_checked_as_signals_are() -> None:
    images = np.random.default_rng(4).normal(size=(400, 48, 48, 3)).cumsum(axis=2).astype(np.float32)
    number = np.arange(400, dtype=np.int64)
    train, test = (
        Split(images[part], number[part] % 2, number[part], number[part], number[part])
        for part in (slice(300), slice(300, 400))
    )
    dataset = Dataset(train, test, test, ("even", "odd"), "0" * 64, {})
    assert lint(train.inputs[:250], dataset).errors == ()
    noise = np.random.default_rng(5).normal(size=(250, 48, 48, 3)) * images.std()
    assert {"TG-D012", "TG-D013"} <= {finding.code for finding in lint(noise, dataset).errors}
    assert "TG-D006" in lint(np.concatenate([train.inputs[:250], test.inputs[:1]]), dataset).codes
