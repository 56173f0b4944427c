"""The SFR of binned edges at any frequencies, with its variances, and where the edges lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.sfr._bins import H, response, smooth
from appliance.sfr._locate import BEND_PRIOR_PER_PX
from appliance.sfr._normal import F64, density
from appliance.sfr._spread import Spread


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
    scale = omega * H / response(f, s.wide)
    rise_total = s.rise_total[:, None]

    shift = tail_shift(s, frequency)
    measured = _seen(s, s.residual)
    real = s.contrast[:, None] * _gauss(s, f) + scale * (measured @ sine)
    real = (real + np.einsum("nkj,nj->nk", shift, s.tail_fit)) / rise_total
    rest = measured - _seen(s, np.einsum("njb,nj->nb", s.tail_columns, s.tail_fit))
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


def _seen(s: Spread, values: F64) -> F64:
    """(n, K) as bins and taps see them, so that what is subtracted matches what was measured."""
    return s.window * smooth(values * s.count, s.wide) / np.maximum(s.smooth_count, 1e-12)


def _gauss(s: Spread, f: F64) -> F64:
    """(n, k) response of the model T."""
    return np.asarray(np.exp(-2 * np.square(np.pi * f * s.sigma[:, None])))


def tail_shift(s: Spread, frequency: F64) -> F64:
    """(n, k, 4) what each of the tail's coefficients adds to the real part, before it is divided by the rise."""
    f = frequency[None, :]
    omega = 2 * np.pi * f
    sine = np.sin(2 * np.pi * np.outer(s.u, frequency))
    scale = omega * H / response(f, s.wide)
    gauss = _gauss(s, f)
    less = np.square(s.sigma) - np.square(s.tail_sigma)
    slow = -s.contrast[:, None] * omega * gauss * (1 + less[:, None] / 2 * np.square(omega))
    made = np.stack([-gauss, gauss, slow, np.zeros_like(gauss)], axis=2)
    cut = [scale * (_seen(s, s.tail_columns[:, j]) @ sine) for j in range(4)]
    return np.asarray(made - np.stack(cut, axis=2))


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
