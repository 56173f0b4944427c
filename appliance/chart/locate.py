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

from appliance.chart import fiducials
from appliance.chart.layout import Layout, layout_of_marker
from appliance.chart.pose import (
    DISTORTION,
    NEARNESS,
    PARAMETERS,
    Array,
    Pose,
    PoseFit,
    fit_pose,
    pose_from_homography,
)
from appliance.frame import Frame

FOUND_WIDTHS_PX = (1014, 2028, 507)
"""Widths at which fiducials are looked for, in this order; blurred ones are found in the smaller pictures."""
ENOUGH_FIDUCIALS = 4
FEWEST_SQUARES = 8
FIDUCIAL_SD_SIDES = 0.03
SURE_SIDES = 0.25
MOST_ROUNDS = 9


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
            nearness_per_mm=self.pose.nearness_per_mm / scale,
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
        odd = frame.bayer in ("rggb", "bggr")  # greens at (0, 1) and (1, 0); else at (0, 0) and (1, 1)
        h, w = (n // 2 * 2 for n in plane.shape)
        a = plane[0:h:2, int(odd) : w : 2]
        b = plane[1:h:2, int(not odd) : w : 2]
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


@dataclass(frozen=True)
class _Anchors:
    """Corners of fiducials: paper (n, 2), picture (n, 2), and the standard deviations (n,) of the latter."""

    paper_mm: Array
    seen_px: Array
    sd_px: Array


def _fiducials(grey: npt.NDArray[np.float32], reduction: float) -> dict[int, Array]:
    """Corners (4, 2) in full-picture px of every fiducial of the family found at any of the scales, by id."""
    found: dict[int, Array] = {}
    for width in FOUND_WIDTHS_PX:
        factor = width / grey.shape[1]
        if factor > 1.5:
            continue
        small = grey if abs(factor - 1) < 0.02 else reduced(grey, factor)
        full_per_px = reduction * grey.shape[1] / small.shape[1]
        for marker, corners in fiducials.read(_eight_bit(small)).items():
            if marker not in found and layout_of_marker(marker) is not None:
                found[marker] = (corners + 0.5) * full_per_px - 0.5
        if len(found) >= ENOUGH_FIDUCIALS:
            break
    return found


def _first_homography(found: dict[int, Array]) -> tuple[Layout, Array, _Anchors] | NotLocated:
    if not found:
        return NotLocated("NO_CHART", "no fiducial of the chart was found in the picture")
    votes = Counter(layout_of_marker(marker) for marker in found)
    layout, _ = max(votes.items(), key=lambda item: item[1])
    if layout is None:  # pragma: no cover - excluded when the fiducials were collected
        return NotLocated("NO_CHART", "no fiducial of the chart was found in the picture")
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
    anchors = _Anchors(paper[corners], seen[corners], np.maximum(FIDUCIAL_SD_SIDES * sides, 1.0))
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


def _mirror(pose: Pose) -> Pose:
    """The other pose that looks the same without perspective: depths change their sign."""
    r = pose.matrix()
    flip = np.diag([1.0, 1.0, -1.0])
    mirrored = flip @ r @ flip
    return replace(pose, rotation=np.asarray(cv2.Rodrigues(mirrored)[0], float).ravel())


def _in_front(pose: Pose) -> Pose:
    """The same view written with the chart in front of the camera (κ > 0)."""
    if pose.nearness_per_mm > 0:
        return pose
    return replace(_mirror(pose), nearness_per_mm=-pose.nearness_per_mm)


def _match(
    pose: Pose, paper: Array, area_mm2: Array, blobs: Array, areas: Array, reach: float
) -> tuple[Array, Array]:
    """Indices (k,) of squares and of the blobs that lie where ``pose`` predicts them, within ``reach`` sides."""
    predicted = pose.project(paper)
    jacobian = pose.paper_to_px(paper)
    expected = area_mm2 * np.abs(np.linalg.det(jacobian))
    near = 1 + pose.nearness_per_mm * pose.depth_mm(paper)
    width, height = pose.picture_px
    inside = (
        (near > 0.2) & (predicted > -20).all(axis=1) & (predicted < (width + 20, height + 20)).all(axis=1)
    )
    squares, partners = [], []
    for k in np.flatnonzero(inside):
        distance = np.hypot(*(blobs - predicted[k]).T)
        limit = reach * np.sqrt(expected[k])
        ratio = areas / max(expected[k], 1e-9)
        candidates = np.flatnonzero((distance < limit) & (ratio > 0.6) & (ratio < 1.7))
        if candidates.size:
            squares.append(k)
            partners.append(candidates[np.argmin(distance[candidates])])
    return np.array(squares, int), np.array(partners, int)


def _grow(
    pose: Pose, layout: Layout, blobs: Array, areas: Array, prior: tuple[Array, Array], anchors: _Anchors
) -> tuple[Pose, int, float, float]:
    """Match squares to blobs from the known part outward; returns pose, number matched, rms px and robust cost.

    A square is looked for only where the pose so far says within a part of its side where it must be: beyond, the next
    square is as near, and a lattice that is one off explains itself.
    """
    corners = np.array(layout.squares)
    paper, side2 = corners.mean(axis=1), ((corners[:, 1] - corners[:, 0]) ** 2).sum(axis=1)
    used, rms, cost = 0, np.inf, np.inf
    free: tuple[int, ...] = (0, 1, 2, 3, 4, 5, NEARNESS)
    fit = fit_pose(pose, anchors.paper_mm, anchors.seen_px, None, anchors.sd_px, free, *prior)
    pose = _in_front(fit.pose)
    for round_ in range(MOST_ROUNDS):
        sure = np.flatnonzero(_scatter_px(fit, paper) < SURE_SIDES * np.sqrt(side2) * pose.scale_px_per_mm)
        squares, partners = _match(
            pose, paper[sure], side2[sure], blobs, areas, 0.55 if round_ == 0 else 0.35
        )
        squares = sure[squares]
        if len(squares) < FEWEST_SQUARES:
            break
        if round_ >= 1 and len(squares) >= 20:
            free = (0, 1, 2, 3, 4, 5, NEARNESS, DISTORTION)
        sd = np.maximum(0.02 * np.sqrt(side2[squares]) * pose.scale_px_per_mm, 0.3)
        points = np.concatenate([paper[squares], anchors.paper_mm])
        seen, sds = np.concatenate([blobs[partners], anchors.seen_px]), np.concatenate([sd, anchors.sd_px])
        fit = fit_pose(pose, points, seen, None, sds, free, *prior)
        pose = _in_front(fit.pose)
        distance = np.hypot(*(pose.project(points) - seen).T)
        rms = float(1.2 * np.median(distance[: len(squares)]))
        cost = float((np.minimum(distance / sds, 5) ** 2).sum() + 25 * (len(paper) - len(squares)))
        if round_ >= 3 and len(squares) == used:
            break
        used = len(squares)
    return pose, used, rms, cost


def _scatter_px(fit: PoseFit, paper: Array) -> Array:
    """(n,) standard deviation of where the fit predicts paper points, px; at least what its residuals show."""
    v, here = fit.pose.vector(), fit.pose.project(paper)
    moved = []
    for k in np.flatnonzero(np.diag(fit.covariance) > 0):
        step = np.zeros(PARAMETERS)
        step[k] = 0.1 * np.sqrt(fit.covariance[k, k])
        moved.append((k, (fit.pose.with_vector(v + step).project(paper) - here) / step[k]))
    index = np.array([k for k, _ in moved])
    jacobian = np.stack([m for _, m in moved], axis=2)
    variance = np.einsum("nia,ab,nib->n", jacobian, fit.covariance[np.ix_(index, index)], jacobian)
    excess = max(float(np.median(np.abs(fit.residuals))) / 0.67, 1.0)
    return np.asarray(excess * np.sqrt(np.maximum(variance, 0)))


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
    found = _fiducials(grey, reduction)
    first = _first_homography(found)
    if isinstance(first, NotLocated):
        return first
    layout, homography, anchors = first
    picture_px = (frame.plane.shape[1], frame.plane.shape[0])
    start = pose_from_homography(homography, picture_px, layout.aim_mm, principal_distance_px)
    prior_sd = np.full(PARAMETERS, np.inf)
    prior_sd[NEARNESS] = relative_sd * start.nearness_per_mm * 1e3
    prior_sd[DISTORTION] = 0.03
    prior = (start.vector() * (np.arange(PARAMETERS) != DISTORTION), prior_sd)
    blobs, areas = _blobs(grey, reduction)
    trials = [_grow(p, layout, blobs, areas, prior, anchors) for p in (start, _mirror(start))]
    pose, squares, rms, _ = min(trials, key=lambda trial: trial[3])
    if squares < FEWEST_SQUARES:
        return NotLocated(
            "NO_CHART", f"only {squares} of the chart's squares were found around its fiducials"
        )
    return Located(layout, pose, squares, rms, len(anchors.paper_mm) // 4)
