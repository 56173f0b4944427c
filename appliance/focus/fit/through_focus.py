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

from dataclasses import replace

import numpy as np

from appliance.focus.fit.aberration_search import (
    EXACT_PART,
    LINEAR_PART,
    SelectedAberrations,
    none_found,
    oblique_correction,
    select,
)
from appliance.focus.fit.least_squares import Solution, focus_sd_waves, maximum_a_posteriori, profile_sd
from appliance.focus.fit.model_error import HIDDEN_PART, MAX_MODEL_CHI2, focus_sd_of_model, typical_misfit
from appliance.focus.lens.data import Array, Segments
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    APERTURE_RATIO,
    COMMON_VARIANCE,
    FOCUS,
    MOTION_COS2,
    MOTION_SIN2,
    PRINT_VARIANCE,
    SHAPE_PARAMETERS,
    SPHERICAL,
)
from appliance.focus.lens.priors import EVEN_SD_LOOSE, MOTION_SD_LOOSE, SPHERICAL_SD_LOOSE, Priors
from appliance.focus.lens.response import Model, print_log_amplitude, split

MIN_COST_DECREASE = 12.0
"""By how much a lens with more aberration, or a bench with more smear, than usual must lower −2 log posterior."""
LOG_AMPLITUDE_SD = 0.35
"""Standard deviation of the log amplitude at each frequency by itself, where a fit's start is searched for."""
MAX_OBLIQUE_ITERATIONS = 2
"""So often is taken out what astigmatism blurs of edges askew to it, before anything further is looked for."""
MAX_SEARCH_ITERATIONS, SETTLED_SIGMAS = 12, 0.05
"""So often is looked for more; it ends when focus moves by less than this of its standard deviation."""
MAX_APERTURE_ERROR = 0.25
"""A cone that is off by more is another stop, which looks like much else: then nothing further is looked for."""
MIN_PROFILE_UM = 0.2
"""A focus known to better than this on the image side needs no look at the shape of its likelihood."""


def search(data: Segments, table: OtfTable, candidates: Array, priors: Priors) -> tuple[Array, Array]:
    """Try each focus position of ``candidates`` (c,) in waves, which may reach beyond the chart, at nominal shape.

    Returns
    -------
    Parameters (p,) for :func:`fit` to start from, and the (c,) chi-square.
    """
    model = Model(data, table, priors.error)
    prior = print_log_amplitude(data.frequency_cpp, priors.print_sigma_mm[0], float(np.sqrt(model.g2_mean)))
    per_variance = -2 * np.pi**2 * data.frequency_cpp**2 * model.g2_mean
    prior_sd = np.hypot(LOG_AMPLITUDE_SD, per_variance * priors.print_variance[1])
    chi2, amplitudes = model.scan(candidates, prior, prior_sd)
    best = int(np.argmin(chi2))
    start, _ = priors.priors(len(data.frequency_cpp))
    start[FOCUS] = candidates[best]
    start[PRINT_VARIANCE] = max(float(per_variance @ amplitudes[best] / (per_variance @ per_variance)), 0.0)
    return start, chi2


def fit(
    data: Segments,
    table: OtfTable,
    start: Array,
    priors: Priors,
    flexible: bool = True,
    aberrations: bool = True,
    explore: bool = True,
) -> FittedLens:
    """Fit the through-focus model.

    Parameters
    ----------
    data, table:
        The measured segments and the pupil's OTF at their frequencies.
    start:
        (p,) parameters to start from, of :func:`search` or of a fit to the same frequencies.
    flexible:
        Let the even terms loose where the lens does not follow the model.
    further:
        Look for what the lens has beyond the shape.
    explore:
        Walk the likelihood where it matters for ``best_focus_sd_waves``; takes as long as all the rest.
    """
    model = Model(data, table, priors.error)
    model.centre_even(float(start[FOCUS]))
    mean, sd = priors.priors(len(data.frequency_cpp))
    best, sd = _with_loose_priors(model, maximum_a_posteriori(model, start, mean, sd), mean, sd)
    best, oblique = _oblique_corrected(model, best, mean, sd)
    more, moved, apart = oblique, 0.0, 0.0
    if aberrations and abs(best.v[APERTURE_RATIO] - 1) < MAX_APERTURE_ERROR:
        plain = best
        best, more, priors = _with_aberrations(model, best, mean, sd, priors, oblique)
        moved = np.hypot(EXACT_PART * (best.v[FOCUS] - plain.v[FOCUS]), LINEAR_PART * more.focus_by_linear)
    if flexible and best.reduced_chi2 > MAX_MODEL_CHI2:
        rigid = best
        sd[SHAPE_PARAMETERS:] = EVEN_SD_LOOSE
        best = maximum_a_posteriori(model, best.v, mean, sd)
        # two ways to describe what follows neither quite: the truth may be at either
        apart = float(best.v[FOCUS] - rigid.v[FOCUS]) / 2
    best_focus_sd_waves = float(np.hypot(focus_sd_waves(best), np.sqrt(more.focus_variance)))
    if explore and best_focus_sd_waves > MIN_PROFILE_UM / priors.um_per_wave:
        best_focus_sd_waves = profile_sd(model, best, mean, sd, best_focus_sd_waves)
    hidden = HIDDEN_PART * best_focus_sd_waves if priors.faulty or more.chosen else 0.0
    model_sd_waves = float(
        np.hypot.reduce([focus_sd_of_model(model, best, priors.misfit), moved, apart, hidden])
    )
    return _outcome(model, best, best_focus_sd_waves, model_sd_waves, more)


def _outcome(
    model: Model,
    best: Solution,
    best_focus_sd_waves: float,
    model_sd_waves: float,
    aberrations: SelectedAberrations,
) -> FittedLens:
    frequency = model.data.frequency_cpp
    shape, even = split(best.v, len(frequency))
    blur = -2 * np.pi**2 * frequency**2 * (model.g2_mean * shape[PRINT_VARIANCE] + shape[COMMON_VARIANCE])
    return FittedLens(
        best_focus_waves=float(best.v[FOCUS]),
        best_focus_sd_waves=best_focus_sd_waves,
        model_sd_waves=model_sd_waves,
        parameters=best.v,
        shape=shape,
        log_amplitude=model.curves.amplitude @ shape[AMPLITUDE] + blur,
        even=even,
        even_scale=model.even_scale,
        covariance=np.asarray(np.linalg.pinv(best.normal) * max(best.reduced_chi2, 1.0), float),
        reduced_chi2=best.reduced_chi2,
        piece_chi2=model.piece_chi2(best.v),
        aberrations=aberrations.names,
        coma_waves=aberrations.coma_waves,
    )


def _oblique_corrected(
    model: Model, best: Solution, mean: Array, sd: Array
) -> tuple[Solution, SelectedAberrations]:
    """The fit with what the shape's own astigmatism blurs across its axes taken out of the data."""
    known = none_found(model)
    for _ in range(MAX_OBLIQUE_ITERATIONS):
        more = replace(known, value=oblique_correction(model, best.v))
        if not (known.value.any() or more.value.any()):
            break
        _corrected(model, more)
        best, known = maximum_a_posteriori(model, best.v, mean, sd), more
    return best, known


def _with_aberrations(
    model: Model, best: Solution, mean: Array, sd: Array, priors: Priors, known: SelectedAberrations
) -> tuple[Solution, SelectedAberrations, Priors]:
    """The fit with what the photo shows of the lens beyond its shape, and is not ``known`` yet, taken out of the data.

    What is missed still weighs the edges, so that more may be found.
    """
    for _ in range(MAX_SEARCH_ITERATIONS):
        more = select(model, best, known, priors.um_per_wave)
        if not more.chosen:
            break
        before = best
        _corrected(model, more)
        best = maximum_a_posteriori(model, best.v, mean, sd)
        if best.reduced_chi2 > before.reduced_chi2:
            _corrected(model, known)
            return before, known, priors
        nothing_new, known = set(more.chosen) == set(known.chosen), more
        if priors.misfit:
            priors = replace(priors, misfit=typical_misfit(model, best.v, priors.model_error))
            model.weigh(priors.error)
            best = maximum_a_posteriori(model, best.v, mean, sd)
        if nothing_new and abs(best.v[FOCUS] - before.v[FOCUS]) < SETTLED_SIGMAS * focus_sd_waves(best):
            break
    return best, known, priors


def _corrected(model: Model, aberrations: SelectedAberrations) -> None:
    model.bend(aberrations.defocus)
    model.y = model.data.sfr - aberrations.value


def _with_loose_priors(model: Model, best: Solution, mean: Array, sd: Array) -> tuple[Solution, Array]:
    """The fit with much spherical aberration or smear, where that convinces, and the priors (p,) that it has then."""
    for members, strange in (
        ([SPHERICAL], SPHERICAL_SD_LOOSE),
        ([MOTION_COS2, MOTION_SIN2], MOTION_SD_LOOSE),
    ):
        if (np.abs(best.v[members]) > sd[members] / 2).any():
            loose_sd = sd.copy()
            loose_sd[members] = strange
            loose = maximum_a_posteriori(model, best.v, mean, loose_sd)
            if loose.cost < best.cost - MIN_COST_DECREASE:
                best, sd = loose, loose_sd
    return best, sd


def _model_of(fit: FittedLens, data: Segments, table: OtfTable, error: float) -> Model:
    model = Model(data, table, error)
    model.even_scale = fit.even_scale
    model.y = model.data.sfr - oblique_correction(model, fit.parameters)
    return model


def misfit(data: Segments, table: OtfTable, fit: FittedLens, priors: Priors) -> Array:
    """(n,) chi-square of each piece."""
    return _model_of(fit, data, table, priors.error).piece_chi2(fit.parameters)


def typical_misfit_of(fit: FittedLens, data: Segments, table: OtfTable, priors: Priors) -> float:
    """By how much each response of most edges is off a fit, beyond noise; 0 for a lens that follows it."""
    if fit.reduced_chi2 < 1:
        return 0.0
    return typical_misfit(_model_of(fit, data, table, priors.model_error), fit.parameters, priors.model_error)
