"""Which stop a photo was taken at, by the survey: how blur grows with depth, against what diffraction leaves.

The cone of light is a parameter of the through-focus fit, but only near the given stop: the fit has the diffraction of
that stop, and its cone may not leave a range. A lens whose iris was left closed lies outside. So where the survey's
cone is strange, other stops are tried one after another, each with its own diffraction and its own waves of defocus,
and the one that explains the survey best is named.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from appliance.arrays import Array
from appliance.chart.pose import Pose
from appliance.focus.fit.initial import SURVEY_MODEL_ERROR, InitialFit
from appliance.focus.lens.data import Segments
from appliance.focus.lens.otf import otf
from appliance.focus.lens.response import GAUSS_WEIGHTS, GAUSS_X
from appliance.focus.lens.spline import Spline
from appliance.focus.reasons import reason
from appliance.focus.refusals import cone_ratio, cones_explained
from appliance.focus.result import Reason, Setup

SURE_CONE = 0.25
"""A cone that is surely within this part of the given one, two thirds of a stop, needs no other stop."""
STOPS_APART = np.arange(-3.0, 8.0, 0.5)
"""What is tried, in stops closed from the given one: half stops from three wider, to f/22 of a lens given
as f/2."""
MIN_STOPS_APART = 1.0
"""Another stop nearer than this is left to the final fit, which knows the cone better than half stops tell."""
SURER_CHI2 = 30.0
"""How much better than any stop near the given one another must explain the survey: as for an ambiguous focus."""
MAX_PIECES, EVERY = 60, 2
"""Edges, evenly chosen, and every so many of the frequencies that each stop is tried with: half stops are told apart by
a factor in chi-square, so that few will do."""
MIN_CANDIDATES, MAX_CANDIDATES, WAVES_APART = 40, 100, 0.1
"""Focus positions that each stop is tried with: less than half of the quarter wave that hardly blurs (Rayleigh)."""
AMPLITUDE_SD = 0.35
"""Standard deviation of the log amplitude, all frequencies together: print and lens, as in the search for focus."""
MAX_PIECE_CHI2 = 100.0
"""One response that is off by ten standard deviations shows something else than the chart, and no more than that."""
BEYOND_BLUR_PX = 12.0
"""Focus is looked for as far beyond the chart's ends as blurs by so much: at these stops it was not found elsewhere."""


def wrong_stop(initial: InitialFit, pose: Pose, setup: Setup) -> Reason | None:
    """WRONG_F_NUMBER if the survey was surely taken at a stop far from the given one; None if it may be near.

    Looked for only where the survey's cone of light is not surely about the given one. Told only where no tilt of the
    sensor explains it (see :func:`cones_explained`): else it is left to the final fit, which names it.
    """
    ratio, sd = cone_ratio(initial.fit)
    if abs(ratio - 1) + 2 * sd < SURE_CONE:
        return None
    chi2 = [_best_chi2(initial, float(stops)) for stops in STOPS_APART]
    stops = float(STOPS_APART[int(np.argmin(chi2))])
    low, high = cones_explained(pose, setup)
    near = min(x for x, apart in zip(chi2, STOPS_APART, strict=True) if abs(apart) < MIN_STOPS_APART)
    if low <= 2 ** (-stops / 2) <= high or abs(stops) < MIN_STOPS_APART or min(chi2) > near - SURER_CHI2:
        return None
    return reason("WRONG_F_NUMBER", measured=setup.f_number * 2 ** (stops / 2), given=setup.f_number)


def _best_chi2(initial: InitialFit, stops: float) -> float:
    """Chi-square of the best focus position of a lens closed by so many stops.

    Waves of defocus go as 1/N², what diffraction leaves as N.
    """
    some = initial.data.take(slice(None, None, max(len(initial.data.q) // MAX_PIECES, 1)))
    seen = np.arange(0, len(some.frequency_cpp), EVERY)
    some = replace(
        some,
        frequency_cpp=some.frequency_cpp[seen],
        sfr=some.sfr[:, seen],
        covariance=some.covariance[:, seen][:, :, seen],
    )
    airy_px = initial.waves.airy_px * 2 ** (stops / 2)
    depth, half = some.q / 2**stops, some.q_half / 2**stops
    extra = BEYOND_BLUR_PX / (8 * airy_px)
    low, high = float(depth.min()) - extra, float(depth.max()) + extra
    count = int(np.clip((high - low) / WAVES_APART, MIN_CANDIDATES, MAX_CANDIDATES))
    reach = high - low + float(half.max())
    w020 = np.linspace(-reach, reach, 2 * int(np.clip(8 * reach, 24, 120)) + 1)
    responses = Spline.of(w020, otf(some.frequency_cpp * airy_px, w020, np.zeros(1))[0].T)
    return min(_chi2(some, responses, depth - focus, half) for focus in np.linspace(low, high, count))


def _chi2(data: Segments, responses: Spline, defocus: Array, half: Array) -> float:
    """Chi-square of n pieces at ``defocus`` ± ``half`` (n,) waves: print and lens blur alike at each frequency."""
    value = np.zeros_like(data.sfr)
    for node, part in zip(GAUSS_X, GAUSS_WEIGHTS, strict=True):
        value += part * responses.values(defocus + node * half)
    weight = 1 / (np.einsum("nkk->nk", data.covariance) + SURVEY_MODEL_ERROR**2)
    # a prior of amplitude 1 keeps a frequency that shows nothing from any amplitude it likes
    prior = 1 / AMPLITUDE_SD**2
    amplitude = ((weight * value * data.sfr).sum(axis=0) + prior) / ((weight * value**2).sum(axis=0) + prior)
    left = np.minimum(weight * np.square(amplitude * value - data.sfr), MAX_PIECE_CHI2)
    return float(left.sum() + prior * np.square(amplitude - 1).sum())
