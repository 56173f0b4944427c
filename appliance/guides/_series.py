"""How a series of photos without a touch behaves: it holds, drifts, jumps once, or moves with every shot.

Shots carry the photos' own noise n, known from their budgets to a factor ``NOISE_MARGIN``. If they scatter no more than
that, focus held. Else three explanations compete: a trend with noise n, one step with noise n, and a scatter of its own
size from shot to shot. The one with the least Bayesian information criterion (Schwarz, Ann. Statist. 6 (1978) 461) is
taken, where a step counts its place as a parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import log

from appliance.guides.distributions import chi2_quantile
from appliance.guides.repeats import Change, Estimate, Fit, changes, fit

NOISE_MARGIN = 1.3
"""A photo's own noise may be so much more than its budget says: air, a stand that swings, lamps."""
LEAST_NOISE_UM = 0.1
"""Noise below that is not believed: it would call every breath of air a drift."""
CHANCE = 0.001
"""That a series that holds is said not to."""
PARAMETERS = {"trend": 2, "step": 3, "scatter": 2}


class Pattern(StrEnum):
    """What a series does."""

    HELD = "held"
    DRIFT = "drift"
    JUMP = "jump"
    EACH_SHOT = "each shot"


@dataclass(frozen=True)
class Behaviour:
    """``change`` is the one that explains the series, or its trend where none does; ``level`` is its plain mean."""

    pattern: Pattern
    change: Change
    level: Fit

    @property
    def size(self) -> Estimate:
        """By how much focus changed from first to last, or jumped, µm."""
        return self.change.size


def behaviour(values: Sequence[float], noise_um: float) -> Behaviour:
    """What a series of at least five image shifts (µm, in order) does, with photos of that noise."""
    n, noise = len(values), NOISE_MARGIN * max(noise_um, LEAST_NOISE_UM)
    ones = [[1.0] * n]
    plain, found = fit(values, ones), changes(values, ones, margin=1)
    trend = next(change for change in found if change.kind == "trend")
    if plain.sum_of_squares / noise**2 <= chi2_quantile(1 - CHANCE, plain.dof):
        return Behaviour(Pattern.HELD, trend, plain)

    def criterion(change: Change) -> float:
        fit_to_noise = change.fit.sum_of_squares / noise**2 + n * log(noise**2)
        return fit_to_noise + PARAMETERS[change.kind] * log(n)

    best = min(found, key=criterion)
    scatter = n * (1 + log(plain.sum_of_squares / n)) + PARAMETERS["scatter"] * log(n)
    if scatter < criterion(best):
        return Behaviour(Pattern.EACH_SHOT, trend, plain)
    return Behaviour(Pattern.DRIFT if best.kind == "trend" else Pattern.JUMP, best, plain)
