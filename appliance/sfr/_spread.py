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
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.sfr._locate import BEND_PRIOR_PER_PX, Fit, corrected
from appliance.sfr._normal import F64, cumulative, cumulative_fast, dawson, density
from appliance.sfr._pixels import strip

BINS_PER_PX = 8
H = 1.0 / BINS_PER_PX
ROOT2 = float(np.sqrt(2))
TAPS_NARROW = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
TAPS_WIDE = np.concatenate([np.arange(1.0, 7.0), np.arange(5.0, 0.0, -1.0)]) / 36
LEAST_REACH_PX = 2.0
MOST_MISFIT = 0.1
"""Root mean square of what the model leaves of an edge, in parts of its contrast; a defocus disc leaves 0.02."""
MOST_EMPTY_BINS = 6
"""Three quarters of a pixel: a mosaic's greens at slopes of 1:3 leave 0.63 px between samples, which will do."""
WINDOW_FLAT_SIGMA = 3.0
WINDOW_END_SIGMA = 4.2
RING_RATIO = 1.35
OUTERMOST = 0.75
"""Part of the half width that the window may fill; the rest is left to the levels."""
GRADIENT_PRIOR_PER_PX = 1e-3
"""Standard deviation expected of the light's relative change per px across an edge."""
RING_FREEDOM = 4.0
"""How many independent values the unmodelled structure of a ring is taken to have."""
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
    def per_bin(self) -> F64:
        """(n, K) variance of each bin's mean."""
        return np.asarray(self.variance / np.maximum(self.count, 1) * (self.count > 0))


def _convolve(values: F64, taps: F64) -> F64:
    """Convolution along the last axis with a symmetric kernel, zero outside."""
    reach = len(taps) // 2
    padded = np.zeros((*values.shape[:-1], values.shape[-1] + 2 * reach))
    size = values.shape[-1]
    padded[..., reach : reach + size] = values
    out = taps[reach] * values
    for k in range(1, reach + 1):
        out += taps[reach + k] * (
            padded[..., reach - k : reach - k + size] + padded[..., reach + k : reach + k + size]
        )
    return np.asarray(out)


def _smooth(values: F64, wide: npt.NDArray[np.bool_]) -> F64:
    """Smooth (n, K) by the narrow taps, or the wide ones where ``wide``."""
    out = _convolve(values, TAPS_NARROW)
    if wide.any():
        out[wide] = _convolve(values[wide], TAPS_WIDE)
    return out


def _response(frequency: F64, wide: npt.NDArray[np.bool_]) -> F64:
    """Response of bins and taps at ``frequency`` (n, k) or (1, k), for n edges."""

    def of(taps: F64) -> F64:
        j = np.arange(len(taps)) - len(taps) // 2
        return np.asarray((taps * np.cos(2 * np.pi * frequency[..., None] * j * H)).sum(axis=-1))

    taps = np.where(wide[:, None], of(TAPS_WIDE), of(TAPS_NARROW))
    return np.asarray(taps * np.sinc(frequency * H))


def _bin(
    plane: npt.NDArray[Any], fit: Fit, half_width: F64, lattice: Bayer | None, bins: int
) -> tuple[F64, F64, F64]:
    """Counts, sums and sums of squares of the residual about T in (n, bins) bins about the edge."""
    s = strip(plane, fit.lines, half_width, lattice)
    value = corrected(s, fit)
    model = cumulative_fast(s.distance / fit.sigma.astype(np.float32)[s.edge][:, None])
    model *= fit.contrast.astype(np.float32)[s.edge][:, None]
    model += fit.dark.astype(np.float32)[s.edge][:, None]
    value = value - model
    key = (s.distance * np.float32(BINS_PER_PX) + np.float32(bins // 2 + 1)).astype(np.int64)
    np.clip(key, 0, bins, out=key)
    key *= s.usable
    key += (s.edge * (bins + 1))[:, None]
    flat = key.ravel()
    size = len(half_width) * (bins + 1)
    shape = (len(half_width), bins + 1)
    count = np.bincount(flat, minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    total = np.bincount(flat, value.ravel(), minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    value *= value
    square = np.bincount(flat, value.ravel(), minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    return count, total, square


def _step_down(u: F64, start: F64, end: F64) -> F64:
    """(n, K) smooth step over |u|: 1 up to ``start`` (n,), 0 from ``end`` on."""
    x = np.clip((np.abs(u)[None, :] - start[:, None]) / np.maximum(end - start, 1e-9)[:, None], 0, 1)
    return np.asarray(1 - x * x * x * (x * (6 * x - 15) + 10))


@dataclass(frozen=True)
class _Tail:
    """Weighted normal equations of the tail: ``weighted`` (n, 4, K), ``data`` (n, 4, 4) and ``right`` (n, 4)."""

    weighted: F64
    data: F64
    right: F64

    @classmethod
    def of(cls, columns: F64, weight: F64, residual: F64) -> _Tail:
        weighted = columns * weight[:, None, :]
        return cls(
            weighted, weighted @ columns.transpose(0, 2, 1), (weighted @ residual[:, :, None])[:, :, 0]
        )

    def inverse(self, precision: F64) -> F64:
        """(n, 4, 4) inverse of the equations with the prior's ``precision`` (n, 4) added."""
        diagonal = np.arange(4)
        normal = self.data.copy()
        normal[:, diagonal, diagonal] += precision
        scale = 1.0 / np.sqrt(np.maximum(normal[:, diagonal, diagonal], 1e-30))
        inverse = np.linalg.inv(normal * scale[:, :, None] * scale[:, None, :] + 1e-10 * np.eye(4))
        return np.asarray(inverse * scale[:, :, None] * scale[:, None, :])

    def slow_term(self, precision: F64) -> tuple[F64, F64]:
        """The 1/u term's coefficient and its variance, (n,) each."""
        inverse = self.inverse(precision)
        row = inverse[:, 2, :]
        return (row * self.right).sum(axis=1), np.einsum("np,npq,nq->n", row, self.data, row)

    def plausible(self, precision: F64, most: F64, shrink: bool) -> F64:
        """``precision`` with the 1/u term's own: as wide as that is significant, none where it exceeds ``most``."""
        value, variance = self.slow_term(precision)
        out = precision.copy()
        if shrink:
            power = np.maximum(np.square(value) - 2 * variance, 1e-10)
            out[:, 2] = np.maximum(1 / power, out[:, 2])
            value, _ = self.slow_term(out)
        out[(value > most) | (value < 0), 2] = 1e12
        return out


def spread(
    plane: npt.NDArray[Any],
    fit: Fit,
    half_width: F64,
    lattice: Bayer | None,
    airy_px: float | None,
    window_px: float | None = None,
) -> Spread:
    """Bin the samples of located edges, choose each window (or take ``window_px``), fit the tails and the noise."""
    bins = 2 * int(np.ceil(half_width.max() * BINS_PER_PX))
    u: F64 = np.asarray((np.arange(bins) - bins // 2 + 0.5) * H, dtype=np.float64)
    count, total, square = _bin(plane, fit, half_width, lattice, bins)
    n = len(half_width)

    narrow_n = _convolve(count, TAPS_NARROW)
    reach = np.minimum(0.8 * half_width, np.maximum(4 * fit.sigma, 3.0))
    near = np.abs(u)[None, :] <= reach[:, None]
    wide = np.any(near & (narrow_n <= 0), axis=1)
    smooth_count = narrow_n
    if wide.any():
        smooth_count[wide] = _convolve(count[wide], TAPS_WIDE)
    # no sample in so many bins on end, and the profile between them is anybody's guess
    run = np.cumsum(np.where(near, count, 1), axis=1)
    gappy = np.any(run[:, MOST_EMPTY_BINS:] == run[:, :-MOST_EMPTY_BINS], axis=1)
    # how far samples reach on both sides: less than the half width where the picture ends
    seen = smooth_count > 0
    limit = np.minimum(
        np.where(seen & (u > 0), u, 0).max(axis=1), -np.where(seen & (u < 0), u, 0).min(axis=1)
    )
    limit = np.minimum(limit, half_width)
    lost = limit < LEAST_REACH_PX
    limit = np.maximum(limit, LEAST_REACH_PX)

    residual = total / np.maximum(count, 1)
    sigma = fit.sigma
    rise = cumulative(u[None, :] / sigma[:, None])
    columns = np.zeros((n, 4, bins))
    columns[:, 0] = 1 - rise
    columns[:, 1] = rise
    columns[:, 3] = u[None, :] * (fit.dark[:, None] + fit.contrast[:, None] * rise)
    soft = np.sqrt(np.square(sigma) + 0.01)
    too_narrow = WINDOW_END_SIGMA * soft > OUTERMOST * limit
    wanted = WINDOW_END_SIGMA * soft if window_px is None else np.maximum(WINDOW_END_SIGMA * soft, window_px)
    end = np.minimum(wanted, OUTERMOST * limit)
    inner = _step_down(u, end * (WINDOW_FLAT_SIGMA / WINDOW_END_SIGMA), end)
    floor = np.square(2e-5 * fit.contrast)
    prior_mean = np.zeros((n, 4))
    prior_sd = np.empty((n, 4))
    prior_sd[:, :2] = 1e9 * fit.contrast[:, None]
    prior_sd[:, 2] = TAIL_PRIOR_SIGMA * soft
    prior_sd[:, 3] = GRADIENT_PRIOR_PER_PX
    if airy_px is not None:
        prior_mean[:, 2] = 2 / np.pi**2 * airy_px
        prior_sd[:, 2] = 1e-6

    noise_dark, noise_light = _noise(count, total, square, u, end)
    noise_dark, noise_light = np.maximum(noise_dark, floor), np.maximum(noise_light, floor)
    variance = noise_dark[:, None] * (1 - rise) + noise_light[:, None] * rise
    window = loud = inner
    rings = _rings(u, end, OUTERMOST * limit)
    coefficient = np.zeros((n, 4))
    structure = np.zeros_like(window)
    free = 1 / np.square(prior_sd)
    tail_sigma = 0.7 * sigma
    slow, slow_bent = dawson(u[None, :] / (ROOT2 * sigma)[:, None])
    for last in (False, False, True):
        less = np.square(sigma) - np.square(tail_sigma)
        columns[:, 2] = -(fit.contrast * ROOT2 / (np.pi * sigma))[:, None] * (
            slow - (less / np.square(sigma) / 4)[:, None] * slow_bent
        )
        weight = np.power(1 - inner, TAIL_POWER) * count / (variance + count * structure)
        known = (columns * prior_mean[:, :, None]).sum(axis=1)
        tail = _Tail.of(columns, weight, residual - known)
        precision = free if airy_px is not None else tail.plausible(free, TAIL_MOST_SIGMA * soft, shrink=last)
        inverse = tail.inverse(precision)
        coefficient = np.einsum("npq,nq->np", inverse, tail.right)
        coefficient = coefficient + prior_mean
        if not last and window_px is None:
            tail_sigma = np.sqrt(
                np.maximum(np.square(sigma) - np.square(AIRY_SIGMA * coefficient[:, 2]), 0.1)
            )
            left = residual - (columns * coefficient[:, :, None]).sum(axis=1)
            window, loud = inner.copy(), inner.copy()
            structure = np.zeros_like(window)
            for number, ring in enumerate(rings):
                share, power = _significance(left, count, variance, ring)
                if number < len(rings) - 1:
                    window += ring * share[:, None]
                    loud += ring * np.sqrt(share)[:, None]
                structure += ring * (power * ring.sum(axis=1) / RING_FREEDOM)[:, None]
    window, loud = window * (smooth_count > 0), loud * (smooth_count > 0)
    # along an edge that is none, samples of one bin differ by more than noise
    misfit = np.square(total).sum(axis=1) / np.maximum(np.square(count).sum(axis=1), 1)
    scatter = _scatter(count, total, square) - (variance * np.maximum(count - 1, 0)).sum(axis=1) / np.maximum(
        np.maximum(count - 1, 0).sum(axis=1), 1
    )
    lost |= ~(np.maximum(misfit, scatter) < np.square(MOST_MISFIT * fit.contrast))
    gain = inverse @ tail.weighted
    return Spread(
        u, count, residual, variance, window, loud, smooth_count, wide, columns, gain, coefficient, sigma, tail_sigma,
        fit.contrast, fit.dark, rise, noise_dark, noise_light, too_narrow, gappy, lost,
    )  # fmt: skip


def _noise(count: F64, total: F64, square: F64, u: F64, end: F64) -> tuple[F64, F64]:
    """Variance of one sample on the dark and the light side, (n,) each: the scatter within the bins of the tails."""
    scatter = np.maximum(square - np.square(total) / np.maximum(count, 1), 0)
    freedom = np.maximum(count - 1, 0)
    out = []
    for side in (-1.0, 1.0):
        mask = (side * u)[None, :] > 0.7 * end[:, None]
        many = (freedom * mask).sum(axis=1)
        out.append(np.where(many >= 4, (scatter * mask).sum(axis=1) / np.maximum(many, 1), np.nan))
    dark, light = out
    dark, light = np.where(np.isnan(dark), light, dark), np.where(np.isnan(light), dark, light)
    everything = scatter.sum(axis=1) / np.maximum(freedom.sum(axis=1), 1)
    return np.where(np.isnan(dark), everything, dark), np.where(np.isnan(light), everything, light)


def _scatter(count: F64, total: F64, square: F64) -> F64:
    """Variance (n,) of samples about their own bin's mean, over all bins."""
    rest = np.maximum(square - np.square(total) / np.maximum(count, 1), 0).sum(axis=1)
    return np.asarray(rest / np.maximum(np.maximum(count - 1, 0).sum(axis=1), 1))


def _rings(u: F64, start: F64, last: F64) -> list[F64]:
    """Partition of the tails into rings (n, K): from ``start`` (n,) outwards, nothing beyond ``last``."""
    rings: list[F64] = []
    inner_flat, inner_end = start * (WINDOW_FLAT_SIGMA / WINDOW_END_SIGMA), start
    most = int(np.ceil(np.log(np.maximum(last / start, 1)).max() / np.log(RING_RATIO) + 1e-9))
    before = _step_down(u, inner_flat, inner_end)
    for _ in range(most):
        flat = np.minimum(inner_flat * RING_RATIO, 0.85 * last)
        end = np.minimum(inner_end * RING_RATIO, last)
        now = _step_down(u, flat, np.maximum(end, flat + 0.5))
        rings.append(np.maximum(now - before, 0))
        before, inner_flat, inner_end = np.maximum(now, before), flat, end
    rings.append(1 - before)
    return rings


def _significance(left: F64, count: F64, variance: F64, ring: F64) -> tuple[F64, F64]:
    """Share 0…1 of a ring's residual that is signal, and that signal's power, (n,) each, from cells of half a pixel."""
    group = 4
    size = left.shape[1] // group * group

    def cells(x: F64) -> F64:
        return np.asarray(x[:, :size].reshape(len(x), -1, group).sum(axis=2))

    many = cells(count)
    mean_square = np.square(cells(left * count) / np.maximum(many, 1))
    noise = np.where(many > 0, cells(variance * count) / np.maximum(many, 1), 1)
    weight = cells(ring) / group * (many > 0)
    energy = (weight * mean_square * many / noise).sum(axis=1)
    total = weight.sum(axis=1)
    slack = 2.0 * np.sqrt(2 * np.square(weight).sum(axis=1))
    share = np.clip(1 - (total + slack) / np.maximum(energy, 1e-12), 0, 1)
    return share, share * (weight * mean_square).sum(axis=1) / np.maximum(total, 1e-12)


@dataclass(frozen=True)
class Response:
    """SFR at k frequencies common to n edges, and what its covariance is made of.

    ``real, imaginary, imaginary_variance`` are (n, k). A bin's mean counts in the real part by
    ``factor`` (n, k) · ``share`` (n, K) · sin 2πfu, and through the tail's four coefficients by ``lever`` (n, k, 4).
    """

    frequency: F64
    real: F64
    imaginary: F64
    imaginary_variance: F64
    factor: F64
    share: F64
    lever: F64


def transform(s: Spread, frequency: F64) -> Response:
    """SFR of every edge at the frequencies (k,), by matrix products over the common bins."""
    f = frequency[None, :]
    omega = 2 * np.pi * f
    angle = 2 * np.pi * np.outer(s.u, frequency)
    sine, cosine = np.sin(angle), np.cos(angle)
    scale = omega * H / _response(f, s.wide)
    rise_total = (s.contrast + s.tail_fit[:, 1] - s.tail_fit[:, 0])[:, None]

    def seen(values: F64) -> F64:
        # as bins and taps see them, so that what is subtracted matches what was measured
        return s.window * _smooth(values * s.count, s.wide) / np.maximum(s.smooth_count, 1e-12)

    gauss = np.exp(-2 * np.square(np.pi * f * s.sigma[:, None]))
    less = np.square(s.sigma) - np.square(s.tail_sigma)
    slow = -s.contrast[:, None] * omega * gauss * (1 + less[:, None] / 2 * np.square(omega))
    made = np.stack([-gauss, gauss, slow, np.zeros_like(gauss)], axis=2)
    tails = np.stack([seen(s.tail_columns[:, j]) for j in range(4)], axis=1)
    shift = made - np.stack([scale * (tails[:, j] @ sine) for j in range(4)], axis=2)
    measured = seen(s.residual)
    real = s.contrast[:, None] * gauss + scale * (measured @ sine)
    real = (real + np.einsum("nkj,nj->nk", shift, s.tail_fit)) / rise_total
    rest = measured - np.einsum("njb,nj->nb", tails, s.tail_fit)
    imaginary = scale * (rest @ cosine) / rise_total

    # the taps' adjoint acts on a wave as their response, which cancels the one divided out
    share = s.loud * s.count / np.maximum(s.smooth_count, 1e-12)
    factor = omega * H / np.sinc(f * H) / rise_total
    power = np.square(share) * s.per_bin
    even = power.sum(axis=1, keepdims=True)
    twice = power @ np.cos(2 * angle)
    step = np.array([-1.0, 1.0, 0.0, 0.0])
    lever = (shift - real[:, :, None] * step) / rise_total[:, :, None]
    imaginary_variance = np.square(factor) * (even + twice) / 2
    return Response(frequency, real, imaginary, imaginary_variance, factor, share, lever)


def variance(s: Spread, r: Response) -> F64:
    """(n, k) variance of the real part."""
    power = np.square(r.share) * s.per_bin
    angle = 2 * np.pi * np.outer(s.u, r.frequency)
    own = np.square(r.factor) * (power.sum(axis=1, keepdims=True) - power @ np.cos(2 * angle)) / 2
    cross = _cross(s, r, np.sin(angle))
    tail = r.lever @ _tail_covariance(s)
    return np.asarray(own + ((2 * cross + tail) * r.lever).sum(axis=2))


def covariance(s: Spread, r: Response) -> F64:
    """(n, k, k) covariance of the real part between frequencies."""
    power = np.square(r.share) * s.per_bin
    total = r.frequency[:, None] + r.frequency[None, :]
    apart = np.abs(r.frequency[:, None] - r.frequency[None, :])
    # sin a sin b = (cos(a − b) − cos(a + b)) / 2: on an even grid only 2k cosines are needed
    which, place = np.unique(np.round(np.stack([apart, total]), 12), return_inverse=True)
    waves = power @ np.cos(2 * np.pi * np.outer(s.u, which))
    place = place.reshape(2, *total.shape)
    own = (waves[:, place[0]] - waves[:, place[1]]) / 2 * r.factor[:, :, None] * r.factor[:, None, :]
    cross = _cross(s, r, np.sin(2 * np.pi * np.outer(s.u, r.frequency))) @ r.lever.transpose(0, 2, 1)
    tail = r.lever @ _tail_covariance(s) @ r.lever.transpose(0, 2, 1)
    return np.asarray(own + cross + cross.transpose(0, 2, 1) + tail)


def _cross(s: Spread, r: Response, sine: F64) -> F64:
    """(n, k, 4) covariance of the windowed transform with the tail's coefficients."""
    mixed = s.per_bin * r.share
    return np.stack([r.factor * ((mixed * s.tail_gain[:, j]) @ sine) for j in range(4)], axis=2)


def _tail_covariance(s: Spread) -> F64:
    return np.asarray((s.tail_gain * s.per_bin[:, None, :]) @ s.tail_gain.transpose(0, 2, 1))


def position(s: Spread, lines_length: F64) -> tuple[F64, F64, F64, F64]:
    """What is left to correct of the offset, and the variances of offset (px²), slope (rad²) and bend (px⁻²).

    The correction takes out the light's gradient across the edge, which the fit did not know; the variances are
    those of the fit to pixels, in sandwich form on the bins.
    """
    z = s.u[None, :] / s.sigma[:, None]
    phi = density(z)
    core = np.abs(z) <= 3.0 + 1.0 / s.sigma[:, None]
    weight = core * s.count
    unit = (s.contrast / s.sigma)[:, None]
    jac = np.stack([np.ones_like(phi), s.rise, unit * phi * z, unit * phi], axis=1)
    # a bent edge's offset shares nothing with levels and width but through the offset itself
    normal = (jac * weight[:, None, :]) @ jac.transpose(0, 2, 1)
    middle = (jac * (weight * s.variance)[:, None, :]) @ jac.transpose(0, 2, 1)
    scale = 1.0 / np.sqrt(np.maximum(np.einsum("npp->np", normal), 1e-30))
    inverse = np.linalg.inv(normal * scale[:, :, None] * scale[:, None, :] + 1e-10 * np.eye(4))
    inverse *= scale[:, :, None] * scale[:, None, :]
    straight = (inverse @ middle @ inverse)[:, 3, 3]
    left = s.residual - s.tail_fit[:, 3:] * s.tail_columns[:, 3]
    correction = -np.einsum("np,np->n", inverse[:, 3, :], (jac @ (weight * left)[:, :, None])[:, :, 0])
    # along the edge: [1, t, t²] on a uniform length, the bend held by its prior
    half = lines_length / 2
    bend_free = straight * 45 / 4 / half**4
    share = BEND_PRIOR_PER_PX**2 / (BEND_PRIOR_PER_PX**2 + bend_free)
    offset = straight * (1 + 5 / 4 * share)
    return correction, offset, straight * 3 / np.square(half), bend_free * share
