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

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.sfr._bins import TAPS_NARROW, TAPS_WIDE, Bins, convolve
from appliance.sfr._normal import F64, cumulative, dawson
from appliance.sfr._tails import (
    RING_FREEDOM,
    WINDOW_END_SIGMA,
    WINDOW_FLAT_SIGMA,
    Tail,
    rings_of,
    significance,
    step_down,
)

ROOT2 = float(np.sqrt(2))
LEAST_REACH_PX = 2.0
MOST_MISFIT = 0.1
"""Root mean square of what the model leaves of an edge, in parts of its contrast; a defocus disc leaves 0.02."""
MOST_EMPTY_BINS = 6
"""Three quarters of a pixel: a mosaic's greens at slopes of 1:3 leave 0.63 px between samples, which will do."""
OUTERMOST = 0.75
"""Part of the half width that the window may fill; the rest is left to the levels."""
GRADIENT_PRIOR_PER_PX = 1e-3
"""Standard deviation expected of the light's relative change per px across an edge."""
TAIL_POWER = 3
"""Power of (1 − window) that weighs the tail's samples: keeps the core's misfit out of them."""
AIRY_SIGMA = 2.3
"""Width of an Airy pattern's normal fit in units of its 1/u term."""
TAIL_MOST_SIGMA = 0.6
"""A larger 1/u term than an aperture can make is halo, and is left to the window."""
TAIL_PRIOR_SIGMA = 0.3
"""A diffraction-limited lens has a 1/u term of 0.43 σ, a blurred one less."""


@dataclass(frozen=True)
class Spread:
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

    @property
    def rise_total(self) -> F64:
        """(n,) light less dark, tails included."""
        return np.asarray(self.contrast + self.tail_fit[:, 1] - self.tail_fit[:, 0])

    @property
    def per_bin(self) -> F64:
        """(n, K) variance of each bin's mean."""
        return np.asarray(self.variance / np.maximum(self.count, 1) * (self.count > 0))


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
        gappy = np.any(run[:, MOST_EMPTY_BINS:] == run[:, :-MOST_EMPTY_BINS], axis=1)
        # less than the half width where the picture ends
        seen = smooth_count > 0
        limit = np.minimum(
            np.where(seen & (u > 0), u, 0).max(axis=1), -np.where(seen & (u < 0), u, 0).min(axis=1)
        )
        return cls(smooth_count, wide, gappy, np.minimum(limit, half_width))


@dataclass
class _TailFit:
    """The tails of n edges: their model's columns, and the state of its fit while window and tail settle."""

    bins: Bins
    sigma: F64
    contrast: F64
    variance: F64
    inner: F64
    columns: F64
    prior_mean: F64
    free: F64
    soft: F64
    tail_sigma: F64
    structure: F64

    def solve(self, airy_known: bool, shrink: bool) -> tuple[F64, F64]:
        """Coefficients (n, 4), and what each bin's mean moves them by (n, 4, K)."""
        slow, slow_bent = dawson(self.bins.u[None, :] / (ROOT2 * self.sigma)[:, None])
        less = np.square(self.sigma) - np.square(self.tail_sigma)
        self.columns[:, 2] = -(self.contrast * ROOT2 / (np.pi * self.sigma))[:, None] * (
            slow - (less / np.square(self.sigma) / 4)[:, None] * slow_bent
        )
        count = self.bins.count
        weight = np.power(1 - self.inner, TAIL_POWER) * count / (self.variance + count * self.structure)
        known = (self.columns * self.prior_mean[:, :, None]).sum(axis=1)
        tail = Tail.of(self.columns, weight, self.bins.mean - known)
        most = TAIL_MOST_SIGMA * self.soft
        precision = self.free if airy_known else tail.plausible(self.free, most, shrink)
        inverse = tail.inverse(precision)
        coefficient = np.einsum("npq,nq->np", inverse, tail.right) + self.prior_mean
        gain = inverse @ tail.weighted
        return self._scaled(coefficient, gain) if airy_known else (coefficient, gain)

    def _scaled(self, coefficient: F64, gain: F64) -> tuple[F64, F64]:
        """The fit whose 1/u term goes with the contrast that the levels leave, not with the first guess of it.

        A normal curve fitted to a profile with slow tails misses a tenth of the contrast, and so would the tails.
        """
        known = self.prior_mean[:, 2]
        others = -np.einsum("npk,nk->np", gain, self.columns[:, 2])
        others[:, 2] = 1
        rise, rise_gain = coefficient[:, 1] - coefficient[:, 0], gain[:, 1] - gain[:, 0]
        share = known / (self.contrast - known * (others[:, 1] - others[:, 0]))
        coefficient = coefficient + others * (share * rise)[:, None]
        return coefficient, gain + others[:, :, None] * (share[:, None] * rise_gain)[:, None, :]

    def grow(self, coefficient: F64, rings: list[F64]) -> tuple[F64, F64]:
        """The windows (n, K) that follow the data; remembers what structure the tail's samples hold."""
        count = self.bins.count
        self.tail_sigma = np.sqrt(
            np.maximum(np.square(self.sigma) - np.square(AIRY_SIGMA * coefficient[:, 2]), 0.1)
        )
        left = self.bins.mean - (self.columns * coefficient[:, :, None]).sum(axis=1)
        window, loud = self.inner.copy(), self.inner.copy()
        self.structure = np.zeros_like(window)
        for number, ring in enumerate(rings):
            share, power = significance(left, count, self.variance, ring)
            if number < len(rings) - 1:
                window += ring * share[:, None]
                loud += ring * np.sqrt(share)[:, None]
            self.structure += ring * (power * ring.sum(axis=1) / RING_FREEDOM)[:, None]
        return window, loud


def spread(
    bins: Bins,
    sigma: F64,
    dark: F64,
    contrast: F64,
    half_width: F64,
    airy_px: float | None,
) -> Spread:
    """Choose each edge's window, fit tails and noise; all but ``bins`` are (n,)."""
    u, count = bins.u, bins.count
    sampling = _Sampling.of(bins, sigma, half_width)
    limit = np.maximum(sampling.limit, LEAST_REACH_PX)
    rise = cumulative(u[None, :] / sigma[:, None])
    soft = np.sqrt(np.square(sigma) + 0.01)
    end = np.minimum(WINDOW_END_SIGMA * soft, OUTERMOST * limit)
    inner = step_down(u, end * (WINDOW_FLAT_SIGMA / WINDOW_END_SIGMA), end)
    floor = np.square(2e-5 * contrast)
    noise_dark, noise_light = (np.maximum(side, floor) for side in _noise(bins, end))
    variance = noise_dark[:, None] * (1 - rise) + noise_light[:, None] * rise

    columns = np.zeros((len(sigma), 4, len(u)))
    columns[:, 0], columns[:, 1] = 1 - rise, rise
    columns[:, 3] = u[None, :] * (dark[:, None] + contrast[:, None] * rise)
    prior_mean, free = _tail_priors(contrast, soft, airy_px)
    tail = _TailFit(
        bins, sigma, contrast, variance, inner, columns, prior_mean, free, soft,
        tail_sigma=0.7 * sigma, structure=np.zeros_like(inner),
    )  # fmt: skip
    rings = rings_of(u, end, OUTERMOST * limit)
    for _ in range(2):
        coefficient, gain = tail.solve(airy_px is not None, shrink=False)
        window, loud = tail.grow(coefficient, rings)
    coefficient, gain = tail.solve(airy_px is not None, shrink=True)
    covered = sampling.smooth_count > 0
    # along an edge that is none, samples of one bin differ by more than noise
    misfit = np.square(bins.total).sum(axis=1) / np.maximum(np.square(count).sum(axis=1), 1)
    freedom = np.maximum(count - 1, 0)
    many = np.maximum(freedom.sum(axis=1), 1)
    scatter = (bins.scatter.sum(axis=1) - (variance * freedom).sum(axis=1)) / many
    lost = ~(np.maximum(misfit, scatter) < np.square(MOST_MISFIT * contrast))
    return Spread(
        u=u, count=count, residual=bins.mean, variance=variance, window=window * covered, loud=loud * covered,
        smooth_count=sampling.smooth_count, wide=sampling.wide, tail_columns=columns, tail_gain=gain,
        tail_fit=coefficient, sigma=sigma, tail_sigma=tail.tail_sigma, contrast=contrast, dark=dark, rise=rise,
        noise_dark=noise_dark, noise_light=noise_light, too_narrow=WINDOW_END_SIGMA * soft > OUTERMOST * limit,
        gappy=sampling.gappy, lost=lost | (sampling.limit < LEAST_REACH_PX),
    )  # fmt: skip


def _tail_priors(contrast: F64, soft: F64, airy_px: float | None) -> tuple[F64, F64]:
    """Mean and precision (n, 4) of the tail's levels, 1/u term and gradient."""
    mean, sd = np.zeros((len(contrast), 4)), np.empty((len(contrast), 4))
    sd[:, :2] = 1e9 * contrast[:, None]
    sd[:, 2] = TAIL_PRIOR_SIGMA * soft
    sd[:, 3] = GRADIENT_PRIOR_PER_PX
    if airy_px is not None:
        mean[:, 2] = 2 / np.pi**2 * airy_px
        sd[:, 2] = 1e-6
    return mean, 1 / np.square(sd)


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
