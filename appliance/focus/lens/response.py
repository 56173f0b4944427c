"""The through-focus model of ``through_focus.py`` as numbers: edge segments in, responses and their derivatives out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.arrays import Array, Index
from appliance.focus.lens.data import Geometry, Segments, defocus_of
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import (
    AMPLITUDE,
    AMPLITUDE_CPP,
    AMPLITUDE_POWERS,
    APERTURE_RATIO,
    COMMON_VARIANCE,
    CONSTANT_ASTIGMATISM,
    CURVATURE,
    EVEN_TERMS,
    FIELD_ASTIGMATISM,
    FOCUS,
    HIGHEST_AMPLITUDE_CPP,
    MOTION_COS2,
    MOTION_SIN2,
    NOMINAL,
    PRINT_VARIANCE,
    SHAPE_PARAMETERS,
    SPHERICAL,
    TILT_X,
)

GAUSS_X = np.array([-np.sqrt(3 / 5), 0.0, np.sqrt(3 / 5)])
"""Gauss-Legendre nodes along a piece, in halves of its depth range."""
GAUSS_WEIGHTS = np.array([5, 8, 5]) / 18
"""Gauss-Legendre nodes, in halves of a piece's depth range, and weights: three are exact for a response of the fifth
order in depth, and a piece spans a fraction of a wave."""

HIGHEST_LOG_AMPLITUDE = 0.3
"""Log of the highest amplitude that the search for a start tries: nothing passive amplifies; 1.35 is room for
sharpening that a camera does unasked."""
MIN_EVEN_WAVES = 1.0
"""Least defocus, in waves, that even terms span: aberrations of a wave ripple no faster."""


class Curves:
    """The responses of segments at frequencies of one's own choice, as far as the shape decides them.

    ``table`` holds the pupil's OTF at ``frequency_cpp`` (f,).
    """

    def __init__(self, data: Geometry, frequency_cpp: Array, table: OtfTable) -> None:
        self.data, self.frequency_cpp, self.table = data, frequency_cpp, table
        self.g2 = data.scale_px_per_mm**2
        self.amplitude = amplitude_terms(frequency_cpp)

    def pupil(self, shape: Array, indices: Index | slice = slice(None)) -> tuple[Array, Array, Array]:
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
        shape = NOMINAL.copy()
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


@dataclass(frozen=True)
class Correction:
    """What is known of a lens beyond its shape, and taken out of the data before the shape is fitted.

    Best focus lies ``defocus`` (n,) waves farther at each piece than the shape has it, and ``value`` (n, k) is what
    else changes in the responses.
    """

    defocus: Array
    value: Array


@dataclass(frozen=True)
class Problem:
    """A through-focus fit as a statistical model: data, response, errors and what is taken out; never changed.

    Attributes
    ----------
    flat:
        The data as given.
    data:
        The same with best focus bent by the ``correction``'s defocus.
    curves:
        Responses of a lens at the pieces of ``data``.
    error:
        Standard error of every response beside its noise, alike at all frequencies of a piece.
    whitener, inverse_sd:
        (n, k, k) what makes a piece's residuals independent with variance 1, and (n, k) inverse standard deviations.
    even_scale:
        Phase of the first even cosine per wave of defocus.
    correction:
        What was taken out of the data; None for nothing.
    """

    flat: Segments
    data: Segments
    curves: Curves
    error: float
    whitener: Array
    inverse_sd: Array
    even_scale: float
    correction: Correction | None = None

    @classmethod
    def of(cls, data: Segments, table: OtfTable, error: float) -> Problem:
        """The problem of some data; even terms span what the ``table`` of the OTF does."""
        whitener, inverse_sd = _whitened(data, error)
        curves = Curves(data, data.frequency_cpp, table)
        return cls(data, data, curves, error, whitener, inverse_sd, float(np.pi / table.w020[-1]))

    @property
    def y(self) -> Array:
        """(n, k) the responses to describe: the data less what was taken out."""
        return self.data.sfr if self.correction is None else self.data.sfr - self.correction.value

    @property
    def g2_mean(self) -> float:
        """Median square of the scale, px² per mm²."""
        return float(np.median(self.curves.g2))

    def with_error(self, error: float) -> Problem:
        """The same with responses taken to be off by so much beside their noise."""
        whitener, inverse_sd = _whitened(self.flat, error)
        return replace(self, error=error, whitener=whitener, inverse_sd=inverse_sd)

    def corrected(self, correction: Correction) -> Problem:
        """The same data with that, and nothing else, taken out."""
        waves = correction.defocus
        prediction = self.flat.prediction and self.flat.prediction.farther(waves)
        data = replace(self.flat, q=self.flat.q - waves, prediction=prediction)
        curves = Curves(data, data.frequency_cpp, self.curves.table)
        return replace(self, data=data, curves=curves, correction=correction)

    def with_even_about(self, best_focus_waves: float) -> Problem:
        """Let the even terms span the defocus that the data reach on the farther side of focus, and a wave at least.

        No aberration makes a response ripple within a fraction of a wave; terms that could would only fit noise.
        """
        reach = 1.15 * float(np.abs(self.data.q - best_focus_waves).max())
        return replace(self, even_scale=float(np.pi / max(reach, MIN_EVEN_WAVES)))

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


def _whitened(data: Segments, error: float) -> tuple[Array, Array]:
    """(n, k, k) whiteners and (n, k) inverse standard deviations of data whose model is off by ``error``."""
    errors = data.covariance + error**2 * np.eye(len(data.frequency_cpp))
    return np.linalg.inv(np.linalg.cholesky(errors)), 1 / np.sqrt(np.einsum("nkk->nk", errors))


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
