"""Edges of exactly known SFR: analytic and wave-optical pictures that share no code with the product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.integrate import quad
from scipy.special import erf

F64 = npt.NDArray[np.float64]
FULL_SCALE_E = 2626.0
READ_NOISE_E = 2.5
GAIN_SPREAD = 0.0085
DARK, LIGHT = 0.165, 0.835


@dataclass(frozen=True)
class Edge:
    """A picture of one edge: point on the edge, direction (deg from +x to +y), length and true MTF50."""

    picture: F64
    segment: F64
    angle_deg: float
    mtf50: float


def gaussian_sigma(mtf50: float) -> float:
    return float(np.sqrt(np.log(2) / 2) / np.pi / mtf50)


def gaussian_profile(sigma: float) -> Callable[[F64], F64]:
    return lambda u: 0.5 * (1 + erf(u / (sigma * np.sqrt(2))))


def geometry(angle_deg: float, shape: tuple[int, int], offset: float, bend: float = 0.0) -> tuple[F64, F64]:
    """Distance from the edge and distance along it, for each pixel of ``shape``, about the picture's middle."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(float)
    x -= (shape[1] - 1) / 2
    y -= (shape[0] - 1) / 2
    a = np.radians(angle_deg)
    along = x * np.cos(a) + y * np.sin(a)
    across = -x * np.sin(a) + y * np.cos(a) - offset
    return across - bend * along**2, along


def noisy(signal: F64, rng: np.random.Generator) -> F64:
    """Shot noise, read noise, gain spread and 12 bits on a picture in parts of full scale; returns 12-bit numbers."""
    electrons = signal * FULL_SCALE_E * (1 + GAIN_SPREAD * rng.standard_normal(signal.shape))
    electrons = rng.poisson(np.maximum(electrons, 0)) + READ_NOISE_E * rng.standard_normal(signal.shape)
    return np.clip(np.round(electrons * (4095 / FULL_SCALE_E)), 0, 4095)


def segment_of(angle_deg: float, shape: tuple[int, int], length: float, offset: float = 0.0) -> F64:
    a = np.radians(angle_deg)
    cx, cy = (shape[1] - 1) / 2 - offset * np.sin(a), (shape[0] - 1) / 2 + offset * np.cos(a)
    dx, dy = np.cos(a) * length / 2, np.sin(a) * length / 2
    return np.array([cx - dx, cy - dy, cx + dx, cy + dy])


def airy_otf(nu: F64, cutoff: float, waves: float) -> F64:
    """OTF of a circular aperture with ``waves`` of defocus at the rim, by numeric autocorrelation (Hopkins 1955)."""
    out = np.zeros_like(nu)
    for i, f in enumerate(nu):
        s = 2 * f / cutoff  # displacement of the two pupils in units of the pupil radius
        if s >= 2:
            continue
        if s == 0:
            out[i] = 1
            continue
        half = np.sqrt(1 - (s / 2) ** 2)
        # pupils' difference of path is linear in x: waves * 2 s x; overlap at height y spans |x| <= sqrt(1-y²) - s/2
        k = 2 * np.pi * waves * 2 * s

        def strip_integral(y: float, s: float = s, k: float = k) -> float:
            x = np.sqrt(1 - y * y) - s / 2
            return 2 * x if k == 0 else 2 * np.sin(k * x) / k

        out[i] = 2 * quad(strip_integral, 0, half, limit=200)[0] / np.pi
    return out


@dataclass(frozen=True)
class Optical:
    """Diffraction with defocus times a square pixel aperture; the edge profile depends on the edge's direction."""

    cutoff: float
    nu: F64
    otf: F64

    @classmethod
    def of(cls, cutoff: float, waves: float, points: int = 801) -> Optical:
        # Chebyshev-like crowding is not needed: Gauss–Legendre resolves the smooth OTF to 1e-9
        x, _ = np.polynomial.legendre.leggauss(points)
        nu = (x + 1) / 2 * cutoff
        return cls(cutoff, nu, airy_otf(nu, cutoff, waves))

    def sfr(self, nu: F64, angle_deg: float) -> F64:
        a = np.radians(angle_deg)
        inside = np.interp(
            nu, np.concatenate([[0], self.nu, [self.cutoff]]), np.concatenate([[1], self.otf, [0]])
        )
        return inside * np.sinc(nu * np.sin(a)) * np.sinc(nu * np.cos(a))

    def mtf50(self, angle_deg: float) -> float:
        nu = np.linspace(0, self.cutoff, 20001)
        v = self.sfr(nu, angle_deg)
        k = int(np.argmax(v < 0.5))
        return float(nu[k - 1] + (v[k - 1] - 0.5) / (v[k - 1] - v[k]) * (nu[k] - nu[k - 1]))

    def profile(self, angle_deg: float, reach: float = 120.0) -> Callable[[F64], F64]:
        _x, w = np.polynomial.legendre.leggauss(len(self.nu))
        a = np.radians(angle_deg)
        m = self.otf * np.sinc(self.nu * np.sin(a)) * np.sinc(self.nu * np.cos(a)) * w * self.cutoff / 2
        grid = np.arange(0, reach, 1 / 64)
        # ½ + ∫ M(ν) sin(2πνu)/(πν) dν
        table = np.sin(2 * np.pi * np.outer(grid, self.nu)) @ (m / (np.pi * self.nu))
        from scipy.interpolate import CubicSpline

        spline = CubicSpline(grid, table)
        return lambda u: 0.5 + np.sign(u) * spline(np.abs(u))
