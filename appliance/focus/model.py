"""The through-focus model of ``through.py`` as numbers: edge segments in, responses and their derivatives out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.focus.pupil import PupilTable

Array = npt.NDArray[np.float64]

GAUSS_X = np.array([-np.sqrt(3 / 5), 0.0, np.sqrt(3 / 5)])
GAUSS_WEIGHTS = np.array([5, 8, 5]) / 18

FOCUS, SPHERICAL, KAPPA, PRINT, TILT_X, CURVATURE, ASTIGMATISM, SMEAR, LENS_BLUR = range(9)
SHAPE_PARAMETERS = 9
"""Indices of the shape's members."""
PRIOR_MEAN = np.array([0.0, 0.0, 1.0, 0.0009, 0.0, 0.0, 0.0, 0.0, 0.0])
HIGHEST_LOG_AMPLITUDE = 0.3
EVEN_TERMS = 4
LEAST_EVEN_WAVES = 1.0


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
    bias:
        (n, k) what the estimator adds to the response of such a lens, if known.
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
    bias: Array | None = None


def defocus(data: Segments, shape: Array) -> Array:
    """(n,) defocus of each segment in nominal waves: its depth behind the surface of best focus."""
    field = shape[TILT_X] * data.x + shape[CURVATURE] * data.r2
    return np.asarray(
        data.q - shape[FOCUS] - field - shape[ASTIGMATISM] * np.where(data.across, 0.5, -0.5), float
    )


class Model:
    """The model of one set of segments: responses and derivatives at any parameters (see :func:`split`).

    ``model_error`` is added in quadrature to every standard deviation.
    """

    def __init__(self, data: Segments, table: PupilTable, model_error: float) -> None:
        self.data, self.table = data, table
        errors = data.covariance + model_error**2 * np.eye(len(data.frequency_cpp))
        self.inverse_sd = 1 / np.sqrt(np.einsum("nkk->nk", errors))
        self.whitener = np.linalg.inv(np.linalg.cholesky(errors))
        self.y = data.sfr
        self.g2 = data.scale_px_per_mm**2
        self.g2_mean = float(np.median(self.g2))
        self.sign = np.where(data.across, 0.5, -0.5)
        self.even_scale = np.pi / table.w020[-1]

    def centre_even(self, q_focus: float) -> None:
        """Let the even terms span the defocus that the data reach on the farther side of focus, and a wave at least.

        No aberration makes a response ripple within a fraction of a wave; terms that could would only fit noise.
        """
        self.even_scale = np.pi / max(1.15 * float(np.abs(self.data.q - q_focus).max()), LEAST_EVEN_WAVES)

    def pupil(
        self, shape: Array, indices: npt.NDArray[np.int_] | slice = slice(None)
    ) -> tuple[Array, Array, Array]:
        """(n, k) mean OTF over each segment, its derivative by defocus and by W040."""
        d = self.data
        offset = defocus(d, shape)[indices]
        table, by_w040 = self.table.at_spherical(shape[SPHERICAL])
        value = slope = spherical = np.zeros((len(offset), len(d.frequency_cpp)))
        for node, weight in zip(GAUSS_X, GAUSS_WEIGHTS, strict=True):
            w = shape[KAPPA] * (offset + node * d.q_half[indices]) - shape[SPHERICAL]
            v, s = table(w)
            a, _ = by_w040(w)
            value, slope, spherical = value + weight * v, slope + weight * s, spherical + weight * (a - s)
        return value, slope, spherical

    def evaluate(self, v: Array) -> tuple[Array, Array]:
        """(n, k) model and (n, k, parameters) derivatives."""
        d = self.data
        shape, log_amplitude, even = split(v, len(d.frequency_cpp))
        value, slope, spherical = self.pupil(shape)
        square = -2 * np.pi**2 * d.frequency_cpp[None, :] ** 2
        printed, smear = square * self.g2[:, None], square * self.sign[:, None]
        exponent = printed * shape[PRINT] + smear * shape[SMEAR]
        exponent = exponent + square * shape[LENS_BLUR]
        gain = np.exp(log_amplitude[None, :] + exponent)
        k = len(d.frequency_cpp)
        order = np.arange(1, EVEN_TERMS + 1)
        phase = np.outer(np.clip(self.even_scale * shape[KAPPA] * defocus(d, shape), -np.pi, np.pi), order)
        basis, by_basis = np.cos(phase), -np.sin(phase) * order * self.even_scale
        value, slope = value + basis @ even, slope + by_basis @ even
        model = gain * value
        jacobian = np.zeros((*model.shape, SHAPE_PARAMETERS + k + EVEN_TERMS * k))
        by_w = gain * slope
        jacobian[..., FOCUS] = -shape[KAPPA] * by_w
        jacobian[..., SPHERICAL] = gain * spherical
        jacobian[..., KAPPA] = by_w * defocus(d, shape)[:, None]
        jacobian[..., PRINT] = printed * model
        jacobian[..., LENS_BLUR] = square * model
        jacobian[..., SMEAR] = smear * model
        jacobian[..., TILT_X] = -shape[KAPPA] * by_w * d.x[:, None]
        jacobian[..., CURVATURE] = -shape[KAPPA] * by_w * d.r2[:, None]
        jacobian[..., ASTIGMATISM] = -shape[KAPPA] * by_w * self.sign[:, None]
        jacobian[:, np.arange(k), SHAPE_PARAMETERS + np.arange(k)] = model
        for term in range(EVEN_TERMS):
            place = SHAPE_PARAMETERS + (term + 1) * k + np.arange(k)
            jacobian[:, np.arange(k), place] = gain * basis[:, term : term + 1]
        if d.bias is not None:
            model = model + d.bias
        return model, jacobian

    def scan(self, candidates: Array, amplitude_prior: Array, amplitude_sd: Array) -> tuple[Array, Array]:
        """(c,) chi-square of each candidate focus and (c, k) best log amplitudes, at nominal shape."""
        chi2, best = [], []
        lowest = amplitude_prior - 3.5 * amplitude_sd
        highest = np.minimum(amplitude_prior + 2.0 * amplitude_sd, HIGHEST_LOG_AMPLITUDE)
        for q in candidates:
            shape = PRIOR_MEAN.copy()
            shape[FOCUS] = q
            value = self.pupil(shape)[0]
            w = self.inverse_sd**2
            top = (w * value * self.y).sum(axis=0) + 1.0
            bottom = (w * value**2).sum(axis=0) + 1.0 / np.exp(amplitude_prior)
            log_a = np.clip(np.log(np.maximum(top / bottom, 1e-3)), lowest, highest)
            r = (np.exp(log_a) * value - self.y) * self.inverse_sd
            chi2.append(
                np.minimum(r * r, 100.0).sum() + (((log_a - amplitude_prior) / amplitude_sd) ** 2).sum()
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
