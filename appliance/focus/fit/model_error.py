"""What no term describes: how far edges' responses are off for it, and what that leaves unknown of focus.

A lens with faults beyond the model fits the worse the less noise there is. That is no reason to refuse it, nor to leave
its edges out: how well they are described weighs them then, and not their noise. But it is no noise either: a misfit is
as smooth as what a lens does, so that all of it lies in few directions, of which focus is as likely as any.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.arrays import Array
from appliance.focus.fit.least_squares import Solution, focus_sd_waves
from appliance.focus.lens.parameters import CURVATURE, FOCUS, SHAPE_PARAMETERS, SPHERICAL, TILT_X, places
from appliance.focus.lens.response import Problem

MAX_MODEL_CHI2, TYPICAL_CHI2 = 1.15, 1.1
"""Reduced chi-square of a lens that does not follow the model, and the greatest of one that does."""
SMOOTH_DIRECTIONS = 50
"""In so many directions lies what a lens may do to the responses that no term describes; by simulations."""
TREND = 0.00015
"""Standard uncertainty of a change of response, alike at all frequencies, from the nearest to the farthest edge that is
no defocus: light, paper, print. It matters where the chart spans little of the curve."""
ABERRATIONS, ABERRATION_PART = (SPHERICAL, TILT_X, CURVATURE), 0.0008
"""What part of a lens's usual aberrations the shape, which has their first orders, may take for focus."""
HIDDEN_PART = 1.5
"""What more a faulty lens has, hidden by noise, may move focus by so many standard deviations; by simulations."""
MAX_MISFIT, BISECTIONS = 0.1, 12
"""No response is taken to be off by more; the search for how much ends within a part of it."""


def typical_misfit(problem: Problem, parameters: Array, least: float) -> float:
    """By how much each response of most edges is off the ``problem``, beyond noise and ``least``; 0 if it is not."""
    value, _ = problem.evaluate(parameters)
    variance, turned = np.linalg.eigh(problem.data.covariance)
    square = np.square(np.einsum("nkl,nk->nl", turned, value - problem.y))

    def usual_chi2(error: float) -> float:
        chi2 = (square / (variance + error**2)).sum(axis=1)
        return float(np.median(chi2 / np.maximum(problem.data.count, 1)))

    low, high = least, MAX_MISFIT
    if usual_chi2(low) <= MAX_MODEL_CHI2:
        return 0.0
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if usual_chi2(middle) > 1 else (low, middle)
    return high


def focus_sd_of_model(problem: Problem, best: Solution, misfit: float) -> float:
    """How far focus may be off, in waves, for what neither the fit's terms nor its noise are.

    ``misfit`` is how much of it the covariance of each response has already; the fit's chi-square tells of the rest.
    """
    _, jacobian = problem.evaluate(best.v)
    whitened = problem.whitener @ jacobian
    shape = best.v[:SHAPE_PARAMETERS]
    return float(
        np.hypot.reduce(
            [
                _by_trend(problem, best, whitened),
                _by_misfit(problem, best, whitened, misfit),
                *ABERRATION_PART * shape[places(ABERRATIONS)],
            ]
        )
    )


def _by_trend(problem: Problem, best: Solution, whitened: Array) -> float:
    """How far a trend of the responses with depth would move focus."""
    q = problem.data.q
    trend = TREND * (2 * (q - q.min()) / max(float(np.ptp(q)), 1e-9) - 1)
    error = np.repeat(trend[:, None], problem.y.shape[1], axis=1)
    right = (
        whitened.reshape(-1, whitened.shape[-1]).T @ np.einsum("nkl,nl->nk", problem.whitener, error).ravel()
    )
    return float(np.linalg.lstsq(best.normal, right, rcond=None)[0][FOCUS])


def _by_misfit(problem: Problem, best: Solution, whitened: Array, misfit: float) -> float:
    pull = whitened @ np.linalg.pinv(best.normal)[FOCUS]
    within = misfit**2 * float(np.square(np.einsum("nkl,nk->nl", problem.whitener, pull)).sum())
    beyond = focus_sd_waves(replace(best, reduced_chi2=1.0)) ** 2 * max(best.reduced_chi2 - TYPICAL_CHI2, 0.0)
    return float(np.sqrt((within + beyond) * problem.data.count.sum() / SMOOTH_DIRECTIONS))
