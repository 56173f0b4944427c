"""Figures of several photos have the intervals that hand calculation and repeated drawing give."""

from datetime import UTC, datetime
from math import inf

import numpy as np
import pytest

from appliance.focus.result import Setup, Verdict
from appliance.guides.case import Observation
from appliance.guides.estimates import (
    covariance_of,
    coverage_95,
    effective_dof,
    least_squares,
    measured,
    with_shared,
)


def photo(shift_um: float, f: float = 50.0, **budget: float) -> Observation:
    now = datetime(2026, 5, 4, tzinfo=UTC)
    setup = Setup(f, 2.8, 1.55)
    return Observation(
        "step", 1, now, setup, Verdict.PASS, shift_um, shift_um / 2, 1, 40.0, 0.04, budget_um=budget
    )


def test_a_shared_cause_leaves_a_difference_alone_and_stays_in_a_mean() -> None:
    pair = measured([10.0, 14.0], with_shared([3.0, 4.0], [[12.0, 12.0]]))
    difference, mean = pair.combined([-1.0, 1.0]), pair.combined([0.5, 0.5])
    assert difference.value(0) == pytest.approx(4.0)
    assert difference.u(0) == pytest.approx(5.0)
    assert mean.u(0) == pytest.approx(np.hypot(2.5, 12.0))
    assert mean.u95(0) == pytest.approx(1.96 * np.hypot(2.5, 12.0))


def test_a_line_through_three_points_is_that_of_hand_calculation() -> None:
    """x = 0, 1, 2 and y = 1, 2, 6 of equal weight: slope 2.5, intercept 0.5; variances 1/2 and 5/6 of one point's."""
    fit = least_squares(np.array([[1.0, 0], [1, 1], [1, 2]]), [1.0, 2.0, 6.0], np.eye(3) * 4)
    assert fit.values == pytest.approx([0.5, 2.5])
    assert fit.covariance == pytest.approx(4 * np.array([[5 / 6, -1 / 2], [-1 / 2, 1 / 2]]))
    assert fit.residuals == pytest.approx([0.5, -1.0, 0.5])
    assert (fit.chi2, fit.dof) == (pytest.approx(1.5 / 4), 1)


def test_unknowns_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="too few different"):
        least_squares(np.array([[1.0, 2000.0], [1.0, 2000.0]]), [1.0, 2.0], np.eye(2))
    with pytest.raises(ValueError, match="too few different"):
        least_squares(np.array([[1.0, 2.0]]), [1.0], np.eye(1))


def test_what_photos_share_is_by_setting_by_chart_and_by_mount() -> None:
    budget = {"noise": 1.0, "pose": 2.0, "chart_flatness": 3.0, "remount": 4.0, "print_scale": 0.5}
    photos = [photo(10.0, **budget), photo(-10.0, **budget), photo(20.0, 24.0, **budget)]
    found = covariance_of(photos)
    assert np.diag(found) == pytest.approx(3 * [1 + 4 + 9 + 16 + 0.25])
    assert found[0, 1] == pytest.approx(4 + 9 + 16 - 0.25)
    assert found[0, 2] == pytest.approx(9 + 16 + 0.25)
    assert covariance_of(photos, remounted=True)[0, 2] == pytest.approx(9 + 0.25)


def test_the_stated_covariance_is_that_of_many_draws() -> None:
    rng = np.random.default_rng(5)
    covariance = with_shared([1.0, 2.0, 0.5], [[3.0, 1.0, -2.0]])
    design = np.array([[1.0, 0.0], [1.0, 2.0], [1.0, 3.0]])
    draws = rng.multivariate_normal(design @ [5.0, -1.0], covariance, 4000)
    fits = [least_squares(design, draw, covariance) for draw in draws]
    found = np.array([fit.values for fit in fits])
    assert found.mean(axis=0) == pytest.approx([5.0, -1.0], abs=0.25)
    assert np.cov(found.T) == pytest.approx(fits[0].covariance, rel=0.1)
    assert np.mean([fit.chi2 for fit in fits]) == pytest.approx(1.0, abs=0.1)


def test_degrees_of_freedom_follow_the_part_that_was_estimated() -> None:
    assert effective_dof([(2.0, 3.0)]) == pytest.approx(3.0)
    assert effective_dof([(1.0, 3.0), (1.0, inf)]) == pytest.approx(12.0)
    assert effective_dof([(1.0, inf)]) == inf
    assert coverage_95(inf) == pytest.approx(1.96)
    assert coverage_95(3.0) == pytest.approx(3.18245, rel=1e-4)
