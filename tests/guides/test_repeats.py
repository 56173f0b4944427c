"""Repeats: textbook values of mean, spread and interval; outliers, steps and trends by hand-made series."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
from scipy import stats

from appliance.focus.result import Verdict
from appliance.guides.repeats import (
    Estimate,
    Spread,
    approaches,
    by_approach,
    change_in,
    mean,
    outliers,
    share_interval,
)

LEVEL = [[1.0] * 10]


def test_a_means_interval_is_students() -> None:
    values = [9.8, 10.1, 10.3, 9.7, 10.1]
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    found = mean(values)
    assert found.value == pytest.approx(10.0)
    assert found.u95 == pytest.approx((high - low) / 2, rel=1e-6)


def test_what_repeats_share_widens_the_interval_and_makes_it_surer_of_its_width() -> None:
    alone = Estimate(5.0, 3.0, 6)
    joined = alone.with_shared(4.0)
    assert joined.u == pytest.approx(5.0)
    assert joined.dof == pytest.approx(6 * 5**4 / 3**4, abs=0.1)
    assert alone.with_shared(0.0) == alone


def test_the_guard_band_is_that_of_the_standard_where_much_is_known_and_wider_after_few_repeats() -> None:
    assert Estimate(8.3, 1.0).decide(10.0) is Verdict.PASS
    assert Estimate(8.4, 1.0).decide(10.0) is Verdict.RETEST
    assert Estimate(-11.7, 1.0).decide(10.0) is Verdict.FAIL_FRONT
    assert Estimate(-11.7, 1.0, dof=4).decide(10.0) is Verdict.RETEST


def test_a_spreads_interval_is_that_of_chi_square_without_the_known_noise() -> None:
    found = Spread(5.0, 9, 3.0)
    assert found.value == pytest.approx(4.0)
    assert found.high == pytest.approx(sqrt(25 * 9 / stats.chi2.ppf(0.025, 9) - 9))
    assert Spread(2.0, 9, 3.0).low == 0.0


def test_two_ways_count_the_same_however_often_each_was_gone() -> None:
    found = approaches([0.0, 2.0], [9.0, 10.0, 11.0, 10.0])
    assert found.middle.value == pytest.approx(5.5)
    assert found.difference.value == pytest.approx(9.0)
    assert found.spread.total == pytest.approx(sqrt((2 + 2) / 4))
    assert found.difference.u == pytest.approx(sqrt(1 / 2 + 1 / 4))


def test_from_far_farther_than_from_near_is_a_backlash_above_zero() -> None:
    assert approaches([0.0, 0.1], [3.0, 3.1]).difference.value == pytest.approx(3.0)
    assert approaches([3.0, 3.1], [0.0, 0.1]).difference.value == pytest.approx(-3.0)


def test_one_missed_and_two_missed_are_found_though_two_hide_each_other() -> None:
    ways = by_approach([False, True] * 4)
    one = [1.0, 5.2, 0.4, 4.9, 1.2, 40.0, 0.8, 5.1]
    assert outliers(one, ways, 0.01, 2) == (False,) * 5 + (True, False, False)
    two = [1.0, 5.2, 90.0, 4.9, 1.2, 90.0, 0.8, 5.1]
    assert outliers(two, ways, 0.01, 2) == (False, False, True, False, False, True, False, False)


def test_nothing_is_an_outlier_that_is_nearer_than_matters() -> None:
    values = [1.0, 1.01, 1.02, 0.99, 1.0, 1.01, 1.6, 1.0]
    assert sum(outliers(values, [[1.0] * 8], 0.01, 2)) == 1
    assert not any(outliers(values, [[1.0] * 8], 0.01, 2, least_um=1.0))


def test_outliers_are_called_no_oftener_than_said() -> None:
    rng = np.random.default_rng(5)
    called = sum(any(outliers(rng.normal(size=8).tolist(), [[1.0] * 8], 0.05, 2)) for _ in range(400))
    assert called <= 400 * 0.05 + 3 * sqrt(400 * 0.05 * 0.95)


def test_a_step_is_told_from_a_trend_with_its_size_and_place() -> None:
    noise = np.random.default_rng(2).normal(0, 0.2, 10)
    step = change_in((noise + [0, 0, 0, 0, 6, 6, 6, 6, 6, 6]).tolist(), LEVEL, 0.002)
    assert step is not None
    assert (step.kind, step.at) == ("step", 4)
    assert step.size.value == pytest.approx(6.0, abs=0.5)
    trend = change_in((noise - 0.7 * np.arange(10)).tolist(), LEVEL, 0.002)
    assert trend is not None
    assert trend.kind == "trend"
    assert trend.size.value == pytest.approx(-6.3, abs=0.5)


def test_level_series_hold_no_change() -> None:
    rng = np.random.default_rng(7)
    found = [change_in(rng.normal(size=10).tolist(), LEVEL, 0.01) for _ in range(300)]
    assert sum(change is not None for change in found) <= 300 * 0.01 + 3 * sqrt(300 * 0.01)


def test_a_shares_interval_is_clopper_and_pearsons() -> None:
    low, high = share_interval(2, 8)
    assert low == pytest.approx(stats.beta.ppf(0.025, 2, 7), abs=1e-6)
    assert high == pytest.approx(stats.beta.ppf(0.975, 3, 6), abs=1e-6)
    assert share_interval(0, 8)[0] == 0.0
    assert share_interval(8, 8)[1] == 1.0
