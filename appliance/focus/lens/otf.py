"""The optical transfer function of a round pupil with defocus and spherical aberration, tabulated for a fit.

With pupil radius 1, wavefront W(ρ) = W020 ρ² + W040 ρ⁴ in waves and s = ν / ν_cutoff, the OTF is the normalised
autocorrelation of the pupil (Hopkins 1955; Goodman, *Introduction to Fourier Optics*, 6.4):

    OTF(s) = 1/π ∬ cos 2π [4 s x W020 + 8 s x W040 (x² + y² + s²)] dx dy

over the overlap of two pupils shifted by ± s along x. It is real for these even aberrations.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from appliance.arrays import Array, Array32
from appliance.focus.lens.spline import Spline, second_derivatives

W040_GRID = np.linspace(-1.0, 1.0, 17)
"""Spherical aberrations of the table, waves."""
_X_NODES, _Y_NODES = 40, 14
"""Gauss-Legendre nodes of Hopkins' integral along and across the shear: how exact that is:
`tests/focus/lens/test_otf.py`."""
OBLIQUE_ORDERS = 4
"""Even powers of crossed astigmatism: good to a wave of it."""


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
    size, place = np.unique(np.abs(w020), return_inverse=True)
    strength, row = np.unique(np.abs(w040), return_inverse=True)
    # OTF(−W020, −W040) = OTF(W020, W040): both signs come of the same waves
    against = (w020[None, :] < 0) != (w040[:, None] < 0)
    result = np.zeros((len(w040), len(s), len(w020)))
    for k in np.flatnonzero(s < 1):
        slope, cubic, weights = (part[0] for part in _overlap(s[k : k + 1]))
        defocus = np.outer(size.astype(np.float32), slope)
        aberration = np.outer(cubic, strength.astype(np.float32))
        even = np.cos(defocus) @ (weights[:, None] * np.cos(aberration))
        odd = np.sin(defocus) @ (weights[:, None] * np.sin(aberration))
        result[:, k] = np.where(against, (even + odd)[place][:, row].T, (even - odd)[place][:, row].T)
    return result


def otf_and_slopes(s: Array, w020: float, w040: float) -> tuple[Array, Array, Array]:
    """(k,) OTF of one lens at frequencies ``s`` (k,) as in :func:`otf`, and its derivatives by W020 and by W040."""
    value, by_w020, by_w040 = (np.zeros(len(s)) for _ in range(3))
    passed = s < 1
    slope, cubic, weights = _overlap(s[passed])
    phase = slope * np.float32(w020) + cubic * np.float32(w040)
    value[passed] = (weights * np.cos(phase)).sum(axis=1)
    weights *= np.sin(phase)
    by_w020[passed] = -(weights * slope).sum(axis=1)
    by_w040[passed] = -(weights * cubic).sum(axis=1)
    return value, by_w020, by_w040


def by_w060(s: Array, w020: Array, w040: float) -> Array:
    """(d, k) derivative of the OTF at frequencies ``s`` (k,) by W060 ρ⁶ where there is none, per wave.

    Of lenses with defocus ``w020`` (d,) and spherical aberration ``w040``; the phase of W060 is that of W040 times
    3/2 (x² + y² + s²), and 2 s² x² / (x² + y² + s²) of it more.
    """
    result = np.zeros((len(w020), len(s)))
    for k in np.flatnonzero(s < 1):
        slope, cubic, weights = (part[0] for part in _overlap(s[k : k + 1]))
        square = cubic / (2 * slope)  # x² + y² + s²
        along = slope / np.float32(4 * np.pi)  # 2 s x
        fifth = np.float32(4 * np.pi) * (3 * along * square**2 + along**3)
        phase = np.outer(w020.astype(np.float32), slope) + np.float32(w040) * cubic
        result[:, k] = -np.sin(phase) @ (weights * fifth)
    return result


def by_squares(s: Array, w020: Array, w040: float) -> tuple[Array, Array, Array]:
    """Slopes of the OTF at ``s`` (k,) by squares of faults that have no first order, per square wave.

    Of lenses with defocus ``w020`` (d,) and spherical aberration ``w040``: (d, k) by coma W131 (x cos t + y sin t)
    (x² + y²) along an edge's normal, and across it, where there is none; and (d, CROSSED_ORDERS, k) coefficients of the
    second, fourth … power of astigmatism x y, of which x lies along the normal. With coma the OTF is complex: its real
    part about where the edge then lies (by least squares, all frequencies counting alike in its profile) is meant.
    """
    even, odd, across = (np.zeros((len(w020), len(s))) for _ in range(3))
    oblique = np.zeros((len(w020), OBLIQUE_ORDERS, len(s)))
    orders = 2 * np.arange(1, OBLIQUE_ORDERS + 1)
    factor = np.cumprod(-1.0 / (orders * (orders - 1)))
    value = np.zeros_like(even)
    for k in np.flatnonzero(s < 1):
        slope, cubic, weights = (part[0] for part in _overlap(s[k : k + 1]))
        square = cubic / (2 * slope)  # x² + y² + s²
        along = slope / np.float32(4 * np.pi)  # 2 s x
        y2 = square - np.square(along / (2 * s[k])) - s[k] ** 2
        tangential = np.float32(2 * np.pi) * (2 * s[k] * square + np.square(along) / s[k])
        skew = np.float32(4 * np.pi) * np.sqrt(np.maximum(y2, 0))
        sagittal = skew * along
        wave = np.cos(np.outer(w020.astype(np.float32), slope) + np.float32(w040) * cubic)
        value[:, k] = wave @ weights
        odd[:, k] = wave @ (weights * tangential)
        even[:, k] = -wave @ (weights * np.square(tangential)) / 2
        across[:, k] = -wave @ (weights * np.square(sagittal)) / 2
        powers = np.power((skew * np.float32(s[k]))[:, None], orders) * factor
        oblique[:, :, k] = wave @ (weights[:, None] * powers)
    shift = (odd * value / s).sum(axis=1) / np.maximum(np.square(value).sum(axis=1), 1e-9)
    moved = shift[:, None] * s
    return even + moved * odd - value * np.square(moved) / 2, across, oblique


@cache
def _nodes() -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Gauss-Legendre places and weights along x and y."""
    along, across = (np.polynomial.legendre.leggauss(count) for count in (_X_NODES, _Y_NODES))
    return along, across


def _overlap(s: Array) -> tuple[Array32, Array32, Array32]:
    """(k, q) phase per wave of defocus and of W040, and weight, at the nodes of a quarter of two pupils' overlap."""
    (gx, wx), (gy, wy) = _nodes()
    s = s[:, None]
    # y = sinφ · y_max removes the square-root ends
    phi = (gy + 1) * np.pi / 4
    y_max = np.sqrt(1 - s * s)
    y = y_max * np.sin(phi)
    weight_y = wy * np.pi / 4 * y_max * np.cos(phi)
    x_max = np.sqrt(1 - y * y) - s
    x = (gx + 1) / 2 * x_max[..., None]
    weight = weight_y[..., None] * wx / 2 * x_max[..., None] * (4 / np.pi)
    slope = (8 * np.pi * s[..., None] * x).astype(np.float32)
    cubic = slope * 2 * (x * x + (y * y)[..., None] + (s * s)[..., None])
    flat = (len(s), -1)
    return (
        slope.reshape(flat),
        cubic.astype(np.float32).reshape(flat),
        weight.astype(np.float32).reshape(flat),
    )


class OtfTable:
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
        values = np.ascontiguousarray(otf(s, self.w020, W040_GRID).transpose(2, 1, 0))
        self.knots = np.stack([values, second_derivatives(values)])
        self.by_w040 = Spline.of(W040_GRID, np.eye(len(W040_GRID)))
        self.last: tuple[float, tuple[Spline, Spline]] | None = None

    def at_spherical(self, w040: float) -> tuple[Spline, Spline]:
        """OTF of (k,) frequencies against defocus at one spherical aberration, and its derivative per wave of that."""
        if self.last is None or self.last[0] != w040:
            weights = np.concatenate(self.by_w040(np.array([w040]))).T
            values, bend = (self.knots.reshape(-1, len(weights)) @ weights).reshape(*self.knots.shape[:3], 2)
            value, slope = (Spline.through(self.w020, values[..., j], bend[..., j]) for j in (0, 1))
            self.last = w040, (value, slope)
        return self.last[1]
