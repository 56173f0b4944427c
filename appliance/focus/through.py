"""Where focus lies: a physical through-focus model, fitted to every frequency of every edge.

Each edge segment j lies at its own depth; its defocus, in waves of wavefront error at the pupil's rim, is linear in
dioptres (not in millimetres). The model of its SFR at frequency ν is

    S(ν) = A(ν) · exp(−2π² ν² (σ_p² g_j² + l ± v/2)) · [mean of OTF(ν; W020, W040) + E(ν, w_j)]
    w_j = κ (q_j − q_f − b x_j − d r_j²),   W020 = w_j − W040

with q the depth in waves, σ_p the print's spread on paper, g the local scale in px/mm, l a blur of the lens itself that
is alike at all depths (variance in px²) and A(ν), near 1, whatever else is (the pixel aperture is divided out before),
κ the ratio of the actual to the nominal cone of light, b and d field tilt and curvature, and ± v/2 a smear (variance in
px²) along or across the tilt, as motion leaves it. What the estimator and the ink beside an edge add to it is
foreseen (``bias.py``, ``stray.py``). E is what the lens's wavefront has beyond defocus and spherical aberration: free
at every frequency (four cosines with a prior), but even about best focus, so that a lens, or a world, that does not
follow the model widens the interval instead of moving the result.

**Best focus** q_f is the *diffraction focus*: the plane of least RMS wavefront error, where W020 = −W040 for the
remaining spherical aberration. There the peak of the point spread (Strehl ratio) is highest, it does not depend on a
choice of frequency or pixel, and every frequency's response is near its own maximum; paraxial focus lies W040 waves
beside it and is nobody's idea of sharp. With field curvature or tilt, q_f is the value on the optical axis. A tilt of
the sensor along the chart's slope cannot be told from a change of slope by one photo; then q_f is where the chart is
sharpest on the column through the aim point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.focus.model import (
    ASTIGMATISM,
    CURVATURE,
    EVEN_TERMS,
    FOCUS,
    KAPPA,
    LENS_BLUR,
    PRINT,
    PRIOR_MEAN,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
    Array,
    Model,
    Segments,
    print_log_amplitude,
    split,
)
from appliance.focus.pupil import PupilTable
from appliance.focus.solve import explored, gauss_newton, q_sd_of, unknown

PRIOR_SD = np.array([np.inf, np.nan, 0.15, 0.0015, np.nan, np.nan, np.nan, 0.3, 0.3])
"""Standard deviations of the shape's priors; those of the field are in µm on the image side, below."""
SPHERICAL_SD_USUAL, SPHERICAL_SD_STRANGE, CONVINCING = 0.05, 0.6, 12.0
"""Priors of W040 in waves: most lenses have little; one that has much must convince (−2 log posterior)."""
USUAL_UP_TO_UM = 70.0
"""Image-side shift per wave (8 N² λ) at f/4; beyond, the usual W040 narrows as 1/N²."""
FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM = 40.0, 60.0, 15.0
"""Priors of the focus surface at the picture's corner (tilt, curvature), and of astigmatism, µm image side."""
LOG_AMPLITUDE_SD = 0.35
EVEN_SD = 0.01
EVEN_SD_STRANGE = 0.3
"""Prior of the even terms for a lens that follows the model, and for one that does not, as chi-square shows."""
STRANGE_CHI2 = 1.15
EXPLORE_FROM_UM = 0.2
"""A focus known to better than this on the image side needs no look at the shape of its likelihood."""


@dataclass(frozen=True)
class ThroughFocus:
    """Outcome of the fit.

    ``q_focus``, ``q_sd`` (from noise) and ``q_unknown`` (from what no model knows, see TREND) in waves; ``shape`` the
    parameters by index (FOCUS … ASTIGMATISM) with ``covariance``
    scaled by the reduced chi-square; ``log_amplitude`` (k,) is the log of all that blurs alike, at the median scale.
    """

    q_focus: float
    q_sd: float
    q_unknown: float
    shape: Array
    log_amplitude: Array
    even: Array
    even_scale: float
    covariance: Array
    reduced_chi2: float


def fit(
    data: Segments,
    table: PupilTable,
    candidates: Array,
    print_sigma_mm: tuple[float, float] = (0.03, 0.03),
    model_error: float = 0.0015,
    um_per_wave: float = 10.0,
    flexible: bool = True,
    explore: bool = True,
) -> tuple[ThroughFocus, Array]:
    """Fit the through-focus model.

    Parameters
    ----------
    data, table:
        The measured segments and the pupil's OTF at their frequencies.
    candidates:
        (c,) focus positions in waves for the first search; may reach beyond the chart.
    print_sigma_mm:
        The print's Gaussian spread on paper and its standard uncertainty, mm.
    model_error:
        Error of the model's SFR that does not average, added in quadrature to every standard deviation.
    um_per_wave:
        Image-side shift of focus per wave of defocus, 8 N² λ in µm.
    flexible:
        Let the even terms loose where the lens does not follow the model.
    explore:
        Walk the likelihood where it matters for ``q_sd``; takes as long as all the rest.

    Returns
    -------
    The fit, and the (c,) chi-square of the first search.
    """
    model = Model(data, table, model_error)
    prior_amplitude = print_log_amplitude(
        data.frequency_cpp, print_sigma_mm[0], float(np.sqrt(model.g2_mean))
    )
    print_variance = (
        print_sigma_mm[0] ** 2,
        2 * print_sigma_mm[0] * print_sigma_mm[1] + print_sigma_mm[1] ** 2,
    )
    per_variance = -2 * np.pi**2 * data.frequency_cpp**2 * model.g2_mean
    amplitude_sd = np.hypot(LOG_AMPLITUDE_SD, per_variance * print_variance[1])
    chi2, amplitudes = model.scan(candidates, prior_amplitude, amplitude_sd)
    start = int(np.argmin(chi2))
    model.centre_even(float(candidates[start]))
    k = len(prior_amplitude)
    mean = np.concatenate([PRIOR_MEAN, np.zeros(k + EVEN_TERMS * k)])
    mean[PRINT] = print_variance[0]
    sd = np.concatenate([PRIOR_SD, np.full(k, LOG_AMPLITUDE_SD), np.full(EVEN_TERMS * k, EVEN_SD)])
    sd[[TILT_X, CURVATURE, ASTIGMATISM]] = (
        np.array([FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM]) / um_per_wave
    )
    sd[PRINT] = print_variance[1]
    v = mean.copy()
    v[FOCUS] = candidates[start]
    v[PRINT] = max(float(per_variance @ amplitudes[start] / (per_variance @ per_variance)), 0.0)
    # what a lens has of it falls fast as it is stopped down
    usual = SPHERICAL_SD_USUAL * min(1.0, USUAL_UP_TO_UM / um_per_wave)
    sd[SPHERICAL] = usual
    best = gauss_newton(model, v, mean, sd)
    sd[SPHERICAL] = SPHERICAL_SD_STRANGE
    loose = gauss_newton(model, best.v, mean, sd)
    if loose.cost < best.cost - CONVINCING:
        best = loose
    else:
        sd[SPHERICAL] = usual
    if flexible and best.reduced_chi2 > STRANGE_CHI2:
        sd[SHAPE_PARAMETERS + k :] = EVEN_SD_STRANGE
        best = gauss_newton(model, best.v, mean, sd)
    q_sd = q_sd_of(best)
    if explore and q_sd > EXPLORE_FROM_UM / um_per_wave:
        q_sd = explored(model, best, mean, sd, q_sd)
    v, chi2_red = best.v, best.reduced_chi2
    covariance = np.asarray(np.linalg.pinv(best.normal) * max(chi2_red, 1.0), float)
    shape, log_amplitude, even = split(v, k)
    square = -2 * np.pi**2 * data.frequency_cpp**2
    log_amplitude = log_amplitude + square * (model.g2_mean * shape[PRINT] + shape[LENS_BLUR])
    return (
        ThroughFocus(
            q_focus=float(v[FOCUS]),
            q_sd=q_sd,
            q_unknown=unknown(model, best),
            shape=shape,
            log_amplitude=log_amplitude,
            even=even,
            even_scale=model.even_scale,
            covariance=covariance,
            reduced_chi2=chi2_red,
        ),
        chi2,
    )


def curve(fit: ThroughFocus, table: PupilTable, q: Array) -> Array:
    """(n, k) SFR of the fitted model on the optical axis at depths ``q`` (n,) in waves."""
    w = fit.shape[KAPPA] * (q - fit.q_focus)
    value, _ = table.at_spherical(fit.shape[SPHERICAL])[0](w - fit.shape[SPHERICAL])
    phase = np.outer(np.clip(fit.even_scale * w, -np.pi, np.pi), np.arange(1, EVEN_TERMS + 1))
    return np.asarray(np.exp(fit.log_amplitude) * (value + np.cos(phase) @ fit.even), float)
