"""The SFR of binned edges at any frequencies, with its variances, and where the edges lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.robust import scaled_inverse
from appliance.sfr._bins import H, response
from appliance.sfr._esf import Esf
from appliance.sfr._gaussian import F64, density
from appliance.sfr._locate import BEND_PRIOR_PER_PX


@dataclass(frozen=True)
class Response:
    """SFR at k frequencies common to n edges, and what its covariance is made of.

    ``real, imaginary`` and their variances by the noise of the windowed bins alone are (n, k). A bin's mean counts in
    the real part by ``factor`` (n, k) · ``Esf.share`` (n, K) · sin 2πfu, and through the tail's four coefficients
    by ``lever`` (n, k, 4); ``cross`` (n, k, 4) is the covariance of the two.
    """

    frequency: F64
    real: F64
    imaginary: F64
    real_variance: F64
    imaginary_variance: F64
    factor: F64
    lever: F64
    cross: F64


def transform(s: Esf, frequency: F64) -> Response:
    """SFR of every edge at the frequencies (k,), by matrix products over the common bins."""
    n, k = len(s.sigma), len(frequency)
    f = frequency[None, :]
    omega = 2 * np.pi * f
    angle = 2 * np.pi * np.outer(s.u, frequency)
    sine, cosine = np.sin(angle), np.cos(angle)
    scale = omega * H / response(f, s.wide)
    rise_total = s.rise_total[:, None]

    gauss = np.exp(-2 * np.square(np.pi * f * s.sigma[:, None]))
    cut = (s.seen_columns.reshape(4 * n, -1) @ sine).reshape(n, 4, k).transpose(0, 2, 1)
    shift = _tail_shift(s, omega, gauss) - scale[:, :, None] * cut
    real = s.contrast[:, None] * gauss + scale * (s.seen_residual @ sine)
    real = (real + np.einsum("nkj,nj->nk", shift, s.tail_fit)) / rise_total
    rest = s.seen_residual - (s.tail_fit[:, None, :] @ s.seen_columns)[:, 0]
    imaginary = scale * (rest @ cosine) / rise_total

    # the taps' adjoint acts on a wave as their response, which cancels the one divided out
    factor = omega * H / np.sinc(f * H) / rise_total
    even, twice = s.power.sum(axis=1, keepdims=True), s.power @ np.cos(2 * angle)
    half = np.square(factor) / 2
    step = np.array([-1.0, 1.0, 0.0, 0.0])
    lever = (shift - real[:, :, None] * step) / rise_total[:, :, None]
    cross = factor[:, :, None] * (s.mixed.reshape(4 * n, -1) @ sine).reshape(n, 4, k).transpose(0, 2, 1)
    return Response(
        frequency, real, imaginary, half * (even - twice), half * (even + twice), factor, lever, cross
    )


def _tail_shift(s: Esf, omega: F64, gauss: F64) -> F64:
    """(n, k, 4) what each of the tail's coefficients adds to the real part at ω (1, k), window and rise left out."""
    less = np.square(s.sigma) - np.square(s.tail_sigma)
    slow = -s.contrast[:, None] * omega * gauss * (1 + less[:, None] / 2 * np.square(omega))
    return np.stack([-gauss, gauss, slow, np.zeros_like(gauss)], axis=2)


def variance(s: Esf, r: Response) -> F64:
    """(n, k) variance of the real part."""
    tail = r.lever @ s.tail_covariance
    return np.asarray(r.real_variance + ((2 * r.cross + tail) * r.lever).sum(axis=2))


def covariance(s: Esf, r: Response) -> F64:
    """(n, k, k) covariance of the real part between frequencies."""
    total = r.frequency[:, None] + r.frequency[None, :]
    apart = np.abs(r.frequency[:, None] - r.frequency[None, :])
    # sin a sin b = (cos(a − b) − cos(a + b)) / 2: on an even grid only 2k cosines are needed
    which, place = np.unique(np.round(np.stack([apart, total]), 12), return_inverse=True)
    waves = s.power @ np.cos(2 * np.pi * np.outer(s.u, which))
    place = place.reshape(2, *total.shape)
    own = (waves[:, place[0]] - waves[:, place[1]]) / 2 * r.factor[:, :, None] * r.factor[:, None, :]
    back = r.lever.transpose(0, 2, 1)
    cross = r.cross @ back
    return np.asarray(own + cross + cross.transpose(0, 2, 1) + r.lever @ s.tail_covariance @ back)


def position(s: Esf, lines_length: F64) -> tuple[F64, F64, F64, F64]:
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
    inverse = scaled_inverse(normal)
    straight = (inverse @ middle @ inverse)[:, 3, 3]
    left = s.residual - s.tail_fit[:, 3:] * s.tail_columns[:, 3]
    correction = -np.einsum("np,np->n", inverse[:, 3, :], (jac @ (weight * left)[:, :, None])[:, :, 0])
    # along the edge: [1, t, t²] on a uniform length, the bend held by its prior
    half = lines_length / 2
    bend_free = straight * 45 / 4 / half**4
    share = BEND_PRIOR_PER_PX**2 / (BEND_PRIOR_PER_PX**2 + bend_free)
    offset = straight * (1 + 5 / 4 * share)
    return correction, offset, straight * 3 / np.square(half), bend_free * share


def signed_modulus(r: Response) -> F64:
    """Modulus with the real part's sign; an imaginary part within its noise counts as none (noise bias)."""
    power = np.square(r.imaginary)
    power = np.where(power > 9 * r.imaginary_variance, power - r.imaginary_variance, 0)
    return np.asarray(np.where(r.real < 0, -1.0, 1.0) * np.sqrt(np.square(r.real) + power))
