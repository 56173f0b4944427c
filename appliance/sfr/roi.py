"""One edge somewhere in a region of interest: find it, then measure it like any predicted edge."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from appliance.arrays import Mask
from appliance.errors import UsageError
from appliance.frame import Bayer
from appliance.sfr._gaussian import F32, F64
from appliance.sfr._pixels import GREEN_PARITY
from appliance.sfr._region import (
    ROUNDS,
    Line,
    nearest_other_step,
    profile_of,
    same_slices,
    strangers,
    strongest_line,
    with_fit,
)
from appliance.sfr.batch import LOW_CONTRAST, NOT_AN_EDGE, OK, PART_LEFT_OUT, EdgeBatch, EdgeSfr
from appliance.sfr.measure import DEFAULT_FREQUENCY_CPP, measure_edges

Roi = tuple[int, int, int, int]
MIN_SIDE_PX = 12
MAX_HALF_WIDTH_PX = 160.0
COMPARED_PX = 24.0
"""Slices along the edge are compared within this distance of it."""
MIN_SHARE = 0.3
"""Part of the edge's length that must be clear of all else; with less, nobody knows which edge is meant."""
MIN_CLEAR_SPREADS = 5.0
"""Half widths, in standard deviations of the blur, that a measurement needs (:func:`measure_edges`)."""
MIN_LEFT_OUT = 0.02
"""Part of the pixels beside the edge that may be left out without a word; a hot pixel is no news."""
MIN_PIECE_PX, MAX_PIECES = 16.0, 8
"""Pieces along the edge that are compared: shorter ones are not measured well, more say no more."""
UNUSUAL_SD = 4.0
"""Standard deviations of Birge's ratio beyond which the pieces differ by more than chance."""


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
        x, y, width, height in whole pixels; None measures the whole picture. Its strongest edge is measured, in any
        direction between about 3° and 42° from the rows and columns; what else lies there is left out.
    lattice, frequency_cpp, white, airy_px:
        As for :func:`appliance.sfr.measure_edges`; ``lattice`` is the colour order at the picture's (not the region's)
        top left corner.

    Returns
    -------
    EdgeSfr
        Offset, bend and angle refer to the line first found in the region; ``middle_px`` and ``angle_deg`` say where
        the edge lies in the picture. ``measured`` is False and ``reason`` is set where there is no edge to measure, or
        none that stands out from others; with ``LEFT_OUT`` it is measured without the pixels that show something else.
        Where pieces of the edge differ by more than noise explains, the standard deviations are wider by that.

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
    part = np.array(plane[y0 : y + h, x0 : x + w], dtype=np.float32)
    found = _one_edge(part, lattice)
    part[~found.kept] = np.nan
    segments = np.concatenate([found.segment[None, :], found.pieces])
    batch = measure_edges(
        part,
        segments,
        found.half_width_px,
        lattice=lattice,
        frequency_cpp=frequency_cpp,
        white=white,
        airy_px=airy_px,
    )
    edge = batch.edge(0, origin_px=(float(x0), float(y0)))
    if found.reason:
        return _refused(edge, found.reason)
    return _judged(edge, batch, found)


@dataclass(frozen=True)
class _Found:
    """A region's edge: end points (4,), those of m pieces of it (m, 4), and the pixels (h, w) that show it.

    ``left_out`` is the share of the pixels beside the edge that show something else, ``reason`` why none can be
    measured.
    """

    segment: F64
    pieces: F64
    half_width_px: float
    kept: Mask
    left_out: float = 0.0
    reason: str = OK


def _one_edge(part: F32, lattice: Bayer | None) -> _Found:
    """The one edge of a region (h, w), and which pixels to leave out of its measurement."""
    height, width = part.shape
    ys, xs = np.mgrid[:height, :width].astype(np.float64)
    sites = np.isfinite(part)
    if lattice is not None:
        sites &= (xs + ys) % 2 == GREEN_PARITY[lattice]
    everything = np.ones(part.shape, np.bool_)
    line = strongest_line(*_gradients(_even(part, lattice)))
    if line is None:
        return _Found(np.zeros(4), np.empty((0, 4)), 4.0, everything, reason=LOW_CONTRAST)
    values = part[sites].astype(np.float64)
    segment, half_width = _within(line.middle, line.normal, width, height)
    along, across = line.along_and_across(xs[sites], ys[sites])
    kept = everything.copy()
    kept[sites] = same_slices(values, along, across, min(half_width, COMPARED_PX))
    other = None
    for _ in range(ROUNDS):
        line = _fitted(part, kept, line, lattice)
        along, across = line.along_and_across(xs[sites], ys[sites])
        segment, half_width = _within(line.middle, line.normal, width, height)
        profile = profile_of(values, across, kept[sites], half_width)
        if profile is None:
            break
        marked, spread = strangers(values, along, across, kept[sites], profile, part.shape, sites)
        other = nearest_other_step(profile, spread)
        line = replace(line, spread_px=spread)
        before, kept = kept, ~marked
        if np.array_equal(before, kept):
            break
    return _as_found(line, segment, half_width, kept, sites, other)


def _as_found(
    line: Line, segment: F64, half_width: float, kept: Mask, sites: Mask, other_px: float | None
) -> _Found:
    """The edge with its pieces, narrowed to ``other_px`` where another runs beside it; or why it is none."""
    ys, xs = np.nonzero(sites)
    along, across = line.along_and_across(xs.astype(np.float64), ys.astype(np.float64))
    reason = OK
    if other_px is not None:
        half_width = min(half_width, other_px)
        if half_width < MIN_CLEAR_SPREADS * max(line.spread_px, 0.5):
            half_width, reason = max(half_width, 4.0), NOT_AN_EDGE
    near = np.abs(across) <= half_width
    core = np.abs(across) <= min(half_width, 2 * line.spread_px + 1)
    shown = kept[ys, xs]
    rows = np.floor(along[core] - along.min()).astype(np.int64)
    clear = np.bincount(rows, shown[core]) > 0.5 * np.bincount(rows)
    length = float(clear.sum())
    if length < MIN_SIDE_PX or length < MIN_SHARE * float((np.bincount(rows) > 0).sum()):
        reason = NOT_AN_EDGE
    left_out = 1 - float(shown[near].mean()) if near.any() else 0.0
    return _Found(segment, _pieces(segment, line), half_width, kept, left_out, reason)


def _pieces(segment: F64, line: Line) -> F64:
    """(m, 4) pieces that an edge's segment (4,) is cut into, each long enough to sample the profile finely."""
    start, end = segment[:2], segment[2:]
    length = float(np.hypot(*(end - start)))
    slope = float(np.min(np.abs(line.normal)) / np.max(np.abs(line.normal)))
    slope = min(slope, 1 - slope) if slope < 1 else 1e-3
    many = int(np.clip(length / max(MIN_PIECE_PX, 1.5 / max(slope, 1e-3)), 0, MAX_PIECES))
    if many < 2:
        return np.empty((0, 4))
    cuts = start + (end - start) * np.linspace(0, 1, many + 1)[:, None]
    return np.concatenate([cuts[:-1], cuts[1:]], axis=1)


def _fitted(part: F32, kept: Mask, line: Line, lattice: Bayer | None) -> Line:
    """The line through what is kept of the region, as the measurement itself would place it."""
    height, width = part.shape
    segment, half_width = _within(line.middle, line.normal, width, height)
    shown = np.where(kept, part, np.float32(np.nan))
    at = measure_edges(shown, segment[None, :], half_width, lattice=lattice, frequency_cpp=(), mtf50=False)
    figures = (at.middle_px[0, 0], at.middle_px[0, 1], at.angle_deg[0], at.bend_per_px[0], at.spread_px[0])
    if not np.all(np.isfinite(figures)) or not at.measured[0]:
        return line
    x, y, angle, bend, spread = (float(v) for v in figures)
    return with_fit(line, (x, y), angle, bend, spread)


def _judged(edge: EdgeSfr, batch: EdgeBatch, found: _Found) -> EdgeSfr:
    """The edge with a warning where something was left out, its interval widened by how its pieces differ.

    Birge's ratio (Phys. Rev. 40, 207, 1932): pieces of one edge whose MTF50 differ by more than their own noise
    show more than that edge, and the same again must be expected of what is common to all.
    """
    if not edge.measured:
        return edge
    if edge.reason == OK and found.left_out > MIN_LEFT_OUT:
        edge = replace(edge, reason=PART_LEFT_OUT)
    value, sd = batch.mtf50_cpp[1:], batch.mtf50_cpp_sd[1:]
    good = np.isfinite(value) & np.isfinite(sd) & (sd > 0)
    freedom = int(good.sum()) - 1
    if freedom < 1:
        return edge
    weight = 1 / np.square(sd[good])
    mean = float((weight * value[good]).sum() / weight.sum())
    birge = float((weight * np.square(value[good] - mean)).sum()) / freedom
    if birge <= 1 + UNUSUAL_SD * np.sqrt(2 / freedom):
        return edge
    wider = float(np.sqrt(birge))
    return replace(
        edge, mtf50_cpp_sd=edge.mtf50_cpp_sd * wider, sfr_sd=edge.sfr_sd * wider,
        covariance=edge.covariance * wider**2,
    )  # fmt: skip


def _refused(edge: EdgeSfr, reason: str) -> EdgeSfr:
    """The edge without its figures; a reason that it has already counts more."""
    nothing = np.full_like(edge.sfr, np.nan)
    return replace(
        edge, measured=False, reason=reason if edge.measured else edge.reason, mtf50_cpp=np.nan,
        mtf50_cpp_sd=np.nan, sfr=nothing, sfr_sd=nothing, covariance=np.full_like(edge.covariance, np.nan),
    )  # fmt: skip


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


def _gradients(smooth: F32) -> tuple[F32, F32]:
    """Slopes (h, w) along x and y of a smoothed region, 0 at its border."""
    gx, gy = cv2.Scharr(smooth, cv2.CV_32F, 1, 0) / 32, cv2.Scharr(smooth, cv2.CV_32F, 0, 1) / 32
    for g in (gx, gy):
        g[[0, -1], :] = g[:, [0, -1]] = 0
    return np.asarray(gx, np.float32), np.asarray(gy, np.float32)


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
