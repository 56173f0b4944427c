"""From a rough pose to all squares of the chart: matched to blobs outward, the pose fitted anew in every round."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from appliance.arrays import Array, Index
from appliance.chart.layout import Layout
from appliance.chart.pose import DISTORTION, INVERSE_DISTANCE, Pose
from appliance.chart.pose_fit import PoseFit, fit_pose
from appliance.chart.slopes import slopes

Indices = Index

MIN_SQUARES = 8
SURE_SIDES = 0.25
MAX_ROUNDS = 9


@dataclass(frozen=True)
class Anchors:
    """Corners of fiducials: paper (n, 2), picture (n, 2), and the standard deviations (n,) of the latter."""

    paper_mm: Array
    seen_px: Array
    sd_px: Array


def mirror(pose: Pose) -> Pose:
    """The other pose that looks the same without perspective: depths change their sign."""
    r = pose.matrix()
    flip = np.diag([1.0, 1.0, -1.0])
    mirrored = flip @ r @ flip
    return replace(pose, rotation=np.asarray(cv2.Rodrigues(mirrored)[0], float).ravel())


def _in_front(pose: Pose) -> Pose:
    """The same view written with the chart in front of the camera (κ > 0)."""
    if pose.inverse_distance_per_mm > 0:
        return pose
    return replace(mirror(pose), inverse_distance_per_mm=-pose.inverse_distance_per_mm)


def _match(
    pose: Pose, paper: Array, area_mm2: Array, blobs: Array, areas: Array, reach: float
) -> tuple[Indices, Indices]:
    """Indices (k,) of squares and of the blobs that lie where ``pose`` predicts them, within ``reach`` sides."""
    predicted = pose.project(paper)
    jacobian = pose.paper_to_px(paper)
    expected = area_mm2 * np.abs(np.linalg.det(jacobian))
    near = 1 + pose.inverse_distance_per_mm * pose.depth_mm(paper)
    width, height = pose.picture_px
    inside = (
        (near > 0.2) & (predicted > -20).all(axis=1) & (predicted < (width + 20, height + 20)).all(axis=1)
    )
    squares = np.flatnonzero(inside)
    limit = reach * np.sqrt(expected[squares])
    # pairs that may be near: blobs in a column about each square
    order = np.argsort(blobs[:, 0], kind="stable")
    first, last = (
        np.searchsorted(blobs[order, 0], predicted[squares, 0] + side * limit) for side in (-1.0, 1.0)
    )
    count = last - first
    which = np.repeat(np.arange(len(squares)), count)
    blob = order[np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + first[which]]
    distance = np.hypot(*(blobs[blob] - predicted[squares[which]]).T)
    ratio = areas[blob] / np.maximum(expected[squares[which]], 1e-9)
    likely = np.flatnonzero((distance < limit[which]) & (ratio > 0.6) & (ratio < 1.7))
    likely = likely[np.lexsort((blob[likely], distance[likely], which[likely]))]
    matched, nearest = np.unique(which[likely], return_index=True)
    return squares[matched], blob[likely][nearest]


def match_squares(
    pose: Pose, layout: Layout, blobs: Array, areas: Array, prior: tuple[Array, Array], anchors: Anchors
) -> tuple[Pose, int, float, float]:
    """Match squares to blobs from the known part outward; returns pose, number matched, rms px and robust cost.

    A square is looked for only where the pose so far says within a part of its side where it must be: beyond, the next
    square is as near, and a lattice that is one off explains itself.
    """
    corners = np.array(layout.squares)
    paper, side2 = corners.mean(axis=1), ((corners[:, 1] - corners[:, 0]) ** 2).sum(axis=1)
    used, rms, cost = 0, np.inf, np.inf
    free: tuple[int, ...] = (0, 1, 2, 3, 4, 5, INVERSE_DISTANCE)
    fit = fit_pose(pose, anchors.paper_mm, anchors.seen_px, None, anchors.sd_px, free, *prior)
    pose = _in_front(fit.pose)
    for round_ in range(MAX_ROUNDS):
        sure = np.flatnonzero(_scatter_px(fit, paper) < SURE_SIDES * np.sqrt(side2) * pose.scale_px_per_mm)
        squares, partners = _match(
            pose, paper[sure], side2[sure], blobs, areas, 0.55 if round_ == 0 else 0.35
        )
        squares = sure[squares]
        if len(squares) < MIN_SQUARES:
            break
        if round_ >= 1 and len(squares) >= 20:
            free = (0, 1, 2, 3, 4, 5, INVERSE_DISTANCE, DISTORTION)
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
    index = np.flatnonzero(np.diag(fit.covariance) > 0)
    jacobian = slopes(fit.pose, paper)[index].transpose(1, 2, 0)
    variance = np.einsum("nia,ab,nib->n", jacobian, fit.covariance[np.ix_(index, index)], jacobian)
    excess = max(float(np.median(np.abs(fit.residuals))) / 0.67, 1.0)
    return np.asarray(excess * np.sqrt(np.maximum(variance, 0)))
