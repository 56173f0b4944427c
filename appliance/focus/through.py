"""Where focus lies: a physical through-focus model, fitted to every frequency of every edge.

Each edge segment j lies at its own depth; its defocus, in waves of wavefront error at the pupil's rim, is linear in
dioptres (not in millimetres). The model of its SFR at frequency ν is

    S(ν) = A(ν) · exp(−2π² ν² (σ_p² (g_j² − g²) ± v/2) + c t_j) · [mean of OTF(ν; W020, W040) + E(ν, w_j)]
    w_j = κ (q_j − q_f − b x_j − d r_j²),   W020 = w_j − W040

with q the depth in waves, A(ν) what blurs alike at all depths (the print's spread at the mean scale and whatever the
lens adds; the pixel aperture is divided out before), σ_p the print's spread on paper, g the local scale in px/mm, κ the
ratio of the actual to the nominal cone of light, b and d field tilt and curvature, and ± v/2 a smear (variance in px²)
along or across the tilt, as motion leaves it. c t_j is what the diffraction tails of other edges do to an edge's
levels, t_j being λN over the width of the ink in px: more where the chart is farther, which would pull focus. E is
what the lens's wavefront has beyond defocus and spherical aberration: free at every frequency (four cosines with a
prior), but even about best focus, so that a lens, or a world, that does not follow the model widens the interval
instead of moving the result.

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
import numpy.typing as npt

from appliance.focus.pupil import PupilTable

Array = npt.NDArray[np.float64]

_GAUSS_X = np.array([-np.sqrt(3 / 5), 0.0, np.sqrt(3 / 5)])
_GAUSS_W = np.array([5, 8, 5]) / 18

FOCUS, SPHERICAL, KAPPA, PRINT, TILT_X, CURVATURE, ASTIGMATISM, SMEAR, CLUTTER = range(9)
SHAPE_PARAMETERS = 9
PRIOR_MEAN = np.array([0.0, 0.0, 1.0, 0.0009, 0.0, 0.0, 0.0, 0.0, 0.0])
PRIOR_SD = np.array([np.inf, np.nan, 0.15, 0.0015, np.nan, np.nan, np.nan, 0.3, 0.5])
"""Standard deviations of the shape's priors; those of the field are in µm on the image side, below."""
SPHERICAL_SD_USUAL, SPHERICAL_SD_STRANGE, CONVINCING = 0.05, 0.6, 12.0
"""Priors of W040 in waves: most lenses have little; one that has much must convince (−2 log posterior)."""
FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM = 40.0, 60.0, 15.0
"""Priors of the focus surface at the picture's corner (tilt, curvature), and of astigmatism, µm image side."""
LOG_AMPLITUDE_SD = 0.35
EVEN_TERMS = 4
EVEN_SD = 0.01
EVEN_SD_STRANGE = 0.3
"""Prior of the even terms for a lens that follows the model, and for one that does not, as chi-square shows."""
STRANGE_CHI2 = 1.15
_HUBER = 3.0
LEAST_REDUCED_CHI2 = 0.2


@dataclass(frozen=True)
class Segments:
    """What the fit needs of n edge segments at k frequencies.

    Attributes
    ----------
    sfr:
        (n, k) response with the pixel aperture divided out.
    covariance:
        (n, k, k) its covariance between frequencies.
    q:
        (n,) depth behind the aim point in waves of defocus.
    q_half:
        (n,) half the depth range along the segment, waves.
    scale_px_per_mm:
        (n,) local scale along the edge's normal.
    x, r2:
        (n,) place in the picture relative to its centre, in half diagonals: across the tilt, and radius squared.
    across:
        (n,) True for edges across the tilt.
    clutter:
        (n,) λN over the width of the ink, both in px.
    """

    frequency_cpp: Array
    sfr: Array
    covariance: Array
    q: Array
    q_half: Array
    scale_px_per_mm: Array
    x: Array
    r2: Array
    across: npt.NDArray[np.bool_]
    clutter: Array


@dataclass(frozen=True)
class ThroughFocus:
    """Outcome of the fit.

    ``q_focus`` and ``q_sd`` in waves; ``shape`` the parameters by index (FOCUS … ASTIGMATISM) with ``covariance``
    scaled by the reduced chi-square; ``log_amplitude`` (k,) is ln A(ν).
    """

    q_focus: float
    q_sd: float
    shape: Array
    log_amplitude: Array
    even: Array
    even_scale: float
    covariance: Array
    reduced_chi2: float


class _Model:
    def __init__(self, data: Segments, table: PupilTable, model_error: float) -> None:
        self.data, self.table = data, table
        errors = data.covariance + model_error**2 * np.eye(len(data.frequency_cpp))
        self.inverse_sd = 1 / np.sqrt(np.einsum("nkk->nk", errors))
        self.whitener = np.linalg.inv(np.linalg.cholesky(errors))
        self.y = data.sfr
        self.g2 = data.scale_px_per_mm**2
        self.g2_mean = float(np.median(self.g2))
        self.sign = np.where(data.across, 0.5, -0.5)
        self.clutter_mean = float(data.clutter.mean())
        self.even_scale = np.pi / table.w020[-1]

    def centre_even(self, q_focus: float) -> None:
        """Let the even terms span the defocus that the data reach on the farther side of focus."""
        self.even_scale = np.pi / (1.15 * max(float(np.abs(self.data.q - q_focus).max()), 1e-3))

    def pupil(
        self, shape: Array, indices: npt.NDArray[np.int_] | slice = slice(None)
    ) -> tuple[Array, Array, Array]:
        """(n, k) mean OTF over each segment, its derivative by defocus and by W040."""
        d = self.data
        offset = self.offset(shape)[indices]
        table, by_w040 = self.table.at_spherical(shape[SPHERICAL])
        value = slope = spherical = np.zeros((len(offset), len(d.frequency_cpp)))
        for node, weight in zip(_GAUSS_X, _GAUSS_W, strict=True):
            w = shape[KAPPA] * (offset + node * d.q_half[indices]) - shape[SPHERICAL]
            v, s = self.table.lookup(table, w)
            a, _ = self.table.lookup(by_w040, w)
            value, slope, spherical = value + weight * v, slope + weight * s, spherical + weight * (a - s)
        return value, slope, spherical

    def offset(self, shape: Array) -> Array:
        d = self.data
        field = shape[TILT_X] * d.x + shape[CURVATURE] * d.r2 + shape[ASTIGMATISM] * self.sign
        return np.asarray(d.q - shape[FOCUS] - field, float)

    def evaluate(self, v: Array) -> tuple[Array, Array]:
        """(n, k) model and (n, k, parameters) derivatives."""
        d = self.data
        shape, log_amplitude, even = split(v, len(d.frequency_cpp))
        value, slope, spherical = self.pupil(shape)
        square = -2 * np.pi**2 * d.frequency_cpp[None, :] ** 2
        relative, smear = square * (self.g2 - self.g2_mean)[:, None], square * self.sign[:, None]
        clutter = (d.clutter - self.clutter_mean)[:, None]
        exponent = relative * shape[PRINT] + smear * shape[SMEAR] + clutter * shape[CLUTTER]
        gain = np.exp(log_amplitude[None, :] + exponent)
        k = len(d.frequency_cpp)
        order = np.arange(1, EVEN_TERMS + 1)
        phase = np.outer(np.clip(self.even_scale * shape[KAPPA] * self.offset(shape), -np.pi, np.pi), order)
        basis, by_basis = np.cos(phase), -np.sin(phase) * order * self.even_scale
        value, slope = value + basis @ even, slope + by_basis @ even
        model = gain * value
        jacobian = np.zeros((*model.shape, SHAPE_PARAMETERS + k + EVEN_TERMS * k))
        by_w = gain * slope
        jacobian[..., FOCUS] = -shape[KAPPA] * by_w
        jacobian[..., SPHERICAL] = gain * spherical
        jacobian[..., KAPPA] = by_w * self.offset(shape)[:, None]
        jacobian[..., PRINT] = relative * model
        jacobian[..., SMEAR] = smear * model
        jacobian[..., CLUTTER] = clutter * model
        jacobian[..., TILT_X] = -shape[KAPPA] * by_w * d.x[:, None]
        jacobian[..., CURVATURE] = -shape[KAPPA] * by_w * d.r2[:, None]
        jacobian[..., ASTIGMATISM] = -shape[KAPPA] * by_w * self.sign[:, None]
        jacobian[:, np.arange(k), SHAPE_PARAMETERS + np.arange(k)] = model
        for term in range(EVEN_TERMS):
            place = SHAPE_PARAMETERS + (term + 1) * k + np.arange(k)
            jacobian[:, np.arange(k), place] = gain * basis[:, term : term + 1]
        return model, jacobian

    def scan(self, candidates: Array, amplitude_prior: Array) -> tuple[Array, Array]:
        """(c,) chi-square of each candidate focus and (c, k) best log amplitudes, at nominal shape."""
        chi2, best = [], []
        for q in candidates:
            shape = PRIOR_MEAN.copy()
            shape[FOCUS] = q
            value = self.pupil(shape)[0]
            w = self.inverse_sd**2
            top = (w * value * self.y).sum(axis=0) + 1.0
            bottom = (w * value**2).sum(axis=0) + 1.0 / np.exp(amplitude_prior)
            log_a = np.clip(
                np.log(np.maximum(top / bottom, 1e-3)), amplitude_prior - 1.2, amplitude_prior + 0.6
            )
            r = (np.exp(log_a) * value - self.y) * self.inverse_sd
            chi2.append(
                np.minimum(r * r, 100.0).sum() + (((log_a - amplitude_prior) / LOG_AMPLITUDE_SD) ** 2).sum()
            )
            best.append(log_a)
        return np.array(chi2), np.array(best)


def split(v: Array, k: int) -> tuple[Array, Array, Array]:
    """The fit's parameters: shape (SHAPE_PARAMETERS,), log amplitude (k,), even terms (EVEN_TERMS, k)."""
    rest = v[SHAPE_PARAMETERS + k :].reshape(EVEN_TERMS, k)
    return v[:SHAPE_PARAMETERS], v[SHAPE_PARAMETERS : SHAPE_PARAMETERS + k], rest


def print_log_amplitude(frequency_cpp: Array, sigma_mm: float, scale_px_per_mm: float) -> Array:
    """log of the response of a Gaussian print spread, (k,)."""
    return -2 * np.pi**2 * frequency_cpp**2 * (sigma_mm * scale_px_per_mm) ** 2


def fit(
    data: Segments,
    table: PupilTable,
    candidates: Array,
    print_sigma_mm: tuple[float, float] = (0.03, 0.03),
    model_error: float = 0.0015,
    um_per_wave: float = 10.0,
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

    Returns
    -------
    The fit, and the (c,) chi-square of the first search.
    """
    model = _Model(data, table, model_error)
    prior_amplitude = print_log_amplitude(
        data.frequency_cpp, print_sigma_mm[0], float(np.sqrt(model.g2_mean))
    )
    chi2, amplitudes = model.scan(candidates, prior_amplitude)
    start = int(np.argmin(chi2))
    model.centre_even(float(candidates[start]))
    k = len(prior_amplitude)
    mean = np.concatenate([PRIOR_MEAN, prior_amplitude, np.zeros(EVEN_TERMS * k)])
    mean[PRINT] = print_sigma_mm[0] ** 2
    sd = np.concatenate([PRIOR_SD, np.full(k, LOG_AMPLITUDE_SD), np.full(EVEN_TERMS * k, EVEN_SD)])
    sd[[TILT_X, CURVATURE, ASTIGMATISM]] = (
        np.array([FIELD_TILT_UM, FIELD_CURVATURE_UM, ASTIGMATISM_UM]) / um_per_wave
    )
    sd[PRINT] = 2 * print_sigma_mm[0] * print_sigma_mm[1] + print_sigma_mm[1] ** 2
    v = mean.copy()
    v[FOCUS], v[SHAPE_PARAMETERS : SHAPE_PARAMETERS + k] = candidates[start], amplitudes[start]
    sd[SPHERICAL] = SPHERICAL_SD_USUAL
    best = _gauss_newton(model, v, mean, sd)
    sd[SPHERICAL] = SPHERICAL_SD_STRANGE
    loose = _gauss_newton(model, best.v, mean, sd)
    if loose.cost < best.cost - CONVINCING:
        best = loose
    if best.reduced_chi2 > STRANGE_CHI2:
        sd[SHAPE_PARAMETERS + k :] = EVEN_SD_STRANGE
        best = _gauss_newton(model, best.v, mean, sd)
    v, chi2_red = best.v, best.reduced_chi2
    covariance = np.asarray(np.linalg.pinv(best.normal) * max(chi2_red, LEAST_REDUCED_CHI2), float)
    shape, log_amplitude, even = split(v, k)
    return (
        ThroughFocus(
            q_focus=float(v[FOCUS]),
            q_sd=float(np.sqrt(covariance[FOCUS, FOCUS])),
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
    value, _ = table.lookup(table.at_spherical(fit.shape[SPHERICAL])[0], w - fit.shape[SPHERICAL])
    phase = np.outer(np.clip(fit.even_scale * w, -np.pi, np.pi), np.arange(1, EVEN_TERMS + 1))
    return np.asarray(np.exp(fit.log_amplitude) * (value + np.cos(phase) @ fit.even), float)


@dataclass(frozen=True)
class _Solution:
    v: Array
    normal: Array
    reduced_chi2: float
    cost: float


def _gauss_newton(model: _Model, v: Array, mean: Array, sd: Array) -> _Solution:
    tightness = 1 / sd**2
    damping = 1e-4

    def cost(v: Array) -> tuple[float, Array, Array]:
        value, jacobian = model.evaluate(v)
        r = np.einsum("nkl,nl->nk", model.whitener, value - model.y)
        a = np.abs(r)
        robust = np.where(a < _HUBER, a * a, 2 * _HUBER * a - _HUBER**2).sum()
        return float(robust + (tightness * (v - mean) ** 2).sum()), r, model.whitener @ jacobian

    def normal_matrix(r: Array, j: Array) -> tuple[Array, Array, Array]:
        w = np.where(np.abs(r) <= _HUBER, 1.0, _HUBER / np.maximum(np.abs(r), 1e-12))
        flat = j.reshape(-1, j.shape[-1])
        normal = (flat * w.ravel()[:, None]).T @ flat + np.diag(tightness)
        return normal, flat.T @ (w * r).ravel(), w

    c, r, jacobian = cost(v)
    for _ in range(40):
        normal, gradient, _ = normal_matrix(r, jacobian)
        gradient = gradient + tightness * (v - mean)
        improved = False
        for _ in range(10):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -gradient)
            trial = v + np.clip(step, -1.0, 1.0)
            trial[SPHERICAL] = np.clip(trial[SPHERICAL], -0.95, 0.95)
            trial[KAPPA] = np.clip(trial[KAPPA], 0.3, 2.0)
            c_trial, r_trial, j_trial = cost(trial)
            if c_trial <= c:
                improved = True
                break
            damping *= 8
        if not improved:
            break
        done = c - c_trial < 1e-6 * (1 + c)
        v, c, r, jacobian = trial, c_trial, r_trial, j_trial
        damping = max(damping / 6, 1e-9)
        if done:
            break
    normal, _, w = normal_matrix(r, jacobian)
    reduced = float((w * r * r).sum() / max(r.size - len(v), 1))
    return _Solution(v, normal, reduced, c)
