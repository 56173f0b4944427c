"""The samples about located edges in fine bins, and what smoothing those bins does to a wave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from appliance.frame import Bayer
from appliance.sfr._gaussian import F64, cumulative_fast
from appliance.sfr._locate import Fit, corrected
from appliance.sfr._pixels import strip

BINS_PER_PX = 8
H = 1.0 / BINS_PER_PX
TAPS_NARROW = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9
TAPS_WIDE = np.concatenate([np.arange(1.0, 7.0), np.arange(5.0, 0.0, -1.0)]) / 36


@dataclass(frozen=True)
class Bins:
    """Residuals about the model T of n edges in K bins centred at ``u`` (K,) px from the edge.

    ``count, total, square`` (n, K): number, sum and sum of squares of the samples' residuals.
    """

    u: F64
    count: F64
    total: F64
    square: F64

    @property
    def mean(self) -> F64:
        """(n, K) mean residual; 0 where there is no sample."""
        return np.asarray(self.total / np.maximum(self.count, 1))

    @property
    def scatter(self) -> F64:
        """(n, K) sum of squares of the samples about their own bin's mean."""
        return np.asarray(np.maximum(self.square - np.square(self.total) / np.maximum(self.count, 1), 0))


def grid(half_width: F64) -> F64:
    """(K,) centres of the bins that hold the widest of the strips."""
    bins = 2 * int(np.ceil(half_width.max() * BINS_PER_PX))
    return np.asarray((np.arange(bins) - bins // 2 + 0.5) * H, dtype=np.float64)


def bin_samples(plane: npt.NDArray[Any], fit: Fit, half_width: F64, lattice: Bayer | None) -> Bins:
    """Bin the residuals about T of all samples within ``half_width`` (n,) px of the edges."""
    u = grid(half_width)
    bins = len(u)
    s = strip(plane, fit.lines, half_width, lattice)
    value = corrected(s, fit)
    model = cumulative_fast(s.distance / fit.sigma.astype(np.float32)[s.edge][:, None])
    model *= fit.contrast.astype(np.float32)[s.edge][:, None]
    model += fit.dark.astype(np.float32)[s.edge][:, None]
    value -= model
    place = s.distance * np.float32(BINS_PER_PX)
    place += np.float32(bins // 2 + 1)
    np.clip(place, 0, bins, out=place)
    place *= s.usable
    key = place.astype(np.int64)
    key += (s.edge * (bins + 1))[:, None]
    flat = key.ravel()
    size = len(half_width) * (bins + 1)
    shape = (len(half_width), bins + 1)
    count = np.bincount(flat, minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    total = np.bincount(flat, value.ravel(), minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    value *= value
    square = np.bincount(flat, value.ravel(), minlength=size).reshape(shape)[:, 1:].astype(np.float64)
    return Bins(u, count, total, square)


def convolve(values: F64, taps: F64) -> F64:
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


def smooth(values: F64, wide: npt.NDArray[np.bool_]) -> F64:
    """Smooth (n, K) by the narrow taps, or the wide ones where ``wide``."""
    out = convolve(values, TAPS_NARROW)
    if wide.any():
        out[wide] = convolve(values[wide], TAPS_WIDE)
    return out


def response(frequency: F64, wide: npt.NDArray[np.bool_]) -> F64:
    """Response of bins and taps at ``frequency`` (n, k) or (1, k), for n edges."""

    def of(taps: F64) -> F64:
        j = np.arange(len(taps)) - len(taps) // 2
        return np.asarray((taps * np.cos(2 * np.pi * frequency[..., None] * j * H)).sum(axis=-1))

    taps = np.where(wide[:, None], of(TAPS_WIDE), of(TAPS_NARROW))
    return np.asarray(taps * np.sinc(frequency * H))
