"""Edge spread functions of many planned strips at once, fast enough for a live picture.

Which pixels lie at which distance from which edge is worked out once per plan; a frame then costs one gather and a
few sums. Green pixels of the full-resolution mosaic only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.arrays import Array, Mask
from appliance.chart.segments import SegmentPlan
from appliance.frame import Bayer, Frame, green_column

FEWEST_PER_BIN = 3
LEVEL_BINS = 4
"""Bins at either end of a strip that give its dark and light levels."""
LEAST_CONTRAST = 0.08
"""Difference of light to dark, as a share of the range, below which a strip holds no edge."""


@dataclass(frozen=True)
class Strips:
    """Pixels of n strips: flat index into the plane, bin (strip × bins of 1 px), and which of two halves."""

    pixel: npt.NDArray[np.int64]
    bin: npt.NDArray[np.int64]
    count: Array
    """(2, n, bins) pixels of each half per bin."""
    distance_px: Array
    """(bins,) signed distance of each bin from the predicted edge, > 0 on the light side."""

    @classmethod
    def of(cls, plan: SegmentPlan, shape: tuple[int, int], bayer: Bayer | None) -> Strips:
        """Work out the pixels of a plan in a plane of ``shape`` (height, width)."""
        reach = int(np.ceil(plan.half_width_px.max()))
        bins = 2 * reach + 1
        pixels, numbers = [], []
        for k, (x1, y1, x2, y2) in enumerate(plan.px):
            flat, distance, row = _strip(x1, y1, x2, y2, float(plan.half_width_px[k]), shape, bayer)
            half = (row // 2) % 2
            numbers.append((half * len(plan) + k) * bins + np.rint(distance).astype(int) + reach)
            pixels.append(flat)
        number = np.concatenate(numbers)
        count = np.bincount(number, minlength=2 * len(plan) * bins).astype(float)
        return cls(
            np.concatenate(pixels),
            number,
            count.reshape(2, len(plan), bins),
            np.arange(-reach, reach + 1, dtype=float),
        )

    def spread(self, frame: Frame) -> Array:
        """(2, n, bins) mean light per bin in the two halves of each strip, 0 … 1; NaN where pixels are few."""
        values = frame.plane.reshape(-1)[self.pixel].astype(float)
        total = np.bincount(self.bin, values, minlength=self.count.size).reshape(self.count.shape)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = np.where(self.count >= FEWEST_PER_BIN, total / self.count, np.nan)
        return (mean - frame.black) / (frame.white - frame.black)


def _strip(
    x1: float, y1: float, x2: float, y2: float, half: float, shape: tuple[int, int], bayer: Bayer | None
) -> tuple[npt.NDArray[np.int64], Array, npt.NDArray[np.int64]]:
    """Flat indices, signed distances and rows of the green pixels within ``half`` px of an edge piece."""
    height, width = shape
    left, right = int(max(min(x1, x2) - half, 0)), int(min(max(x1, x2) + half + 1, width))
    top, bottom = int(max(min(y1, y2) - half, 0)), int(min(max(y1, y2) + half + 1, height))
    y, x = np.mgrid[top:bottom, left:right]
    length = max(float(np.hypot(x2 - x1, y2 - y1)), 1e-9)
    ux, uy = (x2 - x1) / length, (y2 - y1) / length
    along = (x - x1) * ux + (y - y1) * uy
    distance = (x - x1) * uy - (y - y1) * ux  # dark lies on the right hand, y down: light side positive
    inside = (np.abs(distance) <= half) & (along >= 0) & (along <= length)
    if bayer is not None:
        inside &= (x + y) % 2 == green_column(bayer)
    return (y * width + x)[inside], distance[inside], y[inside]


@dataclass(frozen=True)
class Sharpness:
    """Per strip: reciprocal edge width in 1/px (1 for an edge within a pixel, 1/(2 √π σ) for a Gaussian blur σ),
    the edge's offset from the plan in px, and whether there was an edge at all."""

    per_px: Array
    offset_px: Array
    found: Mask


def sharpness(spread: Array, distance_px: Array) -> Sharpness:
    """Reciprocal edge widths ∫ LSF² / C² of spread functions (2, n, bins).

    The product of the slopes of the two halves has no noise bias: their noise is independent.
    """
    known = np.asarray(~np.isnan(spread).any(axis=0), np.bool_)
    mean = np.where(known, spread.mean(axis=0), 0.0)
    order = np.cumsum(known, axis=1)
    levels = [
        (mean * end).sum(axis=1) / np.maximum(end.sum(axis=1), 1)
        for end in (known & (order <= LEVEL_BINS), known & (order > order[:, -1:] - LEVEL_BINS))
    ]
    dark, light = np.minimum(*levels), np.maximum(*levels)
    contrast = light - dark
    slopes = np.nan_to_num(np.diff(spread, axis=2))
    scale = np.maximum(contrast, 1e-6) ** 2
    per_px = (slopes[0] * slopes[1]).sum(axis=1) / scale
    middle = (distance_px[1:] + distance_px[:-1]) / 2
    weight = np.abs(np.diff(mean, axis=1)) * (known[:, 1:] & known[:, :-1])
    weight = np.where(weight > 0.15 * weight.max(axis=1, keepdims=True), weight, 0.0)
    offset = (weight * middle).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-9)
    return Sharpness(np.clip(per_px, 1e-4, 1.0), offset, np.asarray(contrast > LEAST_CONTRAST) & (per_px > 0))
