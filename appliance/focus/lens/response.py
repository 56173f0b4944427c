"""The through-focus model of ``through_focus.py`` as numbers: edge segments in, responses and their derivatives out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from appliance.focus.lens.data import Array, Geometry, Segments, defocus_of
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    AMPLITUDE_CPP,
    AMPLITUDE_POWERS,
    APERTURE_RATIO,
    COMMON_VARIANCE,
    CONSTANT_ASTIGMATISM,
    CURVATURE,
    FIELD_ASTIGMATISM,
    FOCUS,
    HIGHEST_AMPLITUDE_CPP,
    MOTION_COS2,
    MOTION_SIN2,
    PRINT_VARIANCE,
    PRIOR_MEAN,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
)

GAUSS_X = np.array([-np.sqrt(3 / 5), 0.0, np.sqrt(3 / 5)])
GAUSS_WEIGHTS = np.array([5, 8, 5]) / 18

HIGHEST_LOG_AMPLITUDE = 0.3
EVEN_TERMS = 4
MIN_EVEN_WAVES = 1.0


class Curves:
    """The responses of segments at frequencies of one's own choice, as far as the shape decides them.

    ``table`` holds the pupil's OTF at ``frequency_cpp`` (f,).
    """

    def __init__(self, data: Geometry, frequency_cpp: Array, table: OtfTable) -> None:
        self.data, self.frequency_cpp, self.table = data, frequency_cpp, table
        self.g2 = data.scale_px_per_mm**2
        self.amplitude = amplitude_terms(frequency_cpp)

    def pupil(
        self, shape: Array, indices: npt.NDArray[np.int_] | slice = slice(None)
    ) -> tuple[Array, Array, Array]:
        """(n, f) mean OTF over each segment, its derivative by defocus and by W040."""
        d = self.data
        offset, distortion_defocus = (
            defocus_of(d, shape)[indices],
            (shape[APERTURE_RATIO] - 1) * d.distortion_defocus[indices],
        )
        table, by_w040 = self.table.at_spherical(shape[SPHERICAL])
        value = slope = spherical = np.zeros((len(offset), len(self.frequency_cpp)))
        for node, weight in zip(GAUSS_X, GAUSS_WEIGHTS, strict=True):
            w = (
                shape[APERTURE_RATIO] * (offset + node * d.q_half[indices])
                + distortion_defocus
                - shape[SPHERICAL]
            )
            v, s = table(w)
            a = by_w040.values(w)
            value, slope, spherical = value + weight * v, slope + weight * s, spherical + weight * (a - s)
        return value, slope, spherical

    def nominal(self, focus: float) -> Array:
        """(n, f) mean OTF over each segment of a lens of nominal shape that is focused there."""
        shape = PRIOR_MEAN.copy()
        shape[FOCUS] = focus
        table, offset = self.table.at_spherical(shape[SPHERICAL])[0], defocus_of(self.data, shape)
        nodes = zip(GAUSS_X, GAUSS_WEIGHTS, strict=True)
        return np.asarray(sum(b * table.values(offset + x * self.data.q_half) for x, b in nodes))

    def at(self, shape: Array, even: tuple[Array, Array] | None = None) -> tuple[Array, Array, Array]:
        """(n, f) responses, (n, f, SHAPE_PARAMETERS) derivatives, and the (n, f) gain of all that only blurs.

        ``even`` (n, f) is what the even terms add to the OTF, and its derivative by defocus.
        """
        d = self.data
        value, slope, spherical = self.pupil(shape)
        if even is not None:
            value, slope = value + even[0], slope + even[1]
        square = -2 * np.pi**2 * self.frequency_cpp[None, :] ** 2
        printed = square * self.g2[:, None]
        smear, lean = (square * part[:, None] for part in d.azimuth.T)
        gain = np.exp(
            self.amplitude @ shape[AMPLITUDE]
            + printed * shape[PRINT_VARIANCE]
            + smear * shape[MOTION_COS2]
            + lean * shape[MOTION_SIN2]
            + square * shape[COMMON_VARIANCE]
        )
        model, by_w = gain * value, gain * slope
        jacobian = np.zeros((*model.shape, SHAPE_PARAMETERS))
        jacobian[..., FOCUS] = -shape[APERTURE_RATIO] * by_w
        jacobian[..., SPHERICAL] = gain * spherical
        jacobian[..., APERTURE_RATIO] = by_w * (defocus_of(d, shape) + d.distortion_defocus)[:, None]
        jacobian[..., PRINT_VARIANCE] = printed * model
        jacobian[..., COMMON_VARIANCE] = square * model
        jacobian[..., MOTION_COS2] = smear * model
        jacobian[..., MOTION_SIN2] = lean * model
        jacobian[..., AMPLITUDE] = self.amplitude * model[..., None]
        jacobian[..., TILT_X] = -shape[APERTURE_RATIO] * by_w * d.x[:, None]
        jacobian[..., CURVATURE] = -shape[APERTURE_RATIO] * by_w * d.r2[:, None]
        jacobian[..., CONSTANT_ASTIGMATISM] = -shape[APERTURE_RATIO] * by_w * d.azimuth[:, :1]
        jacobian[..., FIELD_ASTIGMATISM] = -shape[APERTURE_RATIO] * by_w * d.field_astigmatism_weight[:, None]
        return model, jacobian, gain


class Model:
    """The model of one set of segments: responses and derivatives at any parameters (see :func:`split`).

    ``model_error`` is added in quadrature to every standard deviation. The ``data`` may be :meth:`bend`'s; ``flat`` are
    those that were given. What else is known of the lens may be taken out of ``y`` (n, k), the responses to describe.
    """

    def __init__(self, data: Segments, table: OtfTable, model_error: float) -> None:
        self.data = self.flat = data
        self.curves = Curves(data, data.frequency_cpp, table)
        self.weigh(model_error)
        self.y = data.sfr
        self.g2_mean = float(np.median(self.curves.g2))
        self.even_scale = np.pi / table.w020[-1]

    def weigh(self, model_error: float) -> None:
        """Take responses to be off by so much beside their noise."""
        errors = self.data.covariance + model_error**2 * np.eye(len(self.data.frequency_cpp))
        self.inverse_sd = 1 / np.sqrt(np.einsum("nkk->nk", errors))
        self.whitener = np.linalg.inv(np.linalg.cholesky(errors))

    def bend(self, waves: Array) -> None:
        """Let best focus lie so much farther at each piece, (n,), than the shape has it."""
        prediction = self.flat.prediction and self.flat.prediction.farther(waves)
        self.data = replace(self.flat, q=self.flat.q - waves, prediction=prediction)
        self.curves = Curves(self.data, self.data.frequency_cpp, self.curves.table)

    def centre_even(self, best_focus_waves: float) -> None:
        """Let the even terms span the defocus that the data reach on the farther side of focus, and a wave at least.

        No aberration makes a response ripple within a fraction of a wave; terms that could would only fit noise.
        """
        self.even_scale = np.pi / max(
            1.15 * float(np.abs(self.data.q - best_focus_waves).max()), MIN_EVEN_WAVES
        )

    def evaluate(self, v: Array) -> tuple[Array, Array]:
        """(n, k) model and (n, k, parameters) derivatives."""
        d = self.data
        k = len(d.frequency_cpp)
        shape, even = split(v, k)
        order = np.arange(1, EVEN_TERMS + 1)
        phase = np.outer(
            np.clip(self.even_scale * shape[APERTURE_RATIO] * defocus_of(d, shape), -np.pi, np.pi), order
        )
        basis, by_basis = np.cos(phase), -np.sin(phase) * order * self.even_scale
        model, by_shape, gain = self.curves.at(shape, (basis @ even, by_basis @ even))
        jacobian = np.zeros((*model.shape, SHAPE_PARAMETERS + EVEN_TERMS * k))
        jacobian[..., :SHAPE_PARAMETERS] = by_shape
        for term in range(EVEN_TERMS):
            place = SHAPE_PARAMETERS + term * k + np.arange(k)
            jacobian[:, np.arange(k), place] = gain * basis[:, term : term + 1]
        if d.prediction is not None:
            model = model + d.prediction.at(shape)
            jacobian[..., :SHAPE_PARAMETERS] += d.prediction.slope
        return model, jacobian

    def piece_chi2(self, v: Array) -> Array:
        """(n,) chi-square of each piece."""
        value, _ = self.evaluate(v)
        return np.asarray(np.square(np.einsum("nkl,nl->nk", self.whitener, value - self.y)).sum(axis=1))

    def scan(self, candidates: Array, amplitude_prior: Array, amplitude_sd: Array) -> tuple[Array, Array]:
        """(c,) chi-square of each candidate focus and (c, k) best log amplitudes, at nominal shape."""
        chi2, best = [], []
        lowest = amplitude_prior - 3.5 * amplitude_sd
        highest = np.minimum(amplitude_prior + 2.0 * amplitude_sd, HIGHEST_LOG_AMPLITUDE)
        for q in candidates:
            value = self.curves.nominal(float(q))
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


def split(v: Array, k: int) -> tuple[Array, Array]:
    """The fit's parameters: shape (SHAPE_PARAMETERS,) and even terms (EVEN_TERMS, k)."""
    return v[:SHAPE_PARAMETERS], v[SHAPE_PARAMETERS:].reshape(EVEN_TERMS, k)


def amplitude_terms(frequency_cpp: Array) -> Array:
    """(f, AMPLITUDE) what each of the shape's amplitude terms adds to the log of the response."""
    relative = np.minimum(frequency_cpp, HIGHEST_AMPLITUDE_CPP) / AMPLITUDE_CPP
    return np.asarray(relative[:, None] ** np.array(AMPLITUDE_POWERS))


def print_log_amplitude(frequency_cpp: Array, sigma_mm: float, scale_px_per_mm: float) -> Array:
    """log of the response of a Gaussian print spread, (k,)."""
    return -2 * np.pi**2 * frequency_cpp**2 * (sigma_mm * scale_px_per_mm) ** 2
