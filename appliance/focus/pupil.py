"""The optical transfer function of a round pupil with defocus and spherical aberration, tabulated for a fit.

With pupil radius 1, wavefront W(ρ) = W020 ρ² + W040 ρ⁴ in waves and s = ν / ν_cutoff, the OTF is the normalised
autocorrelation of the pupil (Hopkins 1955; Goodman, *Introduction to Fourier Optics*, 6.4):

    OTF(s) = 1/π ∬ cos 2π [4 s x W020 + 8 s x W040 (x² + y² + s²)] dx dy

over the overlap of two pupils shifted by ± s along x. It is real for these even aberrations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

W040_GRID = np.linspace(-1.0, 1.0, 17)
"""Spherical aberrations of the table, waves."""
_X_NODES, _Y_NODES = 40, 14


def otf(s: Array, w020: Array, w040: Array) -> Array:
    """OTF by Gauss-Legendre quadrature.

    Parameters
    ----------
    s:
        (k,) frequencies relative to the diffraction cutoff, 0 ≤ s.
    w020, w040:
        (d,) defocus and (a,) spherical aberration, waves.

    Returns
    -------
    (a, k, d) real OTF; 0 at and beyond the cutoff.
    """
    gx, wx = np.polynomial.legendre.leggauss(_X_NODES)
    gy, wy = np.polynomial.legendre.leggauss(_Y_NODES)
    result = np.zeros((len(w040), len(s), len(w020)), np.float32)
    for k, sk in enumerate(s):
        if sk >= 1:
            continue
        # y = sinφ · y_max removes the square-root ends
        phi = (gy + 1) * np.pi / 4
        y_max = np.sqrt(1 - sk * sk)
        y = y_max * np.sin(phi)
        weight_y = wy * np.pi / 4 * y_max * np.cos(phi)
        x_max = np.sqrt(1 - y * y) - sk
        x = (gx[None, :] + 1) / 2 * x_max[:, None]
        weight = weight_y[:, None] * wx[None, :] / 2 * x_max[:, None] * (4 / np.pi)
        slope = (8 * np.pi * sk * x).ravel().astype(np.float32)
        cubic = (slope.reshape(x.shape) * 2 * (x * x + y[:, None] ** 2 + sk * sk)).ravel().astype(np.float32)
        weights = weight.ravel().astype(np.float32)
        defocus = np.outer(w020.astype(np.float32), slope)
        cosine, sine = np.cos(defocus), np.sin(defocus)
        for n, a in enumerate(w040):
            phase = cubic * np.float32(a)
            result[n, k] = cosine @ (weights * np.cos(phase)) - sine @ (weights * np.sin(phase))
    return result.astype(float)


class PupilTable:
    """OTF at fixed frequencies, as splines of defocus and spherical aberration with their derivatives.

    Parameters
    ----------
    s:
        (k,) frequencies relative to the cutoff.
    w020_max:
        Largest |defocus| of the table, waves; beyond it the OTF is held at the table's end.
    """

    def __init__(self, s: Array, w020_max: float) -> None:
        self.s = s
        steps = int(np.clip(np.ceil(w020_max * 16), 24, 160))
        self.w020 = np.linspace(-w020_max, w020_max, 2 * steps + 1)
        values = otf(s, self.w020, W040_GRID)
        self.spline = Spline.of(self.w020, np.moveaxis(values, 2, 0))
        self.by_w040 = Spline.of(W040_GRID, np.eye(len(W040_GRID)))

    def at_spherical(self, w040: float) -> tuple[Spline, Spline]:
        """OTF of (k,) frequencies against defocus at one spherical aberration, and its derivative per wave of that."""
        weights, slopes = self.by_w040(np.array([w040]))
        return self.spline.combined(weights[0]), self.spline.combined(slopes[0])


@dataclass(frozen=True)
class Spline:
    """Cubic spline on an even grid: the second derivative, which is all that a shallow curve has, is continuous.

    ``coefficients`` (4, d − 1, …) of the powers of the place within each cell, in cells.
    """

    start: float
    step: float
    coefficients: Array

    @classmethod
    def of(cls, grid: Array, values: Array) -> Spline:
        """Through ``values`` (d, …) on an even ``grid`` (d,)."""
        count = len(grid)
        # bend per cell squared; at both ends it goes on in a straight line
        matrix = np.zeros((count, count))
        inner = np.arange(1, count - 1)
        for place, weight in ((-1, 1 / 6), (0, 4 / 6), (1, 1 / 6)):
            matrix[inner, inner + place] = weight
        matrix[0, :3] = matrix[-1, -3:] = (1, -2, 1)
        right = np.zeros_like(values)
        right[1:-1] = values[2:] - 2 * values[1:-1] + values[:-2]
        bend = np.linalg.solve(matrix, right.reshape(count, -1)).reshape(values.shape)
        slope = values[1:] - values[:-1] - bend[:-1] / 3 - bend[1:] / 6
        cubic = (bend[1:] - bend[:-1]) / 6
        return cls(
            float(grid[0]), float(grid[1] - grid[0]), np.stack([values[:-1], slope, bend[:-1] / 2, cubic])
        )

    def combined(self, weights: Array) -> Spline:
        """The spline of the sum of the values' first axis (a,) with ``weights`` (a,)."""
        return Spline(self.start, self.step, np.tensordot(self.coefficients, weights, (2, 0)))

    def __call__(self, place: Array) -> tuple[Array, Array]:
        """Values and derivatives (n, …) at (n,) places; held at the ends of the grid."""
        cells = self.coefficients.shape[1]
        t = np.clip((place - self.start) / self.step, 0.0, cells - 1e-9)
        i = t.astype(int)
        u = (t - i).reshape(-1, *[1] * (self.coefficients.ndim - 2))
        c0, c1, c2, c3 = self.coefficients[:, i]
        return c0 + u * (c1 + u * (c2 + u * c3)), (c1 + u * (2 * c2 + 3 * u * c3)) / self.step
