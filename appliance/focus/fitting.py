"""The last fit: what strips and blurred parts of a photo say of the lens, each foretold with the lens in view."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance.chart.layout import Layout
from appliance.focus import through
from appliance.focus.foresight import Foresight
from appliance.focus.missed import STRANGE_CHI2
from appliance.focus.near import Look
from appliance.focus.pupil import PupilTable
from appliance.focus.segments import Array, Segments
from appliance.focus.terms import Terms
from appliance.focus.whole import told_by_blur
from appliance.frame import Frame

MOST_ROUNDS, SETTLED = 6, 0.1
"""Fit and foresight take turns until focus moves by less than this of its standard deviation."""
FIRST_STRIPS = 150
"""So many strips, all over the chart, are enough to foretell light and ink by."""
STRANGE_SIGMAS, SIFTINGS = 8.0, 3
"""Strips that fit worse than most by so many standard deviations show something else than the chart's edges, and are
left out; so often, because they pull the lens towards them."""
MOST_APART, LEAST_MOVE = 3.0, 0.3
"""Blurred parts are not believed if they move focus by more than so many times what its variance loses, or a part."""


@dataclass(frozen=True)
class Fitted:
    """The fit to the ``data`` of those strips of a look that are ``kept`` (n,), by index."""

    kept: npt.NDArray[np.int_]
    data: Segments
    fit: through.ThroughFocus


def fit_strips(frame: Frame, layout: Layout, look: Look, table: PupilTable, terms: Terms) -> Fitted:
    """Fit the second look: first with light and ink as the survey's lens has them, then as the look's own does.

    Last, with what the blurred parts of the picture tell, if the lens is one that they can be foretold of.
    """
    some = look.strips.take(slice(None, None, max(len(look.strips.plan) // FIRST_STRIPS, 1)))
    foresight = some.compared(look.first)
    around = look.first.q_focus + np.array([-0.1, 0.0, 0.1])
    start, _ = through.search(foresight.data, table, around, terms)
    fit = through.fit(foresight.data, table, start, terms, flexible=False, further=False, explore=False)
    fit, _ = _settled(foresight, table, fit, terms)
    foresight = look.strips.compared(fit)
    fit, moved = _settled(foresight, table, fit, terms)
    terms = replace(terms, missed=through.missed_by(fit, foresight.of(fit), table, terms))
    if terms.missed:
        foresight = look.strips.compared(fit, lopsided=True)
        fit, moved = _settled(foresight, table, fit, terms)
        missed = through.missed_by(fit, foresight.of(fit), table, terms)
        terms = replace(terms, missed=missed, faulty=True)
        fit, moved = _settled(foresight, table, fit, terms)
    kept, unsifted = np.arange(len(look.strips.plan)), fit.q_focus
    data = foresight.of(fit)
    for _ in range(SIFTINGS):
        alike = _alike(data, table, fit, terms)
        if alike.all():
            break
        kept, foresight = kept[alike], foresight.take(alike)
        fit, moved = _settled(foresight, table, fit, terms)
        data = foresight.of(fit)
    # whether what was left out or what was left tells the truth is not known for sure
    sifted = (fit.q_focus - unsifted) / 2
    told = None
    if not terms.missed and fit.reduced_chi2 < STRANGE_CHI2:
        told = told_by_blur(frame, layout, look.pose.pose, look.strips.plan, look.strips.waves, fit)
    best = through.fit(replace(data, told=told), table, fit.parameters, terms)
    expected = np.sqrt(max(fit.q_sd**2 - best.q_sd**2, (LEAST_MOVE * fit.q_sd) ** 2))
    # blurred parts are foretold of a lens without further faults
    if told is not None and (best.further or abs(best.q_focus - fit.q_focus) > MOST_APART * expected):
        best = through.fit(data, table, fit.parameters, terms)
    return Fitted(
        kept, data, replace(best, q_unknown=float(np.hypot.reduce([best.q_unknown, moved, sifted])))
    )


def _alike(
    data: Segments, table: PupilTable, fit: through.ThroughFocus, terms: Terms
) -> npt.NDArray[np.bool_]:
    """(n,) False for pieces that fit worse than most, whatever further faults the lens may have."""
    alike = _as_most(through.misfit(data, table, fit, terms), data.count)
    if not alike.all():
        more = through.fit(data, table, fit.parameters, terms, flexible=False, explore=False)
        alike = _as_most(more.piece_chi2, data.count)
    return alike


def _as_most(piece_chi2: Array, count: Array) -> npt.NDArray[np.bool_]:
    chi2, count = piece_chi2 / np.maximum(count, 1), np.maximum(count, 1)
    usual = max(float(np.median(chi2)), 1.0)
    return np.asarray(chi2 < usual * (1 + STRANGE_SIGMAS * np.sqrt(2 / count)))


def _settled(
    foresight: Foresight, table: PupilTable, fit: through.ThroughFocus, terms: Terms
) -> tuple[through.ThroughFocus, float]:
    """Fit and foresight in turns; how far the last turn still moved focus, in waves, is part of what is not known."""
    moved = np.inf
    for _ in range(MOST_ROUNDS):
        last = fit
        fit = through.fit(
            foresight.of(fit), table, fit.parameters, terms, flexible=False, further=False, explore=False
        )
        moved = abs(fit.q_focus - last.q_focus)
        if moved < SETTLED * fit.q_sd:
            break
    return fit, moved
