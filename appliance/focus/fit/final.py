"""The last fit, in stages: strips about edges, predicted with the current lens, and the widely defocused picture."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from appliance.arrays import Array, Index, Mask
from appliance.chart.layout import Layout
from appliance.focus.edges.near_focus import NearFocus
from appliance.focus.edges.predicted import StripPrediction
from appliance.focus.fit import through_focus
from appliance.focus.fit.model_error import MAX_MODEL_CHI2
from appliance.focus.image.likelihood import likelihood_of_image
from appliance.focus.lens.data import Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.priors import Priors
from appliance.focus.trace import Ran, Stage, Step, run
from appliance.frame import Frame

MAX_ROUNDS, SETTLED_SIGMAS = 6, 0.1
"""Fit and prediction take turns until focus moves by less than this many of its standard deviations, 0.5 % of the
interval; the last move counts as unknown."""
FIRST_STRIPS = 150
"""Strips, all over the chart, that suffice to predict light and ink by: six for each of 15 terms of the light's field,
and more."""
MAX_MISFIT_SIGMAS, MAX_SIFTINGS = 8.0, 3
"""Strips whose chi-square lies so many standard deviations above most show something else than the chart's edges, and
are left out; 8, as chi-square has long tails of its own. Repeated, because they pull the lens towards them."""
MAX_SHIFT_SIGMAS, MIN_MOVE = 3.0, 0.3
"""The image likelihood is rejected if it shifts focus by more than 3 σ of the expected change, which is what it takes
off the variance (Hausman 1978, doi:10.2307/1913827), but 0.3 of focus's σ at least."""


@dataclass(frozen=True)
class Fitted:
    """The ``fit`` to the ``data`` of those strips that are ``kept`` (n,), by index, and how it came about."""

    kept: Index
    data: Segments
    fit: FittedLens
    trace: tuple[Step, ...] = ()


@dataclass(frozen=True)
class StripState:
    """Where the last fit has come to.

    ``predicted`` is what the strips ``kept`` (n,) say, with light and ink predicted for the lens ``fit``. The last
    round moved focus by ``moved`` waves, and leaving strips out by twice ``sifted``.
    """

    frame: Frame
    layout: Layout
    near: NearFocus
    table: OtfTable
    priors: Priors
    fit: FittedLens
    predicted: StripPrediction
    kept: Index
    fitted: Segments | None = None
    """What the complete fit was made to."""
    moved: float = 0.0
    sifted: float = 0.0
    trace: tuple[Step, ...] = field(default=(), compare=False)

    @property
    def data(self) -> Segments:
        """What the strips say, with what is predicted of the current lens beside its response."""
        return self.predicted.of(self.fit)


def _change(before: FittedLens, after: FittedLens) -> str:
    waves = after.best_focus_waves - before.best_focus_waves
    return f"focus {waves:+.4f} waves ({waves / after.best_focus_sd_waves:+.1f} σ)"


def _settled(state: StripState) -> tuple[StripState, int, str]:
    """Fit and prediction in turns; how many, and why no more."""
    for count in range(1, MAX_ROUNDS + 1):
        last = state.fit
        fit = through_focus.fit(state.data, state.table, last.parameters, state.priors, through_focus.PLAIN)
        moved = abs(fit.best_focus_waves - last.best_focus_waves)
        state = replace(state, fit=fit, moved=moved)
        if moved < SETTLED_SIGMAS * fit.best_focus_sd_waves:
            return state, count, f"focus moves by less than {SETTLED_SIGMAS:g} σ"
    return state, MAX_ROUNDS, "out of rounds"


def _first_strips(state: StripState) -> tuple[StripState, Ran]:
    """A few strips, with light and ink as the survey's lens has them; then as their own does."""
    around = state.fit.best_focus_waves + np.array([-0.1, 0.0, 0.1])
    data = state.predicted.data
    start, _ = through_focus.search(data, state.table, around, state.priors)
    fit = through_focus.fit(data, state.table, start, state.priors, through_focus.PLAIN)
    settled, count, stopped = _settled(replace(state, fit=fit))
    return settled, Ran(count + 1, _change(state.fit, settled.fit), stopped, settled.fit.trace)


def _all_strips(state: StripState) -> tuple[StripState, Ran]:
    predicted = state.near.strips.compared(state.fit)
    settled, count, stopped = _settled(replace(state, predicted=predicted))
    return settled, Ran(count, _change(state.fit, settled.fit), stopped, settled.fit.trace)


def _misfit(state: StripState) -> tuple[StripState, Ran]:
    """A lens that does not follow the model: weigh its edges by how well they are described, not by their noise."""

    def misfit(state: StripState) -> float:
        return through_focus.typical_misfit_of(state.fit, state.data, state.table, state.priors)

    found = misfit(state)
    if not found:
        return state, Ran(0, "nothing", "the lens follows the model")
    priors = replace(state.priors, misfit=found)
    predicted = state.near.strips.compared(state.fit, antisymmetric_only=True)
    settled, first, _ = _settled(replace(state, priors=priors, predicted=predicted))
    priors = replace(priors, misfit=misfit(settled), faulty=True)
    settled, second, stopped = _settled(replace(settled, priors=priors))
    changed = f"{_change(state.fit, settled.fit)}, misfit {priors.misfit:.4f}"
    return settled, Ran(first + second, changed, stopped, settled.fit.trace)


def _sifted(state: StripState) -> tuple[StripState, Ran]:
    """Leave out strips that fit worse than most, whatever further aberrations the lens may have."""
    unsifted, count, stopped = state.fit, 0, "out of rounds"
    for _ in range(MAX_SIFTINGS):
        consistent = _consistent(state)
        if consistent.all():
            stopped = "all strips are consistent"
            break
        count += 1
        chosen = replace(state, kept=state.kept[consistent], predicted=state.predicted.take(consistent))
        state, _, _ = _settled(chosen)
    # whether what was left out or what was left tells the truth is not known for sure
    sifted = (state.fit.best_focus_waves - unsifted.best_focus_waves) / 2
    left_out = len(state.near.strips.plan) - len(state.kept)
    changed = f"{_change(unsifted, state.fit)}, {left_out} strips left out"
    return replace(state, sifted=sifted), Ran(count, changed, stopped)


def _consistent(state: StripState) -> Mask:
    """(n,) False for strips that fit worse than most."""
    data = state.data
    consistent = _as_most(through_focus.misfit(data, state.table, state.fit, state.priors), data.count)
    if not consistent.all():
        more = through_focus.fit(
            data, state.table, state.fit.parameters, state.priors, through_focus.SELECTED
        )
        consistent = _as_most(more.piece_chi2, data.count)
    return consistent


def _as_most(piece_chi2: Array, count: Array) -> Mask:
    chi2, count = piece_chi2 / np.maximum(count, 1), np.maximum(count, 1)
    usual = max(float(np.median(chi2)), 1.0)
    return np.asarray(chi2 < usual * (1 + MAX_MISFIT_SIGMAS * np.sqrt(2 / count)))


def _complete(state: StripState) -> tuple[StripState, Ran]:
    """All stages of the fit, with what the widely defocused picture says if the lens is one it is predicted for."""
    fit, data, near = state.fit, state.data, state.near
    image = None
    if not state.priors.misfit and fit.reduced_chi2 < MAX_MODEL_CHI2:
        pose = near.pose.pose
        image = likelihood_of_image(state.frame, state.layout, pose, near.strips.plan, near.strips.waves, fit)
    best = through_focus.fit(replace(data, image_likelihood=image), state.table, fit.parameters, state.priors)
    told = "no image likelihood" if image is None else "with the image likelihood"
    # the image is predicted for a lens without further aberrations
    if image is not None and (best.aberrations or _contradicted(fit, best)):
        best = through_focus.fit(data, state.table, fit.parameters, state.priors)
        told = "image likelihood rejected"
    unknown = float(np.hypot.reduce([best.model_sd_waves, state.moved, state.sifted]))
    changed = _change(fit, best)
    fit = replace(best, model_sd_waves=unknown)
    return replace(state, fit=fit, fitted=data), Ran(1, changed, told, best.trace)


def _contradicted(strips: FittedLens, both: FittedLens) -> bool:
    """Whether the image moves focus by more than it can, if strips and image see the same lens."""
    variance = strips.best_focus_sd_waves**2 - both.best_focus_sd_waves**2
    expected = np.sqrt(max(variance, (MIN_MOVE * strips.best_focus_sd_waves) ** 2))
    return bool(abs(both.best_focus_waves - strips.best_focus_waves) > MAX_SHIFT_SIGMAS * expected)


_TURNS = f"fit and prediction in turns until focus moves by < {SETTLED_SIGMAS:g} σ; {MAX_ROUNDS} rounds"
STAGES: tuple[Stage[StripState], ...] = (
    Stage("first strips", _TURNS, _first_strips),
    Stage("all strips", _TURNS, _all_strips),
    Stage("misfit", f"only if typical chi-square > {MAX_MODEL_CHI2:g}: {_TURNS}", _misfit),
    Stage("sifting", f"all strips are consistent; {MAX_SIFTINGS} rounds", _sifted),
    Stage("complete fit", "once; again without the image if that contradicts the strips", _complete),
)
"""What the last fit does, in this order."""


def fit_strips(frame: Frame, layout: Layout, near: NearFocus, table: OtfTable, priors: Priors) -> Fitted:
    """Fit the strips near focus, and the widely defocused picture around them.

    Parameters
    ----------
    frame, layout:
        The photo, and what is printed.
    near:
        Strips about the edges near focus, with the lens that they were planned for.
    table, priors:
        The OTF at the fit's frequencies, and what is known beforehand.
    """
    some = near.strips.take(slice(None, None, max(len(near.strips.plan) // FIRST_STRIPS, 1)))
    every = np.arange(len(near.strips.plan))
    start = StripState(frame, layout, near, table, priors, near.first, some.compared(near.first), every)
    state = run(STAGES, start)
    assert state.fitted is not None
    return Fitted(state.kept, state.fitted, state.fit, state.trace)
