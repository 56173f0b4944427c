"""A step is found where it is, chance is not taken for one, and a drift is called a drift."""

import numpy as np
import pytest

from appliance.store.trend import change, middle

DAYS = list(range(0, 400, 10))


def series(seed: int, n: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0, 2.0, n)


@pytest.mark.parametrize("at", [5, 20, 34])
def test_a_step_of_five_sigmas_is_found_where_it_is(at: int) -> None:
    hits = 0
    for seed in range(20):
        data = series(seed)
        data[at:] += 10
        found = change(list(data), DAYS)
        assert found is not None
        hits += found.kind == "step" and abs(found.index - at) <= 1
        assert found.kind != "step" or abs(found.amount - 10) < 3
    assert hits >= 18


def test_scatter_alone_is_called_a_change_once_in_a_hundred() -> None:
    false = sum(change(list(series(seed, 30)), DAYS[:30]) is not None for seed in range(300))
    assert false <= 9  # two tests at 0.5 % each: 3 expected


def test_one_bad_check_is_no_change() -> None:
    false = 0
    for seed in range(100):
        data = series(1000 + seed, 20)
        data[10] += 40
        false += change(list(data), DAYS[:20]) is not None
    assert false <= 4


def test_a_slow_drift_is_a_drift_with_its_rate() -> None:
    drifts = [change(list(series(seed) + 0.05 * np.arange(0, 400, 10)), DAYS) for seed in range(20)]
    rates = [found.per_month for found in drifts if found is not None and found.kind == "drift"]
    assert len(rates) >= 18
    assert np.median(rates) == pytest.approx(1.5, rel=0.15)


@pytest.mark.parametrize("n", [0, 1, 3, 7])
def test_of_a_few_checks_nothing_is_said(n: int) -> None:
    assert change([100.0 * k for k in range(n)], DAYS[:n]) is None


def test_equal_figures_and_equal_times_are_borne() -> None:
    assert change([3.0] * 20, [0.0] * 20) is None
    assert change([3.0] * 10 + [9.0] * 10, [0.0] * 20) is not None


def test_the_same_series_always_says_the_same() -> None:
    data = list(series(3) + np.linspace(0, 4, 40))
    assert change(data, DAYS) == change(data, DAYS)


def test_median_and_mad_shrug_at_an_outlier() -> None:
    found = middle([1.0, 2.0, 3.0, 4.0, 1e6])
    assert found is not None
    assert (found.median, found.sigma, found.count) == (3.0, pytest.approx(1.4826), 5)
    assert middle([]) is None
