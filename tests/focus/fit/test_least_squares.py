"""The fit's equations are those of the whole Jacobian, and it ends where scipy's optimiser does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import least_squares

from appliance.focus.fit.least_squares import (
    HUBER,
    focus_sd_waves,
    maximum_a_posteriori,
    normal_equations,
    profile_sd,
)
from appliance.focus.lens.data import Segments
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import (
    CURVATURE,
    EVEN_TERMS,
    FOCUS,
    NOMINAL,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
)
from appliance.focus.lens.priors import Priors
from appliance.focus.lens.response import Problem

FREQUENCY, NOISE, EDGES = np.array([0.04, 0.08, 0.14, 0.2, 0.28]), 0.004, 80


def test_blocks_make_the_same_equations_as_the_dense_product() -> None:
    rng = np.random.default_rng(1)
    n, k, terms = 30, 7, EVEN_TERMS
    jacobian = np.zeros((n, k, SHAPE_PARAMETERS + terms * k))
    jacobian[..., :SHAPE_PARAMETERS] = rng.normal(size=(n, k, SHAPE_PARAMETERS))
    for term in range(terms):
        jacobian[:, np.arange(k), SHAPE_PARAMETERS + term * k + np.arange(k)] = rng.normal(size=(n, k))
    whitener = np.tril(rng.normal(size=(n, k, k)))
    weight, residual = rng.random((n, k)), rng.normal(size=(n, k))
    normal, gradient = normal_equations(whitener, weight, residual, jacobian)
    dense = (whitener @ jacobian).reshape(n * k, -1)
    np.testing.assert_allclose(normal, (dense * weight.ravel()[:, None]).T @ dense, atol=1e-10)
    np.testing.assert_allclose(gradient, dense.T @ (weight * residual).ravel(), atol=1e-10)


def problem(wrong: int) -> tuple[Problem, np.ndarray, np.ndarray, np.ndarray]:
    """Edges of a lens, the first of which show something else; its true parameters, and the priors' mean and sd."""
    rng = np.random.default_rng(7)
    place = np.stack([rng.uniform(-0.8, 0.8, EDGES), rng.uniform(-0.6, 0.6, EDGES)], axis=1)
    angle = np.where(np.arange(EDGES) % 2, 0.2, np.pi / 2 + 0.2)
    n_x, n_y = np.cos(angle), np.sin(angle)
    square = np.square(place).sum(axis=1)
    geometry = {
        "q": 2.5 * place[:, 1],
        "q_half": np.full(EDGES, 0.05),
        "scale_px_per_mm": np.full(EDGES, 8.0),
        "x": place[:, 0],
        "r2": square,
        "field_astigmatism_weight": (n_x * place[:, 0] + n_y * place[:, 1]) ** 2 - square / 2,
        "azimuth": np.stack([(n_y**2 - n_x**2) / 2, n_x * n_y], axis=1),
        "distortion_defocus": np.zeros(EDGES),
        "place": place,
    }
    noise = NOISE**2 * (0.7 * np.eye(5) + 0.3)
    errors = {"covariance": np.tile(noise, (EDGES, 1, 1)), "count": np.full(EDGES, 5.0)}
    table, priors = OtfTable(FREQUENCY * 0.8, 4.0), Priors(um_per_wave=30.0)
    mean, sd = priors.vectors(len(FREQUENCY))
    truth = np.concatenate([NOMINAL, np.zeros(EVEN_TERMS * len(FREQUENCY))])
    truth[FOCUS], truth[SPHERICAL], truth[TILT_X], truth[CURVATURE] = 0.3, 0.04, 0.2, -0.3
    blank = Segments(**geometry, frequency_cpp=FREQUENCY, sfr=np.zeros((EDGES, 5)), **errors)
    sfr, _ = Problem.of(blank, table, priors.error).evaluate(truth)
    seen = sfr + rng.standard_normal(sfr.shape) @ np.linalg.cholesky(noise).T
    seen[:wrong] += 0.15
    data = Segments(**geometry, frequency_cpp=FREQUENCY, sfr=seen, **errors)
    return Problem.of(data, table, priors.error), truth, mean, sd


@pytest.mark.parametrize("wrong", [0, 5])
def test_the_fit_ends_at_the_optimum_that_scipy_finds(wrong: int) -> None:
    told, truth, mean, sd = problem(wrong)

    def residuals(v: np.ndarray) -> np.ndarray:
        value, _ = told.evaluate(v)
        white = np.einsum("nkl,nl->nk", told.whitener, value - told.y)
        return np.concatenate([white.ravel(), (v - mean) / sd])

    known = least_squares(residuals, mean, loss="huber", f_scale=HUBER, xtol=1e-12, ftol=1e-12, gtol=1e-10)
    # priors are quadratic: scipy's loss may be used of all, as long as none is strained to Huber's threshold
    assert np.abs((known.x - mean) / sd).max() < HUBER
    found = maximum_a_posteriori(told, mean, mean, sd)
    sigma = focus_sd_waves(found)
    assert found.cost == pytest.approx(2 * known.cost, abs=2e-3)
    assert abs(found.v[FOCUS] - known.x[FOCUS]) < 0.01 * sigma
    assert abs(found.v[FOCUS] - truth[FOCUS]) < 4 * sigma


def test_of_a_gaussian_likelihood_the_profile_says_what_the_normal_matrix_does() -> None:
    told, _, mean, sd = problem(0)
    best = maximum_a_posteriori(told, mean, mean, sd)
    sigma = focus_sd_waves(best)
    profiled, steps, stopped = profile_sd(told, best, mean, sd, sigma)
    assert sigma <= profiled < 1.15 * sigma
    assert steps >= 6
    assert stopped == "unlikely; unlikely"
