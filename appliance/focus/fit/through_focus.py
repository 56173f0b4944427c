"""Where focus lies: a physical through-focus model, fitted to every frequency of every edge.

Each edge segment j lies at its own depth; its defocus, in waves of wavefront error at the pupil's rim, is linear in
dioptres (not in millimetres). The model of its SFR at frequency ν is

    S(ν) = A(ν) · exp(−2π² ν² (σ_p² g_j² + l + v_j)) · [mean of OTF(ν; W020, W040) + E(ν, w_j)]
    w_j = κ (q_j − q_f − b x_j − d r_j² − a t_j − e ((n_j · r_j)² − r_j²/2)),   W020 = w_j − W040

with q the depth in waves, σ_p the print's spread on paper, g the local scale in px/mm, l a blur of the lens itself that
is alike at all depths (variance in px²) and A(ν), near 1 and smooth, whatever else is (the pixel aperture is divided
out before), κ the ratio of the actual to the nominal cone of light, b and d field tilt and curvature, a and e
astigmatism that is even over the picture (t_j by the edge's direction) and that grows as the radius squared, and v_j
what a smear in any direction, as motion leaves it, adds across the edge (variance in px²) to its mean, in l. What the
data would show of it, ink nearby included, is foreseen (``predicted.py``, ``strips.py``). E is what the lens's
wavefront has beyond defocus and spherical aberration: free at every frequency (four cosines with a prior), but even
about best focus, so that a lens, or a world, that does not follow the model widens the interval instead of moving the
result. What astigmatism blurs of edges askew to it is taken out of the data, as is what the edges tell of faults that
the shape has not: coma, what changes over the picture otherwise, what is of sixth order (``aberration_search.py``).
What is off even so is weighed by how far it is off (``model_error.py``). What else tells of the same shape, the
widely blurred parts of the picture (``likelihood.py``), comes in as one quadratic form.

**Best focus** q_f is the *diffraction focus*: the plane of least RMS wavefront error, where W020 = −W040 for the
remaining spherical aberration. There the peak of the point spread (Strehl ratio) is highest, it does not depend on a
choice of frequency or pixel, and every frequency's response is near its own maximum; paraxial focus lies W040 waves
beside it and is nobody's idea of sharp. With field curvature or tilt, q_f is the value on the optical axis. A tilt of
the sensor along the chart's slope cannot be told from a change of slope by one photo; then q_f is where the chart is
sharpest on the column through the aim point. All edges run nearly along or across the tilt: of a pinched lens, whose
focus changes four times in a turn, q_f is that of such edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from appliance.arrays import Array
from appliance.focus.fit.aberration_search import (
    EXACT_PART,
    LINEAR_PART,
    SelectedAberrations,
    none_found,
    oblique_correction,
    select,
)
from appliance.focus.fit.least_squares import (
    DESCENT,
    Solution,
    focus_sd_waves,
    maximum_a_posteriori,
    profile_sd,
)
from appliance.focus.fit.model_error import HIDDEN_PART, MAX_MODEL_CHI2, focus_sd_of_model, typical_misfit
from appliance.focus.lens.data import Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    APERTURE_RATIO,
    COMMON_VARIANCE,
    EVEN,
    FOCUS,
    MOTION_COS2,
    MOTION_SIN2,
    PRINT_VARIANCE,
    SHAPE_PARAMETERS,
    SPHERICAL,
    Parameter,
    places,
)
from appliance.focus.lens.priors import Priors
from appliance.focus.lens.response import Correction, Problem, print_log_amplitude, split
from appliance.focus.trace import Ran, Stage, Step, run
from appliance.robust import Descent

MIN_COST_DECREASE = 12.0
"""By how much a loose prior must lower −2 log posterior to be taken: "very strong" evidence (Kass and Raftery 1995,
doi:10.1080/01621459.1995.10476572: 10) with a margin for the two parameters that motion has."""
LOG_AMPLITUDE_SD = 0.35
"""Standard deviation of the log amplitude at each frequency by itself, where a fit's start is searched for: a factor of
1.4, wider than any prior of the fit, so that the search excludes no lens."""
MAX_OBLIQUE_ITERATIONS = 2
"""Iterations of the oblique-astigmatism correction before the aberration search: its second changes focus by a
hundredth of the first (the correction goes with the square of a fitted parameter)."""
MAX_SEARCH_ITERATIONS, SETTLED_SIGMAS = 12, 0.05
"""Maximum iterations of the aberration search; it stops when nothing new is selected and best focus moves by less than
this many of its standard deviations."""
MAX_APERTURE_ERROR = 0.25
"""If κ differs from 1 by more the f-number is wrong by more than two thirds of a stop; the search is skipped, whose
terms mimic it."""
FAR_STOP = (0.5, 1.6)
"""A κ beyond these is another stop by two stops closed, or one and a third open; spherical aberration, motion and
astigmatism, which would take on part of its blur, are then not looked for. No mark is so wrong."""
MAX_FIRST_STEPS = 12
"""Of the fit to the survey, which only leads to another: lenses near the given stop take 3 to 6 steps, and for those
far from it no number is enough, as the fit has not their diffraction (``stop.py``)."""
MIN_PROFILE_UM = 0.2
"""Below this σ, µm on the image side, the profile likelihood is skipped: a tenth of the depth of focus at f/1.4, within
which the response is as good as linear in focus."""


@dataclass(frozen=True)
class FitState:
    """Where a fit has come to: from one stage to the next, each of which makes a new one.

    ``mean`` and ``sd`` (p,) are the priors in force, ``best`` the parameters under them, ``selected`` what was found of
    the lens beyond its shape. ``sd_parts`` are what stages found of focus to be unknown, waves; ``focus_sd`` is that
    from the profile likelihood, None if none was walked.
    """

    problem: Problem
    priors: Priors
    mean: Array
    sd: Array
    best: Solution
    selected: SelectedAberrations
    sd_parts: tuple[float, ...] = ()
    focus_sd: float | None = None
    trace: tuple[Step, ...] = field(default=(), compare=False)

    @property
    def noise_sd(self) -> float:
        """Standard deviation of focus from noise, waves, by the normal matrix."""
        return float(np.hypot(focus_sd_waves(self.best), np.sqrt(self.selected.focus_variance)))


def _moved(before: Solution, after: Solution) -> str:
    """How far a stage moved focus, in words."""
    waves = float(after.v[FOCUS] - before.v[FOCUS])
    return f"focus {waves:+.4f} waves ({waves / focus_sd_waves(after):+.1f} σ)"


def _minimum(state: FitState, how: Descent = DESCENT) -> tuple[FitState, Ran]:
    best = maximum_a_posteriori(state.problem, state.best.v, state.mean, state.sd, how)
    return replace(state, best=best), Ran(best.steps, _moved(state.best, best), best.stopped)


def _far_stop(state: FitState) -> bool:
    """Whether the cone is that of quite another stop, whose blur no further stage explains."""
    low, high = FAR_STOP
    return not low < state.best.v[APERTURE_RATIO] < high


def _loose_priors(state: FitState) -> tuple[FitState, Ran]:
    """Spherical aberration or motion beyond their usual priors, where that convinces."""
    if _far_stop(state):
        return state, Ran(0, "nothing", "the f-number is wrong")
    taken: list[str] = []
    groups: tuple[tuple[Parameter, ...], ...] = ((SPHERICAL,), (MOTION_COS2, MOTION_SIN2))
    best, sd = state.best, state.sd
    for group in groups:
        members = places(group)
        if (np.abs(best.v[members]) > sd[members] / 2).any():
            loose_sd = sd.copy()
            loose_sd[members] = [member.loose_sd for member in group]
            loose = maximum_a_posteriori(state.problem, best.v, state.mean, loose_sd)
            if loose.cost < best.cost - MIN_COST_DECREASE:
                best, sd = loose, loose_sd
                taken.append(group[0].name)
    changed = f"{_moved(state.best, best)}, loose: {', '.join(taken) or 'none'}"
    return replace(state, best=best, sd=sd), Ran(len(groups), changed, "each group tried once")


def _oblique(state: FitState) -> tuple[FitState, Ran]:
    """What the shape's own astigmatism blurs across its axes, taken out of the data."""
    if _far_stop(state):
        return state, Ran(0, "nothing", "the f-number is wrong")
    for count in range(MAX_OBLIQUE_ITERATIONS):
        value = oblique_correction(state.problem, state.best.v)
        if not (state.selected.value.any() or value.any()):
            return state, Ran(count, "nothing", "too little to blur anything")
        before = state.best
        selected = replace(none_found(state.problem), value=value)
        problem = state.problem.corrected(Correction(selected.defocus, selected.value))
        best = maximum_a_posteriori(problem, before.v, state.mean, state.sd)
        state = replace(state, problem=problem, best=best, selected=selected)
    return state, Ran(MAX_OBLIQUE_ITERATIONS, _moved(before, state.best), "all iterations made")


def _searched(state: FitState) -> tuple[FitState, Ran]:
    """What the photo shows of the lens beyond its shape, selected one by one and taken out of the data.

    What is missed still weighs the edges, so that more may be found.
    """
    if abs(state.best.v[APERTURE_RATIO] - 1) >= MAX_APERTURE_ERROR:
        return state, Ran(0, "nothing", "the f-number is wrong")
    plain, stopped, count = state.best, "all iterations made", 0
    while count < MAX_SEARCH_ITERATIONS:
        count += 1
        before, known = state.best, state.selected
        more = select(state.problem, before, known, state.priors.um_per_wave)
        if not more.chosen:
            stopped = "nothing convinces"
            break
        problem = state.problem.corrected(Correction(more.defocus, more.value))
        best = maximum_a_posteriori(problem, before.v, state.mean, state.sd)
        if best.reduced_chi2 > before.reduced_chi2:
            stopped = "the next one would fit no better"
            break
        priors = state.priors
        if priors.misfit:
            priors = replace(priors, misfit=typical_misfit(problem, best.v, priors.model_error))
            problem = problem.with_error(priors.error)
            best = maximum_a_posteriori(problem, best.v, state.mean, state.sd)
        state = replace(state, problem=problem, priors=priors, best=best, selected=more)
        nothing_new = set(more.chosen) == set(known.chosen)
        if nothing_new and abs(best.v[FOCUS] - before.v[FOCUS]) < SETTLED_SIGMAS * focus_sd_waves(best):
            stopped = f"focus moves by less than {SETTLED_SIGMAS:g} σ"
            break
    exact, linear = state.best.v[FOCUS] - plain.v[FOCUS], state.selected.focus_by_linear
    unknown = float(np.hypot(EXACT_PART * exact, LINEAR_PART * linear))
    found = ", ".join(state.selected.names) or "nothing"
    state = replace(state, sd_parts=(*state.sd_parts, unknown))
    return state, Ran(count, f"{_moved(plain, state.best)}, found: {found}", stopped)


def _loose_even(state: FitState) -> tuple[FitState, Ran]:
    """Even terms let loose where the lens does not follow the model."""
    if state.best.reduced_chi2 <= MAX_MODEL_CHI2:
        return state, Ran(0, "nothing", "the lens follows the model")
    sd = state.sd.copy()
    sd[SHAPE_PARAMETERS:] = EVEN.loose_sd
    best = maximum_a_posteriori(state.problem, state.best.v, state.mean, sd)
    # two ways to describe what follows neither quite: the truth may be at either
    apart = float(best.v[FOCUS] - state.best.v[FOCUS]) / 2
    changed = _moved(state.best, best)
    return replace(state, best=best, sd=sd, sd_parts=(*state.sd_parts, apart)), Ran(1, changed, best.stopped)


def _profiled(state: FitState) -> tuple[FitState, Ran]:
    """Focus's uncertainty from its profile likelihood, where that is not Gaussian."""
    noise = state.noise_sd
    if noise <= MIN_PROFILE_UM / state.priors.um_per_wave:
        return state, Ran(0, "nothing", f"σ is below {MIN_PROFILE_UM:g} µm")
    focus_sd, steps, stopped = profile_sd(state.problem, state.best, state.mean, state.sd, noise)
    return replace(state, focus_sd=focus_sd), Ran(steps, f"σ × {focus_sd / noise:.2f}", stopped)


MINIMUM = Stage("minimum", "no step promises to lower −2 log posterior by 1e-4", _minimum)
FIRST_MINIMUM = Stage(
    "minimum",
    f"as the minimum, or {MAX_FIRST_STEPS} steps",
    partial(_minimum, how=replace(DESCENT, max_steps=MAX_FIRST_STEPS)),
)
LOOSE_PRIORS = Stage(
    "loose priors",
    f"each group once; taken if −2 log posterior falls by {MIN_COST_DECREASE:g}",
    _loose_priors,
)
OBLIQUE = Stage("oblique astigmatism", f"{MAX_OBLIQUE_ITERATIONS} iterations, or none to correct", _oblique)
ABERRATIONS = Stage(
    "aberration search",
    f"nothing convinces, or nothing new and focus moves by < {SETTLED_SIGMAS:g} σ; {MAX_SEARCH_ITERATIONS} iterations",
    _searched,
)
LOOSE_EVEN = Stage("loose even terms", f"once, if reduced chi-square > {MAX_MODEL_CHI2:g}", _loose_even)
PROFILE = Stage(
    "profile likelihood",
    f"if σ > {MIN_PROFILE_UM:g} µm: until nothing explains the data, 9 steps a side",
    _profiled,
)

PLAIN = (MINIMUM, LOOSE_PRIORS, OBLIQUE)
"""Stages of a fit that only leads to another."""
SURVEYED = (FIRST_MINIMUM, LOOSE_PRIORS, OBLIQUE, LOOSE_EVEN)
"""Stages of the fit to the survey."""
SELECTED = (*PLAIN, ABERRATIONS)
"""Stages of a fit that tells edges which follow no lens from a lens that has more than its shape."""
COMPLETE = (*PLAIN, ABERRATIONS, LOOSE_EVEN, PROFILE)
"""Stages of the fit that a result comes from."""


def search(data: Segments, table: OtfTable, candidates: Array, priors: Priors) -> tuple[Array, Array]:
    """Try each focus position of ``candidates`` (c,) in waves, which may reach beyond the chart, at nominal shape.

    Returns
    -------
    Parameters (p,) for :func:`fit` to start from, and the (c,) chi-square.
    """
    problem = Problem.of(data, table, priors.error)
    prior = print_log_amplitude(data.frequency_cpp, priors.print_sigma_mm[0], float(np.sqrt(problem.g2_mean)))
    per_variance = -2 * np.pi**2 * data.frequency_cpp**2 * problem.g2_mean
    prior_sd = np.hypot(LOG_AMPLITUDE_SD, per_variance * priors.print_variance[1])
    chi2, amplitudes = problem.scan(candidates, prior, prior_sd)
    best = int(np.argmin(chi2))
    start, _ = priors.vectors(len(data.frequency_cpp))
    start[FOCUS] = candidates[best]
    start[PRINT_VARIANCE] = max(float(per_variance @ amplitudes[best] / (per_variance @ per_variance)), 0.0)
    return start, chi2


def fit(
    data: Segments,
    table: OtfTable,
    start: Array,
    priors: Priors,
    stages: tuple[Stage[FitState], ...] = COMPLETE,
) -> FittedLens:
    """Fit the through-focus model.

    Parameters
    ----------
    data, table:
        The measured segments and the pupil's OTF at their frequencies.
    start:
        (p,) parameters to start from, of :func:`search` or of a fit to the same frequencies.
    priors:
        What is known beforehand.
    stages:
        What to do: ``PLAIN``, ``SURVEYED``, ``SELECTED`` or ``COMPLETE``.
    """
    problem = Problem.of(data, table, priors.error).with_even_about(float(start[FOCUS]))
    mean, sd = priors.vectors(len(data.frequency_cpp))
    unfitted = Solution(start, np.eye(len(start)), 1.0, np.inf)
    state = run(stages, FitState(problem, priors, mean, sd, unfitted, none_found(problem)))
    focus_sd = state.noise_sd if state.focus_sd is None else state.focus_sd
    hidden = HIDDEN_PART * focus_sd if state.priors.faulty or state.selected.chosen else 0.0
    of_model = focus_sd_of_model(state.problem, state.best, state.priors.misfit)
    return _outcome(state, focus_sd, float(np.hypot.reduce([of_model, *state.sd_parts, hidden])))


def _outcome(state: FitState, focus_sd: float, model_sd: float) -> FittedLens:
    problem, best = state.problem, state.best
    frequency = problem.data.frequency_cpp
    shape, even = split(best.v, len(frequency))
    blur = -2 * np.pi**2 * frequency**2 * (problem.g2_mean * shape[PRINT_VARIANCE] + shape[COMMON_VARIANCE])
    return FittedLens(
        best_focus_waves=float(best.v[FOCUS]),
        best_focus_sd_waves=focus_sd,
        model_sd_waves=model_sd,
        parameters=best.v,
        shape=shape,
        log_amplitude=problem.curves.amplitude @ shape[AMPLITUDE] + blur,
        even=even,
        even_scale=problem.even_scale,
        covariance=np.asarray(np.linalg.pinv(best.normal) * max(best.reduced_chi2, 1.0), float),
        reduced_chi2=best.reduced_chi2,
        piece_chi2=problem.piece_chi2(best.v),
        aberrations=state.selected.names,
        coma_waves=state.selected.coma_waves,
        trace=state.trace,
    )


def _problem_of(fit: FittedLens, data: Segments, table: OtfTable, error: float) -> Problem:
    """The problem that a lens was fitted to, for other data."""
    problem = replace(Problem.of(data, table, error), even_scale=fit.even_scale)
    value = oblique_correction(problem, fit.parameters)
    return problem.corrected(Correction(np.zeros(len(value)), value))


def misfit(data: Segments, table: OtfTable, fit: FittedLens, priors: Priors) -> Array:
    """(n,) chi-square of each piece."""
    return _problem_of(fit, data, table, priors.error).piece_chi2(fit.parameters)


def typical_misfit_of(fit: FittedLens, data: Segments, table: OtfTable, priors: Priors) -> float:
    """Misfit of each response of most edges beyond noise; 0 for a lens that follows the model."""
    if fit.reduced_chi2 < 1:
        return 0.0
    problem = _problem_of(fit, data, table, priors.model_error)
    return typical_misfit(problem, fit.parameters, priors.model_error)
