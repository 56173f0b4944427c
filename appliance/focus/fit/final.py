"""The last fit: what strips and blurred parts of a photo say of the lens, each foretold with the lens in view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance.chart.layout import Layout
from appliance.focus.edges.near_focus import NearFocus
from appliance.focus.edges.predicted import StripPrediction
from appliance.focus.fit import through_focus
from appliance.focus.fit.model_error import MAX_MODEL_CHI2
from appliance.focus.image.likelihood import likelihood_of_image
from appliance.focus.lens.data import Array, Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.priors import Priors
from appliance.frame import Frame

MAX_ROUNDS, SETTLED_SIGMAS = 6, 0.1
"""Fit and foresight take turns until focus moves by less than this of its standard deviation."""
FIRST_STRIPS = 150
"""So many strips, all over the chart, are enough to foretell light and ink by."""
MAX_MISFIT_SIGMAS, MAX_SIFTINGS = 8.0, 3
"""Strips that fit worse than most by so many standard deviations show something else than the chart's edges, and are
left out; so often, because they pull the lens towards them."""
MAX_SHIFT_SIGMAS, MIN_MOVE = 3.0, 0.3
"""Blurred parts are not believed if they move focus by more than so many times what its variance loses, or a part."""


@dataclass(frozen=True)
class Fitted:
    """The fit to the ``data`` of those strips of a look that are ``kept`` (n,), by index."""

    kept: npt.NDArray[np.int_]
    data: Segments
    fit: FittedLens


def fit_strips(frame: Frame, layout: Layout, near: NearFocus, table: OtfTable, priors: Priors) -> Fitted:
    """Fit the second look: first with light and ink as the survey's lens has them, then as the look's own does.

    Last, with what the blurred parts of the picture tell, if the lens is one that they can be foretold of.
    """
    some = near.strips.take(slice(None, None, max(len(near.strips.plan) // FIRST_STRIPS, 1)))
    predicted = some.compared(near.first)
    around = near.first.best_focus_waves + np.array([-0.1, 0.0, 0.1])
    start, _ = through_focus.search(predicted.data, table, around, priors)
    fit = through_focus.fit(
        predicted.data, table, start, priors, flexible=False, aberrations=False, explore=False
    )
    fit, _ = _settled(predicted, table, fit, priors)
    predicted = near.strips.compared(fit)
    fit, moved = _settled(predicted, table, fit, priors)
    priors = replace(priors, misfit=through_focus.typical_misfit_of(fit, predicted.of(fit), table, priors))
    if priors.misfit:
        predicted = near.strips.compared(fit, antisymmetric_only=True)
        fit, moved = _settled(predicted, table, fit, priors)
        misfit = through_focus.typical_misfit_of(fit, predicted.of(fit), table, priors)
        priors = replace(priors, misfit=misfit, faulty=True)
        fit, moved = _settled(predicted, table, fit, priors)
    kept, unsifted = np.arange(len(near.strips.plan)), fit.best_focus_waves
    data = predicted.of(fit)
    for _ in range(MAX_SIFTINGS):
        consistent = _consistent(data, table, fit, priors)
        if consistent.all():
            break
        kept, predicted = kept[consistent], predicted.take(consistent)
        fit, moved = _settled(predicted, table, fit, priors)
        data = predicted.of(fit)
    # whether what was left out or what was left tells the truth is not known for sure
    sifted = (fit.best_focus_waves - unsifted) / 2
    image_likelihood = None
    if not priors.misfit and fit.reduced_chi2 < MAX_MODEL_CHI2:
        image_likelihood = likelihood_of_image(
            frame, layout, near.pose.pose, near.strips.plan, near.strips.waves, fit
        )
    best = through_focus.fit(replace(data, image_likelihood=image_likelihood), table, fit.parameters, priors)
    expected = np.sqrt(
        max(
            fit.best_focus_sd_waves**2 - best.best_focus_sd_waves**2,
            (MIN_MOVE * fit.best_focus_sd_waves) ** 2,
        )
    )
    # blurred parts are foretold of a lens without further faults
    if image_likelihood is not None and (
        best.aberrations or abs(best.best_focus_waves - fit.best_focus_waves) > MAX_SHIFT_SIGMAS * expected
    ):
        best = through_focus.fit(data, table, fit.parameters, priors)
    return Fitted(
        kept, data, replace(best, model_sd_waves=float(np.hypot.reduce([best.model_sd_waves, moved, sifted])))
    )


def _consistent(data: Segments, table: OtfTable, fit: FittedLens, priors: Priors) -> npt.NDArray[np.bool_]:
    """(n,) False for pieces that fit worse than most, whatever further faults the lens may have."""
    consistent = _as_most(through_focus.misfit(data, table, fit, priors), data.count)
    if not consistent.all():
        more = through_focus.fit(data, table, fit.parameters, priors, flexible=False, explore=False)
        consistent = _as_most(more.piece_chi2, data.count)
    return consistent


def _as_most(piece_chi2: Array, count: Array) -> npt.NDArray[np.bool_]:
    chi2, count = piece_chi2 / np.maximum(count, 1), np.maximum(count, 1)
    usual = max(float(np.median(chi2)), 1.0)
    return np.asarray(chi2 < usual * (1 + MAX_MISFIT_SIGMAS * np.sqrt(2 / count)))


def _settled(
    predicted: StripPrediction, table: OtfTable, fit: FittedLens, priors: Priors
) -> tuple[FittedLens, float]:
    """Fit and foresight in turns; how far the last turn still moved focus, in waves, is part of what is not known."""
    moved = np.inf
    for _ in range(MAX_ROUNDS):
        last = fit
        fit = through_focus.fit(
            predicted.of(fit), table, fit.parameters, priors, flexible=False, aberrations=False, explore=False
        )
        moved = abs(fit.best_focus_waves - last.best_focus_waves)
        if moved < SETTLED_SIGMAS * fit.best_focus_sd_waves:
            break
    return fit, moved
