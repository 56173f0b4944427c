"""Finds the chart in a photo: fiducials first, then all squares, then a pose in a common least-squares fit.

Fiducials tell which chart it is and roughly where (a homography). The dark squares, found as blobs in a reduced
picture, are then matched outward from there while the pose grows with them, radial distortion included. The fine pose
comes later from the slanted edges themselves, see :mod:`appliance.focus.measure`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from appliance.arrays import Array
from appliance.chart import fiducials
from appliance.chart.layout import Layout, layout_of_marker
from appliance.chart.match_squares import MIN_SQUARES, Anchors, match_squares, mirror
from appliance.chart.pose import DISTORTION, INVERSE_DISTANCE, PARAMETERS, Pose, pose_from_homography
from appliance.frame import Frame

FOUND_WIDTHS_PX = (1014, 2028, 507)
"""Widths at which fiducials are looked for, in this order; blurred ones are found in the smaller pictures."""
ENOUGH_FIDUCIALS, ENOUGH_FOREIGN = 4, 4
FIDUCIAL_SD_SIDES = 0.03


@dataclass(frozen=True)
class Located:
    """The chart in a photo: which layout, the first pose, and how well squares fit to it (px, full picture)."""

    layout: Layout
    pose: Pose
    squares_found: int
    rms_px: float
    fiducials_found: int

    def printed_at(self, scale: float) -> Located:
        """The same chart known to be printed at ``scale``: what is seen stays, all lengths become true millimetres."""
        layout = self.layout.printed_at(scale)
        pose = replace(
            self.pose,
            scale_px_per_mm=self.pose.scale_px_per_mm / scale,
            inverse_distance_per_mm=self.pose.inverse_distance_per_mm / scale,
            aim_mm=layout.aim_mm,
        )
        return replace(self, layout=layout, pose=pose)


@dataclass(frozen=True)
class NotLocated:
    """Why there is no chart: a reason code and what was seen."""

    code: str
    text: str


def green_half(frame: Frame) -> tuple[npt.NDArray[np.float32], float]:
    """A smaller green picture of the frame in 0 … 1, and its reduction factor (full px per px).

    A mosaic gives the mean of its two greens per 2 × 2 block; grey pictures wider than 2100 px are halved by area.
    """
    plane = frame.plane
    scale = np.float32(1 / (frame.white - frame.black))
    if frame.bayer is not None:
        a, b = frame.greens()
        return (a.astype(np.float32) + b - np.float32(2 * frame.black)) * (scale / 2), 2.0
    grey = (plane.astype(np.float32) - np.float32(frame.black)) * scale
    if plane.shape[1] > 2100:
        return reduced(grey, 0.5), 2.0
    return grey, 1.0


def reduced(grey: npt.NDArray[np.float32], factor: float) -> npt.NDArray[np.float32]:
    """The picture at ``factor`` of its size, each pixel the mean over its area."""
    return np.asarray(cv2.resize(grey, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.float32)


def _eight_bit(grey: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    low, high = np.percentile(grey[::4, ::4], (0.5, 99.8))
    stretched = np.clip((grey - low) / max(high - low, 1e-6), 0, 1)
    return np.asarray(np.sqrt(stretched) * 255, np.uint8)


def _fiducials(grey: npt.NDArray[np.float32], reduction: float) -> tuple[dict[int, Array], int]:
    """Corners (4, 2) in full-picture px of every fiducial of the family found at any of the scales, by id.

    And how many fiducials of no chart of the family were found.
    """
    found: dict[int, Array] = {}
    strange: set[int] = set()
    for width in FOUND_WIDTHS_PX:
        factor = width / grey.shape[1]
        if factor > 1.5:
            continue
        small = grey if abs(factor - 1) < 0.02 else reduced(grey, factor)
        full_per_px = reduction * grey.shape[1] / small.shape[1]
        for marker, corners in fiducials.read(_eight_bit(small)).items():
            if layout_of_marker(marker) is None:
                strange.add(marker)
            elif marker not in found:
                found[marker] = (corners + 0.5) * full_per_px - 0.5
        if len(found) >= ENOUGH_FIDUCIALS:
            break
    return found, len(strange)


def _first_homography(found: dict[int, Array], strange: int) -> tuple[Layout, Array, Anchors] | NotLocated:
    if not found and strange >= ENOUGH_FOREIGN:
        return NotLocated("WRONG_CHART", f"its {strange} fiducials belong to none of the family")
    if not found:
        return NotLocated("NO_CHART", "no fiducial of the chart was found in the picture")
    layouts = [layout for layout in map(layout_of_marker, found) if layout is not None]
    titles = Counter(layout.title for layout in layouts)
    layout = max(layouts, key=lambda layout: titles[layout.title])
    places = {f.id: f.corners_mm for f in layout.fiducials}
    known = [marker for marker in found if marker in places]
    if not known:
        return NotLocated("WRONG_CHART", "the fiducials do not belong to any chart of this version")
    paper = np.concatenate([places[marker] for marker in known])
    seen = np.concatenate([found[marker] for marker in known])
    size_px = float(np.median([np.linalg.norm(found[m][2] - found[m][0]) for m in known]))
    h, inliers = cv2.findHomography(paper, seen, cv2.RANSAC, max(3.0, 0.08 * size_px))
    if h is None:
        return NotLocated("NO_CHART", "the fiducials found do not lie in one plane")
    good = inliers.reshape(-1, 4).sum(axis=1) >= 3
    if not good.any() or np.linalg.det(np.asarray(h)[:2, :2]) <= 0:
        return NotLocated("NO_CHART", "the fiducials found do not lie as they do on the chart")
    corners = np.repeat(good, 4)
    sides = np.repeat([np.linalg.norm(found[m][2] - found[m][0]) for m in known], 4)[corners] / np.sqrt(2)
    anchors = Anchors(paper[corners], seen[corners], np.maximum(FIDUCIAL_SD_SIDES * sides, 1.0))
    return layout, np.asarray(h, float), anchors


def _blobs(grey: npt.NDArray[np.float32], reduction: float) -> tuple[Array, Array]:
    """Centroids (n, 2) px and areas (n,) px² in the full picture of dark blobs on a brighter ground."""
    factor = min(1.0, 1014 / grey.shape[1])
    small = reduced(grey, factor) if factor < 1 else grey
    picture = _eight_bit(small)
    full_per_px = reduction * grey.shape[1] / small.shape[1]
    centroids, areas = [], []
    for window in (31, 101):
        dark = cv2.adaptiveThreshold(
            cv2.GaussianBlur(picture, (3, 3), 0),
            255,
            cv2.ADAPTIVE_THRESH_MEAN_C,
            cv2.THRESH_BINARY_INV,
            window,
            8,
        )
        _, _, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=4)
        area = stats[1:, cv2.CC_STAT_AREA]
        box = stats[1:, cv2.CC_STAT_WIDTH] * stats[1:, cv2.CC_STAT_HEIGHT]
        solid = (area >= 12) & (area > 0.4 * box)
        centroids.append((centres[1:][solid] + 0.5) * full_per_px - 0.5)
        areas.append(area[solid] * full_per_px**2)
    return np.concatenate(centroids), np.concatenate(areas)


def locate(frame: Frame, principal_distance_px: float, relative_sd: float = 0.2) -> Located | NotLocated:
    """Find the chart in a frame.

    Parameters
    ----------
    frame:
        The photo.
    principal_distance_px:
        Image distance f (1 + m) in pixels as the user gives it, used as a weak prior.
    relative_sd:
        Standard deviation of that prior, relative.

    Returns
    -------
    The located chart, or the reason why not.
    """
    grey, reduction = green_half(frame)
    first = _first_homography(*_fiducials(grey, reduction))
    if isinstance(first, NotLocated):
        return first
    layout, homography, anchors = first
    picture_px = (frame.plane.shape[1], frame.plane.shape[0])
    start = pose_from_homography(homography, picture_px, layout.aim_mm, principal_distance_px)
    prior_sd = np.full(PARAMETERS, np.inf)
    prior_sd[INVERSE_DISTANCE] = relative_sd * start.inverse_distance_per_mm * 1e3
    prior_sd[DISTORTION] = 0.03
    prior = (start.vector() * (np.arange(PARAMETERS) != DISTORTION), prior_sd)
    blobs, areas = _blobs(grey, reduction)
    trials = [match_squares(p, layout, blobs, areas, prior, anchors) for p in (start, mirror(start))]
    pose, squares, rms, _ = min(trials, key=lambda trial: trial[3])
    if squares < MIN_SQUARES:
        return NotLocated(
            "NO_CHART", f"only {squares} of the chart's squares were found around its fiducials"
        )
    return Located(layout, pose, squares, rms, len(anchors.paper_mm) // 4)
