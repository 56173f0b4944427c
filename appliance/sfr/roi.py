"""One edge somewhere in a region of interest: find it, then measure it like any predicted edge."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from appliance.errors import UsageError
from appliance.frame import Bayer
from appliance.sfr._gaussian import F32, F64
from appliance.sfr._pixels import GREEN_PARITY
from appliance.sfr.batch import EdgeSfr
from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, measure_edges

Roi = tuple[int, int, int, int]
MIN_SIDE_PX = 12
MAX_HALF_WIDTH_PX = 160.0


def measure_roi(
    plane: npt.NDArray[Any],
    roi: Roi | None = None,
    *,
    lattice: Bayer | None = None,
    frequency_cpp: npt.ArrayLike = DEFAULT_FREQUENCY_CPP,
    white: float | None = None,
    airy_px: float | None = None,
) -> EdgeSfr:
    """Find the one slanted edge in a region and measure its SFR.

    Parameters
    ----------
    plane:
        (h, w) picture, linear in light with black at 0; :func:`appliance.sfr.linear_grey` makes one from a file.
    roi:
        x, y, width, height in whole pixels; None measures the whole picture. It should hold one edge only, in any
        direction between about 3° and 42° from the rows and columns.
    lattice, frequency_cpp, white, airy_px:
        As for :func:`appliance.sfr.measure_edges`; ``lattice`` is the colour order at the picture's (not the region's)
        top left corner.

    Returns
    -------
    EdgeSfr
        Offset, bend and angle refer to the line first found in the region; ``middle_px`` and ``angle_deg`` say where
        the edge lies in the picture. ``measured`` is False and ``reason`` is set where there is no edge to measure.

    Raises
    ------
    UsageError
        If the region is not inside the picture or smaller than 12 × 12 px.
    """
    height, width = plane.shape
    x, y, w, h = roi if roi is not None else (0, 0, width, height)
    if x < 0 or y < 0 or x + w > width or y + h > height:
        raise UsageError(
            f"The region {x},{y},{w},{h} reaches outside the picture of {width} × {height} px; "
            "give x,y,width,height inside it."
        )
    if min(w, h) < MIN_SIDE_PX:
        raise UsageError(
            f"The region of {w} × {h} px is too small; at least {MIN_SIDE_PX} × {MIN_SIDE_PX} px are needed."
        )
    # the crop starts on the mosaic's own 2 × 2 lattice, so the region may grow by a pixel there
    x0, y0 = (x - x % 2, y - y % 2) if lattice is not None else (x, y)
    part = np.ascontiguousarray(plane[y0 : y + h, x0 : x + w])
    segment, half_width = _find(_even(part, lattice))
    batch = measure_edges(
        part,
        segment[None, :],
        half_width,
        lattice=lattice,
        frequency_cpp=frequency_cpp,
        white=white,
        airy_px=airy_px,
    )
    return batch.edge(0, origin_px=(float(x0), float(y0)))


def _even(part: npt.NDArray[Any], lattice: Bayer | None) -> F32:
    """The region smoothed by a small Gaussian, of a mosaic's green sites only."""
    values = part.astype(np.float32)
    if lattice is None:
        return np.asarray(cv2.GaussianBlur(values, (0, 0), 1.2), dtype=np.float32)
    site = np.arange(part.shape[0])[:, None] + np.arange(part.shape[1])[None, :]
    green = (site % 2 == GREEN_PARITY[lattice]).astype(np.float32)
    return np.asarray(
        cv2.GaussianBlur(values * green, (0, 0), 1.5) / cv2.GaussianBlur(green, (0, 0), 1.5), dtype=np.float32
    )


def _find(smooth: F32) -> tuple[F64, float]:
    """End points (4,) of the region's edge where it meets the border, and how far the region reaches beside it.

    The line through the strongest gradients, weighed by their squares, and again by those near it.
    """
    height, width = smooth.shape
    gx = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32
    gy = cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    gx[[0, -1], :] = gy[[0, -1], :] = 0
    gx[:, [0, -1]] = gy[:, [0, -1]] = 0
    power = (gx * gx + gy * gy).astype(np.float64)
    ys, xs = np.mgrid[:height, :width].astype(np.float64)
    xx, yy, xy = (float((a * b).sum(dtype=np.float64)) for a, b in ((gx, gx), (gy, gy), (gx, gy)))
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    normal = np.array([np.cos(angle), np.sin(angle)])
    # only gradients that point across the edge belong to it
    across = np.square(gx * normal[0] + gy * normal[1]).astype(np.float64)
    weight = np.where(across > 0.5 * power, across, 0)
    weight[weight < 0.05 * weight.max()] = 0
    middle, normal = _settled(xs, ys, weight, normal, 0.5 * float(np.hypot(width, height)))
    return _within(middle, normal, width, height)


def _settled(xs: F64, ys: F64, weight: F64, normal: F64, scale: float) -> tuple[F64, F64]:
    """Middle and normal (2,) of the line through weights (h, w), those farther off than ``scale`` px counting little.

    The scale shrinks to what the line's own weights show.
    """
    middle = _middle(xs, ys, weight)
    for _ in range(12):
        distance = (xs - middle[0]) * normal[0] + (ys - middle[1]) * normal[1]
        near = weight * np.exp(-0.5 * np.square(distance / scale))
        total = near.sum()
        if total <= 0:
            break
        middle = _middle(xs, ys, near)
        dx, dy = xs - middle[0], ys - middle[1]
        a, b, c = (float((near * p).sum() / total) for p in (dx * dx, dy * dy, dx * dy))
        angle = 0.5 * np.arctan2(2 * c, a - b) + np.pi / 2
        turned = np.array([np.cos(angle), np.sin(angle)])
        if abs(turned @ normal) < 0.8:
            break
        normal = turned * np.sign(turned @ normal)
        rms = np.sqrt(float((near * np.square(dx * normal[0] + dy * normal[1])).sum() / total))
        scale = max(0.7 * scale, 2.5 * rms, 2.0)
    return middle, normal


def _within(middle: F64, normal: F64, width: int, height: int) -> tuple[F64, float]:
    """Where a line meets the border of a region, and how far that reaches beside it, px."""
    along = np.array([-normal[1], normal[0]])
    low, high = -np.inf, np.inf
    for position, step, size in zip(middle, along, (width, height), strict=True):
        if abs(step) > 1e-9:
            ends = sorted(((-0.49 - position) / step, (size - 0.51 - position) / step))
            low, high = max(low, ends[0]), min(high, ends[1])
    if not np.isfinite(low + high):
        low = high = 0.0
    ends_px = np.concatenate([middle + low * along, middle + high * along])
    centre = middle + (low + high) / 2 * along
    sides = []
    for sign in (-1, 1):
        room = [
            ((size - 0.5 if sign * step > 0 else -0.5) - position) / (sign * step)
            for position, step, size in zip(centre, normal, (width, height), strict=True)
            if abs(step) > 1e-9
        ]
        sides.append(min(room))
    return ends_px, float(np.clip(max(sides), 4.0, MAX_HALF_WIDTH_PX))


def _middle(xs: F64, ys: F64, weight: F64) -> F64:
    total = max(float(weight.sum()), 1e-300)
    return np.array([float((xs * weight).sum()) / total, float((ys * weight).sum()) / total])
