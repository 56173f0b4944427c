"""The optical transfer function of a round pupil with defocus and spherical aberration, tabulated for a fit.

With pupil radius 1, wavefront W(ρ) = W020 ρ² + W040 ρ⁴ in waves and s = ν / ν_cutoff, the OTF is the normalised
autocorrelation of the pupil (Hopkins 1955; Goodman, *Introduction to Fourier Optics*, 6.4):

    OTF(s) = 1/π ∬ cos 2π [4 s x W020 + 8 s x W040 (x² + y² + s²)] dx dy

over the overlap of two pupils shifted by ± s along x. It is real for these even aberrations.
"""

from __future__ import annotations

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
    """OTF at fixed frequencies, interpolated in defocus and spherical aberration with its derivatives.

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
        self.values = otf(s, self.w020, W040_GRID)

    def at_spherical(self, w040: float) -> tuple[Array, Array]:
        """(k, d) table at one spherical aberration, and its derivative per wave (cubic Lagrange)."""
        step = W040_GRID[1] - W040_GRID[0]
        t = np.clip((w040 - W040_GRID[0]) / step, 0, len(W040_GRID) - 1)
        first = int(np.clip(np.floor(t) - 1, 0, len(W040_GRID) - 4))
        u = t - first
        nodes = np.arange(4.0)
        weights, slopes = np.empty(4), np.empty(4)
        for m in range(4):
            others = nodes[nodes != m]
            denominator = np.prod(m - others)
            weights[m] = np.prod(u - others) / denominator
            slopes[m] = sum(np.prod(np.delete(u - others, q)) for q in range(3)) / denominator
        block = self.values[first : first + 4]
        return np.tensordot(weights, block, 1), np.tensordot(slopes, block, 1) / step

    def lookup(self, table: Array, w020: Array) -> tuple[Array, Array]:
        """Values and derivatives (n, k) of a (k, d) table at (n,) defocuses."""
        return interpolate(self.w020, table, w020)


def interpolate(grid: Array, table: Array, w020: Array) -> tuple[Array, Array]:
    """Values and derivatives (n, k) of a table (k, d) on an even grid (d,), at (n,) places: cubic (Catmull-Rom)."""
    step = grid[1] - grid[0]
    t = np.clip((w020 - grid[0]) / step, 1.0, len(grid) - 2.001)
    i = t.astype(int)
    u = (t - i)[None, :]
    p0, p1, p2, p3 = (table[:, i + m] for m in (-1, 0, 1, 2))
    c1, c2, c3 = (p2 - p0) / 2, p0 - 2.5 * p1 + 2 * p2 - p3 / 2, (p3 - p0) / 2 + 1.5 * (p1 - p2)
    value = p1 + u * (c1 + u * (c2 + u * c3))
    slope = (c1 + u * (2 * c2 + 3 * u * c3)) / step
    return value.T, slope.T
