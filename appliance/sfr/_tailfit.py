"""The fit of a tail model to what lies outside an edge's window, and the windows that follow from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from appliance.sfr._bins import Bins
from appliance.sfr._gaussian import F64, dawson
from appliance.sfr._tails import RING_FREEDOM, Rings, Tail

ROOT2 = float(np.sqrt(2))
GRADIENT_PRIOR_PER_PX = 1e-3
"""Standard deviation expected of the light's relative change per px across an edge."""
TAIL_POWER = 3
"""Power of (1 − window) that weighs the tail's samples: keeps the core's misfit out of them."""
AIRY_SIGMA = 2.3
"""Width of an Airy pattern's normal fit in units of its 1/u term."""
MAX_TAIL_SIGMA = 0.6
"""A larger 1/u term than an aperture can make is halo, and is left to the window."""
TAIL_PRIOR_SIGMA = 0.3
"""A diffraction-limited lens has a 1/u term of 0.43 σ, a blurred one less."""


@dataclass
class TailFit:
    """The tails of n edges: their model's columns, and the state of its fit while window and tail settle."""

    bins: Bins
    mean: F64
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
    slow: tuple[F64, F64]
    outer_count: F64

    @classmethod
    def of(
        cls, bins: Bins, sigma: F64, dark: F64, contrast: F64, rise: F64, variance: F64, inner: F64,
        airy_px: float | None,
    ) -> TailFit:  # fmt: skip
        """The fit before its first round; the 1/u term is filled in by :meth:`solve`."""
        soft = np.sqrt(np.square(sigma) + 0.01)
        columns = np.zeros((len(sigma), 4, len(bins.u)))
        columns[:, 0], columns[:, 1] = 1 - rise, rise
        columns[:, 3] = bins.u[None, :] * (dark[:, None] + contrast[:, None] * rise)
        ahead = dawson(bins.u[None, len(bins.u) // 2 :] / (ROOT2 * sigma)[:, None])
        slow, slow_bent = (np.concatenate([-x[:, ::-1], x], axis=1) for x in ahead)
        outer = 1 - inner
        return cls(
            bins, bins.mean, sigma, contrast, variance, inner, columns, *_tail_priors(contrast, soft, airy_px),
            soft, 0.7 * sigma, np.zeros_like(inner), (slow, slow_bent), outer**TAIL_POWER * bins.count,
        )  # fmt: skip

    def solve(self, airy_known: bool, shrink: bool) -> tuple[F64, Tail, F64]:
        """Coefficients (n, 4), the equations they solve, and what (n, 4, 4) turns their right side into those."""
        slow, slow_bent = self.slow
        less = np.square(self.sigma) - np.square(self.tail_sigma)
        self.columns[:, 2] = -(self.contrast * ROOT2 / (np.pi * self.sigma))[:, None] * (
            slow - (less / np.square(self.sigma) / 4)[:, None] * slow_bent
        )
        weight = self.outer_count / (self.variance + self.bins.count * self.structure)
        known = self.columns[:, 2] * self.prior_mean[:, 2:3]
        tail = Tail.of(self.columns, weight, self.mean - known)
        most = MAX_TAIL_SIGMA * self.soft
        precision = self.free if airy_known else tail.plausible(self.free, most, shrink)
        inverse = tail.inverse(precision)
        coefficient = np.einsum("npq,nq->np", inverse, tail.right) + self.prior_mean
        if airy_known:
            coefficient, inverse = self._scaled(coefficient, inverse, tail)
        return coefficient, tail, inverse

    def _scaled(self, coefficient: F64, inverse: F64, tail: Tail) -> tuple[F64, F64]:
        """The fit whose 1/u term goes with the contrast that the levels leave, not with the first guess of it.

        A normal curve fitted to a profile with slow tails misses a tenth of the contrast, and so would the tails.
        """
        known = self.prior_mean[:, 2]
        others = -np.einsum("npq,nq->np", inverse, tail.data[:, :, 2])
        others[:, 2] = 1
        rise, by_rise = coefficient[:, 1] - coefficient[:, 0], inverse[:, 1] - inverse[:, 0]
        share = known / (self.contrast - known * (others[:, 1] - others[:, 0]))
        coefficient = coefficient + others * (share * rise)[:, None]
        return coefficient, inverse + others[:, :, None] * (share[:, None] * by_rise)[:, None, :]

    def grow(self, coefficient: F64, rings: Rings) -> tuple[F64, F64]:
        """The windows (n, K) that follow the data; remembers what structure the tail's samples hold."""
        self.tail_sigma = np.sqrt(
            np.maximum(np.square(self.sigma) - np.square(AIRY_SIGMA * coefficient[:, 2]), 0.1)
        )
        left = self.mean - (coefficient[:, None, :] @ self.columns)[:, 0]
        share, power = rings.significance(left, self.bins.count, self.variance)
        window, loud = share.copy(), np.sqrt(share)
        window[:, -1] = loud[:, -1] = 0
        made = np.stack([window, loud, power * rings.size / RING_FREEDOM], axis=1) @ rings.share
        self.structure = made[:, 2]
        return self.inner + made[:, 0], self.inner + made[:, 1]


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
