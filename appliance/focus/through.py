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
data would show of it, ink nearby included, is foreseen (``foresight.py``, ``strips.py``). E is what the lens's
wavefront has beyond defocus and spherical aberration:
free at every frequency (four cosines with a prior), but even about best focus, so that a lens, or a world, that does
not follow the model widens the interval instead of moving the result. Faults that change over the picture otherwise
than the shape allows, or are of sixth order, come in where the edges tell of them (``further.py``); what is off even so
is weighed by how far it is off (``missed.py``). What else tells of the same shape, the widely blurred parts of the
picture (``whole.py``), comes in as one quadratic form.

**Best focus** q_f is the *diffraction focus*: the plane of least RMS wavefront error, where W020 = −W040 for the
remaining spherical aberration. There the peak of the point spread (Strehl ratio) is highest, it does not depend on a
choice of frequency or pixel, and every frequency's response is near its own maximum; paraxial focus lies W040 waves
beside it and is nobody's idea of sharp. With field curvature or tilt, q_f is the value on the optical axis. A tilt of
the sensor along the chart's slope cannot be told from a change of slope by one photo; then q_f is where the chart is
sharpest on the column through the aim point. All edges run nearly along or across the tilt: of a pinched lens, whose
focus changes four times in a turn, q_f is that of such edges.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.focus.further import MOVED_PART, Further, found, nothing
from appliance.focus.missed import STRANGE_CHI2, q_missed, usual_miss
from appliance.focus.model import (
    AMPLITUDE,
    ASTIGMATISM,
    CURVATURE,
    EVEN_TERMS,
    FOCUS,
    KAPPA,
    LENS_BLUR,
    LEVELS,
    PRINT,
    PRIOR_MEAN,
    RADIAL,
    SHAPE_PARAMETERS,
    SMEAR,
    SMEAR_LEAN,
    SPHERICAL,
    TILT_X,
    Array,
    Model,
    Segments,
    print_log_amplitude,
    split,
)
from appliance.focus.pupil import PupilTable
from appliance.focus.solve import Solution, explored, gauss_newton, q_sd_of, unknown

AMPLITUDE_SD, LEVELS_SD = 0.15, 1e-3
PRIOR_SD = np.full(SHAPE_PARAMETERS, np.nan)
PRIOR_SD[[FOCUS, KAPPA, PRINT]] = np.inf, 0.15, 0.0015
PRIOR_SD[AMPLITUDE], PRIOR_SD[LEVELS] = AMPLITUDE_SD, LEVELS_SD
"""Standard deviations of the shape's priors; the others depend on the lens, see :class:`Terms` and below."""
SPHERICAL_SD_USUAL, SPHERICAL_SD_STRANGE, CONVINCING = 0.05, 0.6, 12.0
"""Priors of W040 in waves: most lenses have little; one that has much must convince (−2 log posterior)."""
SMEAR_SD_USUAL, SMEAR_SD_STRANGE = 0.03, 1.0
"""Priors of the smear, px²: a bench stands still, within 0.6 px; one that does not must convince as well."""
USUAL_UP_TO_UM = 70.0
"""Image-side shift per wave (8 N² λ) at f/4; beyond, the usual W040 narrows as 1/N²."""
FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM, RADIAL_UM = 40.0, 60.0, 15.0, 25.0
"""Priors of the focus surface at the picture's corner (tilt, curvature), of an even astigmatism, and of one that grows
as the radius squared, at the corner: µm image side."""
SENSOR_BLUR_PX2, LENS_BLUR_PX2 = 0.05, 0.3
"""Priors of the variance that light spreading in the sensor, and a fast lens, add at all depths alike."""
LOG_AMPLITUDE_SD = 0.35
"""Standard deviation of the log amplitude at each frequency by itself, where a fit's start is searched for."""
EVEN_SD = 0.01 / np.arange(1, EVEN_TERMS + 1) ** 2
LEAST_EVEN, EVEN_SD_STRANGE = 0.1, 0.3
"""Priors of the even terms for a lens that follows the model, smaller for the finer ones and stopped down by no more
than a part, and for a lens that does not."""
STRANGE, ABERRATION_PART = (SPHERICAL, TILT_X, CURVATURE), 0.0008
"""What of a lens's own aberrations the model may miss, and take for focus: it has their first orders only."""
CROSSED_PART, CROSSED_WAVES = 0.15, 0.3
"""The same of astigmatism, per square wave at the corner, where so many waves of depth are seen; from simulations."""
FURTHER_ROUNDS, ANOTHER_STOP = 3, 0.25
"""A cone that is off by more is another stop, which looks like much else: then nothing further is looked for."""
EXPLORE_FROM_UM = 0.2
"""A focus known to better than this on the image side needs no look at the shape of its likelihood."""


@dataclass(frozen=True)
class ThroughFocus:
    """Outcome of the fit.

    ``q_focus``, ``q_sd`` (from noise) and ``q_unknown`` (from what no model knows, see TREND and ABERRATION_PART, and
    how far looser and ``further`` terms moved focus) in waves; ``parameters`` (p,) all that was fitted, ``shape`` the
    first of them by index (FOCUS … LENS_BLUR), with their ``covariance`` (p, p) scaled by the reduced chi-square;
    ``log_amplitude`` (k,) is the log of all that blurs alike, at the median scale.
    """

    q_focus: float
    q_sd: float
    q_unknown: float
    parameters: Array
    shape: Array
    log_amplitude: Array
    even: Array
    even_scale: float
    covariance: Array
    reduced_chi2: float
    further: tuple[str, ...] = ()

    def moved(self, waves: float) -> ThroughFocus:
        """The same with all depths ``waves`` farther away."""
        parameters = self.parameters.copy()
        parameters[FOCUS] += waves
        return replace(
            self,
            q_focus=self.q_focus + waves,
            parameters=parameters,
            shape=parameters[:SHAPE_PARAMETERS],
        )


@dataclass(frozen=True)
class Terms:
    """What the fit is told beforehand.

    ``print_sigma_mm`` is the print's Gaussian spread on paper and its standard uncertainty, mm; ``um_per_wave`` the
    image-side shift of focus per wave of defocus, 8 N² λ in µm; ``model_error`` an error of the model's SFR, and
    ``missed`` (see :func:`missed_by`) one that is as smooth as a lens's own faults: both are added in quadrature to
    every standard deviation.
    """

    print_sigma_mm: tuple[float, float] = (0.03, 0.03)
    um_per_wave: float = 10.0
    model_error: float = 0.0002
    missed: float = 0.0

    @property
    def error(self) -> float:
        """Both errors of the model's SFR."""
        return float(np.hypot(self.model_error, self.missed))

    @property
    def print_variance(self) -> tuple[float, float]:
        """The print's variance on paper and its standard uncertainty, mm²."""
        sigma, u = self.print_sigma_mm
        return sigma**2, 2 * sigma * u + u**2

    @property
    def usual_spherical(self) -> float:
        """Standard deviation of the usual W040: what a lens has of it falls fast as it is stopped down."""
        return SPHERICAL_SD_USUAL * self.stopped_down

    @property
    def stopped_down(self) -> float:
        """What is left of a lens's own faults when it is stopped down: 1 at f/4 and wider, falling as 1/N²."""
        return min(1.0, USUAL_UP_TO_UM / self.um_per_wave)

    def priors(self, frequencies: int) -> tuple[Array, Array]:
        """Mean and standard deviation (p,) of all parameters."""
        k = frequencies
        even_sd = EVEN_SD * max(self.stopped_down, LEAST_EVEN)
        mean = np.concatenate([PRIOR_MEAN, np.zeros(EVEN_TERMS * k)])
        sd = np.concatenate([PRIOR_SD, np.repeat(even_sd, k)])
        field = np.array([FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM, RADIAL_UM])
        sd[[TILT_X, CURVATURE, ASTIGMATISM, RADIAL]] = field / self.um_per_wave
        mean[PRINT], sd[PRINT] = self.print_variance
        sd[SPHERICAL], sd[[SMEAR, SMEAR_LEAN]] = self.usual_spherical, SMEAR_SD_USUAL
        sd[LENS_BLUR] = np.hypot(SENSOR_BLUR_PX2, LENS_BLUR_PX2 * self.stopped_down)
        return mean, sd


def search(data: Segments, table: PupilTable, candidates: Array, terms: Terms) -> tuple[Array, Array]:
    """Try each focus position of ``candidates`` (c,) in waves, which may reach beyond the chart, at nominal shape.

    Returns
    -------
    Parameters (p,) for :func:`fit` to start from, and the (c,) chi-square.
    """
    model = Model(data, table, terms.error)
    prior = print_log_amplitude(data.frequency_cpp, terms.print_sigma_mm[0], float(np.sqrt(model.g2_mean)))
    per_variance = -2 * np.pi**2 * data.frequency_cpp**2 * model.g2_mean
    prior_sd = np.hypot(LOG_AMPLITUDE_SD, per_variance * terms.print_variance[1])
    chi2, amplitudes = model.scan(candidates, prior, prior_sd)
    best = int(np.argmin(chi2))
    start, _ = terms.priors(len(data.frequency_cpp))
    start[FOCUS] = candidates[best]
    start[PRINT] = max(float(per_variance @ amplitudes[best] / (per_variance @ per_variance)), 0.0)
    return start, chi2


def fit(
    data: Segments,
    table: PupilTable,
    start: Array,
    terms: Terms,
    flexible: bool = True,
    explore: bool = True,
) -> ThroughFocus:
    """Fit the through-focus model.

    Parameters
    ----------
    data, table:
        The measured segments and the pupil's OTF at their frequencies.
    start:
        (p,) parameters to start from, of :func:`search` or of a fit to the same frequencies.
    flexible:
        Let the even terms loose where the lens does not follow the model.
    explore:
        Walk the likelihood where it matters for ``q_sd``; takes as long as all the rest.
    """
    model = Model(data, table, terms.error)
    model.centre_even(float(start[FOCUS]))
    k = len(data.frequency_cpp)
    mean, sd = terms.priors(k)
    best, sd = _convinced(model, gauss_newton(model, start, mean, sd), mean, sd)
    usual = float(best.v[FOCUS])
    further = nothing(model)
    if explore and abs(best.v[KAPPA] - 1) < ANOTHER_STOP:
        best, further = _further(model, best, mean, sd, terms)
    rigid = float(best.v[FOCUS])
    if flexible and best.reduced_chi2 > STRANGE_CHI2:
        sd[SHAPE_PARAMETERS:] = EVEN_SD_STRANGE
        best = gauss_newton(model, best.v, mean, sd)
    # two ways to describe what follows neither quite: the truth may be at either
    apart = abs(float(best.v[FOCUS]) - rigid) / 2
    q_sd = float(np.hypot(q_sd_of(best), np.sqrt(further.q_variance)))
    if explore and q_sd > EXPLORE_FROM_UM / terms.um_per_wave:
        q_sd = explored(model, best, mean, sd, q_sd)
    shape, even = split(best.v, k)
    square = -2 * np.pi**2 * data.frequency_cpp**2
    return ThroughFocus(
        q_focus=float(best.v[FOCUS]),
        q_sd=q_sd,
        q_unknown=float(
            np.hypot.reduce(
                [
                    unknown(model, best),
                    apart,
                    MOVED_PART * (rigid - usual),
                    q_missed(model, best, terms.missed),
                    _crossed(data, shape),
                    *ABERRATION_PART * shape[list(STRANGE)],
                ]
            )
        ),
        parameters=best.v,
        shape=shape,
        log_amplitude=model.curves.amplitude @ shape[AMPLITUDE]
        + square * (model.g2_mean * shape[PRINT] + shape[LENS_BLUR]),
        even=even,
        even_scale=model.even_scale,
        covariance=np.asarray(np.linalg.pinv(best.normal) * max(best.reduced_chi2, 1.0), float),
        reduced_chi2=best.reduced_chi2,
        further=further.names,
    )


def _further(model: Model, best: Solution, mean: Array, sd: Array, terms: Terms) -> tuple[Solution, Further]:
    """The fit with what the photo shows of the lens beyond its shape taken out of the data."""
    known = nothing(model)
    for _ in range(FURTHER_ROUNDS):
        more = found(model, best, known, terms.um_per_wave)
        if not more.chosen:
            break
        before, model.y = model.y, model.data.sfr - more.value
        anew = gauss_newton(model, best.v, mean, sd)
        if anew.reduced_chi2 > best.reduced_chi2:
            model.y = before
            break
        best, known = anew, more
    return best, known


def _crossed(data: Segments, shape: Array) -> float:
    """How far focus may be off, in waves, for what astigmatism blurs edges that lie askew to it, which is not modelled.

    It grows as the square, and the less of the lens's depth is seen, the more it looks like defocus.
    """
    seen = max(float(np.ptp(data.q)) / 2, 1e-9)
    return CROSSED_PART * float(shape[RADIAL]) ** 2 * min(1.0, CROSSED_WAVES / seen) ** 2


def _convinced(model: Model, best: Solution, mean: Array, sd: Array) -> tuple[Solution, Array]:
    """The fit with much spherical aberration or smear, where that convinces, and the priors (p,) that it has then."""
    for members, strange in (([SPHERICAL], SPHERICAL_SD_STRANGE), ([SMEAR, SMEAR_LEAN], SMEAR_SD_STRANGE)):
        if (np.abs(best.v[members]) > sd[members] / 2).any():
            loose_sd = sd.copy()
            loose_sd[members] = strange
            loose = gauss_newton(model, best.v, mean, loose_sd)
            if loose.cost < best.cost - CONVINCING:
                best, sd = loose, loose_sd
    return best, sd


def _model_of(fit: ThroughFocus, data: Segments, table: PupilTable, error: float) -> Model:
    model = Model(data, table, error)
    model.even_scale = fit.even_scale
    return model


def misfit(data: Segments, table: PupilTable, fit: ThroughFocus, terms: Terms) -> Array:
    """(n,) chi-square of each piece."""
    model = _model_of(fit, data, table, terms.error)
    value, _ = model.evaluate(fit.parameters)
    return np.asarray(np.square(np.einsum("nkl,nl->nk", model.whitener, value - model.y)).sum(axis=1))


def missed_by(fit: ThroughFocus, data: Segments, table: PupilTable, terms: Terms) -> float:
    """By how much each response of most edges is off a fit, beyond noise; 0 for a lens that follows it."""
    if fit.reduced_chi2 < 1:
        return 0.0
    return usual_miss(_model_of(fit, data, table, terms.model_error), fit.parameters, terms.model_error)


def curve(fit: ThroughFocus, table: PupilTable, q: Array) -> Array:
    """(n, k) SFR of the fitted model on the optical axis at depths ``q`` (n,) in waves."""
    w = fit.shape[KAPPA] * (q - fit.q_focus)
    value, _ = table.at_spherical(fit.shape[SPHERICAL])[0](w - fit.shape[SPHERICAL])
    phase = np.outer(np.clip(fit.even_scale * w, -np.pi, np.pi), np.arange(1, EVEN_TERMS + 1))
    return np.asarray(np.exp(fit.log_amplitude) * (value + np.cos(phase) @ fit.even), float)
