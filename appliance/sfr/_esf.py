"""The edge spread function of located edges in fine bins, and everything linear in it: SFR, covariance, MTF50.

The estimator
-------------
The edge spread function is written as a model T (a cumulative normal of the fitted width, which carries most of the
signal and whose transform is known exactly) plus a residual r, and the SFR at frequency f as

    S(f) = [ T̂(f) + tail(f) + 2πf ∫ w(u) (r(u) − tail(u)) sin 2πfu du ] / rise.

Inside the window w = 1 the estimate is free of any model: what T does not explain is transformed as measured. There
is no finite difference to correct, and binning touches the small residual only, for which its known response is divided
out. Outside, w falls to 0 and a tail model of four terms takes over (both levels, the light's gradient across the
edge, and the 1/u approach to the levels that any lens with a sharp-edged aperture shows, since its optical
transfer function starts with the slope −4λN/π whatever its aberrations). The window follows the data: it covers the
fitted width and grows, ring by ring, where the residual stands out of the noise. So noise from flat parts of the
picture, which carries no signal, stays out, and no signal is cut off.

Everything is linear in the pixel values once window and width are set, so variances follow from the noise, which is
taken from the scatter about the tails, dark and light side apart.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.sfr._bins import TAPS_NARROW, TAPS_WIDE, Bins, convolve, smooth
from appliance.sfr._gaussian import F64, cumulative
from appliance.sfr._tailfit import TailFit
from appliance.sfr._tails import WINDOW_END_SIGMA, WINDOW_FLAT_SIGMA, Rings, step_down

MIN_REACH_PX = 2.0
MAX_MISFIT = 0.1
"""Root mean square of what the model leaves of an edge, in parts of its contrast; a defocus disc leaves 0.02."""
MAX_EMPTY_BINS = 6
"""Three quarters of a pixel: a mosaic's greens at slopes of 1:3 leave 0.63 px between samples, which will do."""
OUTERMOST = 0.75
"""Part of the half width that the window may fill; the rest is left to the levels."""


@dataclass(frozen=True)
class Esf:
    """What the bins of n edges say; K bins on a common grid ``u`` (K,) px.

    ``count, residual, variance`` (n, K): samples, mean residual about T, variance of one sample. ``window`` (n, K);
    ``loud`` (n, K) is the window that lets as much noise in as the measured one does, whose rings depend on noise.
    """

    u: F64
    count: F64
    residual: F64
    variance: F64
    window: F64
    loud: F64
    smooth_count: F64
    wide: npt.NDArray[np.bool_]
    tail_columns: F64
    tail_gain: F64
    tail_fit: F64
    sigma: F64
    tail_sigma: F64
    contrast: F64
    dark: F64
    rise: F64
    noise_dark: F64
    noise_light: F64
    too_narrow: npt.NDArray[np.bool_]
    gappy: npt.NDArray[np.bool_]
    lost: npt.NDArray[np.bool_]

    def take(self, index: Any) -> Esf:
        """The edges of an index array."""
        return Esf(self.u, *(getattr(self, f.name)[index] for f in fields(self)[1:]))

    @cached_property
    def seen_columns(self) -> F64:
        """(n, 4, K) the tail's columns as window, bins and taps leave them."""
        return np.stack([self._seen(self.tail_columns[:, j]) for j in range(4)], axis=1)

    @cached_property
    def seen_residual(self) -> F64:
        """(n, K) the mean residual as window, bins and taps leave it."""
        return self._seen(self.residual)

    def _seen(self, values: F64) -> F64:
        smoothed = smooth(values * self.count, self.wide)
        return np.asarray(self.window * smoothed / np.maximum(self.smooth_count, 1e-12))

    @property
    def rise_total(self) -> F64:
        """(n,) light less dark, tails included."""
        return np.asarray(self.contrast + self.tail_fit[:, 1] - self.tail_fit[:, 0])

    @cached_property
    def per_bin(self) -> F64:
        """(n, K) variance of each bin's mean."""
        return np.asarray(self.variance / np.maximum(self.count, 1) * (self.count > 0))

    @cached_property
    def share(self) -> F64:
        """(n, K) part of a bin's mean that bins, taps and window let into the transform, the taps' response aside."""
        return np.asarray(self.loud * self.count / np.maximum(self.smooth_count, 1e-12))

    @cached_property
    def power(self) -> F64:
        """(n, K) variance that each bin brings into the transform."""
        return np.asarray(np.square(self.share) * self.per_bin)

    @cached_property
    def mixed(self) -> F64:
        """(n, 4, K) covariance that each bin brings into transform and tail."""
        return np.asarray((self.per_bin * self.share)[:, None, :] * self.tail_gain)

    @cached_property
    def tail_covariance(self) -> F64:
        """(n, 4, 4) covariance of the tail's coefficients."""
        return np.asarray((self.tail_gain * self.per_bin[:, None, :]) @ self.tail_gain.transpose(0, 2, 1))


@dataclass(frozen=True)
class _Sampling:
    """How well samples cover each edge: ``limit`` (n,) px is how far they reach on both sides."""

    smooth_count: F64
    wide: npt.NDArray[np.bool_]
    gappy: npt.NDArray[np.bool_]
    limit: F64

    @classmethod
    def of(cls, bins: Bins, sigma: F64, half_width: F64) -> _Sampling:
        u, count = bins.u, bins.count
        smooth_count = convolve(count, TAPS_NARROW)
        reach = np.minimum(0.8 * half_width, np.maximum(4 * sigma, 3.0))
        near = np.abs(u)[None, :] <= reach[:, None]
        wide = np.any(near & (smooth_count <= 0), axis=1)
        if wide.any():
            smooth_count[wide] = convolve(count[wide], TAPS_WIDE)
        # no sample in so many bins on end, and the profile between them is anybody's guess
        run = np.cumsum(np.where(near, count, 1), axis=1)
        gappy = np.any(run[:, MAX_EMPTY_BINS:] == run[:, :-MAX_EMPTY_BINS], axis=1)
        # less than the half width where the picture ends
        seen = smooth_count > 0
        limit = np.minimum(
            np.where(seen & (u > 0), u, 0).max(axis=1), -np.where(seen & (u < 0), u, 0).min(axis=1)
        )
        return cls(smooth_count, wide, gappy, np.minimum(limit, half_width))


def esf_of(
    bins: Bins,
    sigma: F64,
    dark: F64,
    contrast: F64,
    half_width: F64,
    airy_px: float | None,
) -> Esf:
    """Choose each edge's window, fit tails and noise; all but ``bins`` are (n,)."""
    u, count = bins.u, bins.count
    sampling = _Sampling.of(bins, sigma, half_width)
    limit = np.maximum(sampling.limit, MIN_REACH_PX)
    rise = cumulative(u[None, :] / sigma[:, None])
    soft = np.sqrt(np.square(sigma) + 0.01)
    end = np.minimum(WINDOW_END_SIGMA * soft, OUTERMOST * limit)
    inner = step_down(u, end * (WINDOW_FLAT_SIGMA / WINDOW_END_SIGMA), end)
    floor = np.square(2e-5 * contrast)
    noise_dark, noise_light = (np.maximum(side, floor) for side in _noise(bins, end))
    variance = noise_dark[:, None] * (1 - rise) + noise_light[:, None] * rise

    tail = TailFit.of(bins, sigma, dark, contrast, rise, variance, inner, airy_px)
    rings = Rings.of(u, end, OUTERMOST * limit, count)
    for _ in range(2):
        coefficient, _, _ = tail.solve(airy_px is not None, shrink=False)
        window, loud = tail.grow(coefficient, rings)
    coefficient, equations, inverse = tail.solve(airy_px is not None, shrink=True)
    covered = sampling.smooth_count > 0
    # along an edge that is none, samples of one bin differ by more than noise
    misfit = np.square(bins.total).sum(axis=1) / np.maximum(np.square(count).sum(axis=1), 1)
    freedom = np.maximum(count - 1, 0)
    many = np.maximum(freedom.sum(axis=1), 1)
    scatter = (bins.scatter.sum(axis=1) - (variance * freedom).sum(axis=1)) / many
    lost = ~(np.maximum(misfit, scatter) < np.square(MAX_MISFIT * contrast))
    return Esf(
        u=u, count=count, residual=tail.mean, variance=variance, window=window * covered, loud=loud * covered,
        smooth_count=sampling.smooth_count, wide=sampling.wide, tail_columns=tail.columns,
        tail_gain=inverse @ equations.weighted,
        tail_fit=coefficient, sigma=sigma, tail_sigma=tail.tail_sigma, contrast=contrast, dark=dark, rise=rise,
        noise_dark=noise_dark, noise_light=noise_light, too_narrow=WINDOW_END_SIGMA * soft > OUTERMOST * limit,
        gappy=sampling.gappy, lost=lost | (sampling.limit < MIN_REACH_PX),
    )  # fmt: skip


def _noise(bins: Bins, end: F64) -> tuple[F64, F64]:
    """Variance of one sample on the dark and the light side, (n,) each: the scatter within the bins of the tails."""
    scatter, freedom = bins.scatter, np.maximum(bins.count - 1, 0)
    out = []
    for side in (-1.0, 1.0):
        mask = (side * bins.u)[None, :] > 0.7 * end[:, None]
        many = (freedom * mask).sum(axis=1)
        out.append(np.where(many >= 4, (scatter * mask).sum(axis=1) / np.maximum(many, 1), np.nan))
    dark, light = out
    dark, light = np.where(np.isnan(dark), light, dark), np.where(np.isnan(light), dark, light)
    everything = scatter.sum(axis=1) / np.maximum(freedom.sum(axis=1), 1)
    return np.where(np.isnan(dark), everything, dark), np.where(np.isnan(light), everything, light)
