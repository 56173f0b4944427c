"""A photo in large cells, and the chart in the same cells."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from appliance.arrays import Array, Mask
from appliance.chart.coverage import coverage
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan
from appliance.focus.edges.diffraction_tails import polygons_mm
from appliance.frame import Frame, greens

BIN_PX = 6
"""Pixels of a bin's side: a third of the narrowest blur that is looked at, and even, for the mosaic."""
SIDE_PARTS = 4
"""A printed side is bent by distortion: it is straight in so many parts."""
FINER = 2
"""Bins of the ink's raster per bin: aliasing falls on frequencies that bins do not hold."""
NOISE_SAMPLE, NOISE_LEVELS = 5, 24
"""Every fifth bin tells of noise, sorted into so many levels: thousands each."""
SATURATED = 0.97
"""Part of the range above which a pixel may be clipped by noise."""


@dataclass(frozen=True)
class BinnedFrame:
    """Mean ``seen`` (rows, columns) of a photo's green pixels in each cell above black; ``clear`` where none saturates.

    The variance of a cell grows from ``noise[1]`` by ``noise[0]`` per unit of its level, and is ``noise[2]`` at least.
    """

    seen: Array
    clear: Mask
    noise: tuple[float, float, float]

    def variance(self, level: Array) -> Array:
        """Variance of cells at levels of any shape."""
        slope, offset, least = self.noise
        return np.maximum(offset + slope * level, least)


def bin_frame(frame: Frame) -> BinnedFrame:
    """The photo in cells; their noise is how far the two halves of a cell's pixels are apart."""
    rows, columns = shape_of(frame.plane.shape)
    plane = frame.plane[: rows * BIN_PX, : columns * BIN_PX]
    if frame.bayer is None:
        halves = plane[0::2], plane[1::2]
    else:
        halves = greens(plane, frame.bayer)
    split = [half.reshape(rows, BIN_PX // 2, columns, -1) for half in halves]
    top = np.maximum(*(part.max(axis=(1, 3)) for part in split))
    one, other = (part.mean(axis=(1, 3), dtype=np.float32) for part in split)
    seen = (one + other) / 2 - np.float32(frame.black)
    # the two greens of a mosaic differ by a little everywhere, but not from cell to cell
    apart = np.diff((one - other) / 2, axis=1).ravel()[::NOISE_SAMPLE] / np.sqrt(2)
    level = seen[:, 1:].ravel()[::NOISE_SAMPLE]
    parts = np.array_split(np.argsort(level), NOISE_LEVELS)
    levels = np.array([level[part].mean() for part in parts])
    variances = np.array([(1.4826 * np.median(np.abs(apart[part]))) ** 2 for part in parts])
    slope, offset = np.polyfit(levels, variances, 1, w=1 / np.maximum(variances, 1e-12))
    clear = top < frame.black + SATURATED * (frame.white - frame.black)
    return BinnedFrame(seen.astype(float), clear, (float(slope), float(offset), float(variances.min()) / 2))


def shape_of(picture: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of whole cells in a picture of (height, width) px."""
    return picture[0] // BIN_PX, picture[1] // BIN_PX


def in_cells(px: Array) -> Array:
    """Picture points (…, 2), whose pixel centres are whole, in cells from the corner of the first."""
    return (px + 0.5) / BIN_PX


def bin_ink(layout: Layout, pose: Pose, rows: int, columns: int, margin: int) -> Array:
    """Printed part of each cell of a picture of so many ``rows`` and ``columns``, and of a ``margin`` all around it.

    What changes faster than cells can tell is taken out: the blur of a slanted edge must not depend on where they lie.
    """
    polygons = polygons_mm(layout)
    polygons = polygons[pose.sees(polygons.reshape(-1, 2)).reshape(polygons.shape[:2]).all(axis=1)]
    parts = (np.arange(SIDE_PARTS) / SIDE_PARTS)[:, None]
    following = np.roll(polygons, -1, axis=1)
    points = polygons[:, :, None] * (1 - parts) + following[:, :, None] * parts
    px = pose.project(points.reshape(-1, 2)).reshape(len(polygons), -1, 2)
    rows, columns = rows + 2 * margin, columns + 2 * margin
    fine = coverage((in_cells(px) + margin) * FINER, rows * FINER, columns * FINER)
    return _smoothed(fine, rows, columns)


def _smoothed(fine: Array, rows: int, columns: int) -> Array:
    """(rows, columns) means over the cells of a picture of FINER times the size, of what cells can hold only."""
    spectrum = np.fft.rfft2(fine.astype(np.float32))
    nu_y = np.fft.fftfreq(rows)
    nu_x = np.fft.rfftfreq(columns)
    held = spectrum[(nu_y * rows).round().astype(int)][:, : len(nu_x)] / FINER**2
    parts = []
    for nu in (nu_y, nu_x):
        # a cell is the mean of FINER finer ones, whose middles lie half a finer cell before its own
        steps = (np.arange(FINER) + 0.5) / FINER - 0.5
        shift = np.exp(-2j * np.pi * nu * 0.5 * (1 - 1 / FINER))
        parts.append(np.exp(2j * np.pi * np.outer(nu, steps)).mean(axis=1).real * shift.conj())
    return np.fft.irfft2(held * np.outer(*parts), (rows, columns)).astype(float)


def pattern_mask(layout: Layout, pose: Pose, rows: int, columns: int) -> Mask:
    """(rows, columns) True within the chart's pattern."""
    half = np.array([layout.columns, layout.rows]) * layout.pitch_mm / 2
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * half
    parts = np.linspace(0, 1, 30, endpoint=False)[:, None]
    sides = zip(corners, np.roll(corners, -1, axis=0), strict=True)
    outline = np.concatenate([a + (b - a) * parts for a, b in sides]) + np.array(pose.aim_mm)
    return _filled([pose.project(outline[pose.sees(outline)])], rows, columns)


def strip_mask(plan: SegmentPlan, rows: int, columns: int) -> Mask:
    """(rows, columns) True where the strip of a planned piece is."""
    start, end = plan.px[:, :2], plan.px[:, 2:]
    along = (end - start) / np.hypot(*(end - start).T)[:, None] * BIN_PX / 2
    across = np.stack([along[:, 1], -along[:, 0]], axis=1) * (1 + plan.half_width_px[:, None] / (BIN_PX / 2))
    start, end = start - along, end + along
    return _filled(
        np.stack([start - across, end - across, end + across, start + across], axis=1), rows, columns
    )


def _filled(outlines: list[Array] | Array, rows: int, columns: int) -> Mask:
    mask = np.zeros((rows, columns), np.uint8)
    for outline in outlines:
        if len(outline) < 3:
            continue
        cv2.fillPoly(mask, [np.round(in_cells(outline) - 0.5).astype(np.int32)], 1)
    return mask.astype(bool)
