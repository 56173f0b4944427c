"""What no term describes: how far edges' responses are off for it, and what that leaves unknown of focus.

A lens with faults beyond the model fits the worse the less noise there is. That is no reason to refuse it, nor to leave
its edges out: how well they are described weighs them then, and not their noise. But it is no noise either: a misfit is
as smooth as what a lens does, so that all of it lies in few directions, of which focus is as likely as any.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.focus.model import FOCUS, Array, Model
from appliance.focus.solve import Solution, q_sd_of

STRANGE_CHI2, USUAL_CHI2 = 1.15, 1.1
"""Reduced chi-square of a lens that does not follow the model, and the greatest of one that does."""
SMOOTH_DIRECTIONS = 50
MOST_MISSED, BISECTIONS = 0.1, 12


def usual_miss(model: Model, parameters: Array, least: float) -> float:
    """By how much each response of most edges is off the ``model``, beyond noise and ``least``; 0 if it is not."""
    value, _ = model.evaluate(parameters)
    variance, turned = np.linalg.eigh(model.data.covariance)
    square = np.square(np.einsum("nkl,nk->nl", turned, value - model.y))

    def usual_chi2(error: float) -> float:
        chi2 = (square / (variance + error**2)).sum(axis=1)
        return float(np.median(chi2 / np.maximum(model.data.count, 1)))

    low, high = least, MOST_MISSED
    if usual_chi2(low) <= STRANGE_CHI2:
        return 0.0
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if usual_chi2(middle) > 1 else (low, middle)
    return high


def q_missed(model: Model, best: Solution, missed: float) -> float:
    """How far focus may be off, in waves, for what no term describes.

    ``missed`` is how much of it the covariance of each response has already; the fit's chi-square tells of the rest.
    """
    _, jacobian = model.evaluate(best.v)
    pull = (model.whitener @ jacobian) @ np.linalg.pinv(best.normal)[FOCUS]
    spread = np.einsum("nkl,nk->nl", model.whitener, pull)
    within = missed**2 * float(np.square(spread).sum())
    beyond = q_sd_of(replace(best, reduced_chi2=1.0)) ** 2 * max(best.reduced_chi2 - USUAL_CHI2, 0.0)
    return float(np.sqrt((within + beyond) * model.data.count.sum() / SMOOTH_DIRECTIONS))
