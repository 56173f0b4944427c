"""Which parts of the printed edges to measure in a photo, and how wide a strip about each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array, Index, Mask
from appliance.chart.edges import PrintedEdge
from appliance.chart.pose import Pose

SHORTEST_PX = 25.0
BORDER_PX, INSIDE_PX, MIN_STRIP_PX = 2.0, 3.0, 4.0
"""Distance of strips from the picture's border, and by how much more edges are cut that cross it; least half width."""


@dataclass(frozen=True)
class SegmentPlan:
    """n straight pieces of printed edges.

    Attributes
    ----------
    paper_mm:
        (n, 2, 2) end points on paper; dark lies on the right hand walking from the first to the second.
    px:
        (n, 4) predicted end points x1, y1, x2, y2 in the picture.
    half_width_px:
        (n,) how far either side of the edge to look.
    across:
        (n,) True for edges printed across the tilt.
    scale_px_per_mm:
        (n,) picture px per paper mm along the edge's normal.
    room_px:
        (n,) how far either side of the edge other ink begins.
    """

    paper_mm: Array
    px: Array
    half_width_px: Array
    across: Mask
    scale_px_per_mm: Array
    room_px: Array

    def __len__(self) -> int:
        return len(self.px)

    @property
    def middle_mm(self) -> Array:
        """(n, 2) middle of each piece on paper."""
        return np.asarray(self.paper_mm.mean(axis=1))

    @property
    def crossed_px(self) -> Array:
        """(n,) how many rows or columns of pixels each piece crosses, the fewer of the two."""
        return np.asarray(np.abs(self.px[:, 2:] - self.px[:, :2]).min(axis=1))

    def resized(self, factor: float) -> SegmentPlan:
        """The same in a picture of ``factor`` times the size."""
        return SegmentPlan(
            self.paper_mm,
            (self.px + 0.5) * factor - 0.5,
            self.half_width_px * factor,
            self.across,
            self.scale_px_per_mm * factor,
            self.room_px * factor,
        )

    def take(self, index: Index | Mask) -> SegmentPlan:
        """The chosen pieces."""
        return SegmentPlan(
            self.paper_mm[index],
            self.px[index],
            self.half_width_px[index],
            self.across[index],
            self.scale_px_per_mm[index],
            self.room_px[index],
        )


def ends_of(edges: Sequence[PrintedEdge]) -> Array:
    """(edges, 2, 2) both end points of each edge on paper, mm."""
    return np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in edges])


def plan_segments(
    edges: Sequence[PrintedEdge],
    pose: Pose,
    margin_px: Array,
    strip_px: Array,
    longest_px: Array,
    pieces: int | None = None,
) -> SegmentPlan:
    """Cut every visible edge into pieces that lie inside the picture with their strip.

    Parameters
    ----------
    edges:
        Printed edges, in fours: the sides of dark quadrilaterals, clockwise.
    margin_px:
        (edges,) distance to keep from the ends of each edge, or (edges, 2) from its first and its second.
    strip_px:
        (edges,) wanted half width of the strip; narrowed where other ink is near.
    longest_px:
        (edges,) longest piece; an edge is cut evenly into as many as that takes.
    pieces:
        If given, only so many pieces per edge are kept, those nearest its middle.
    """
    ends = ends_of(edges)
    across = np.array([e.across_tilt for e in edges])
    free = np.array([(e.strip_mm, e.room_mm) for e in edges])
    middle = ends.mean(axis=1)
    jacobian = pose.paper_to_px(middle)
    along = ends[:, 1] - ends[:, 0]
    direction = np.einsum("nij,nj->ni", jacobian, along)
    length_px = np.hypot(*direction.T)
    # px per mm along the normal in the picture: area scale over length scale
    scale = np.abs(np.linalg.det(jacobian)) * np.hypot(*along.T) / np.maximum(length_px, 1e-9)
    half_widths = np.minimum(strip_px, free[:, 0] * scale)
    margin_px = margin_px.reshape(len(ends), -1) + half_widths[:, None] * _lean(direction)
    margin_px = np.maximum(margin_px, _outside(ends, pose, half_widths + BORDER_PX))
    usable_px = length_px - margin_px.sum(axis=1)
    # all four sides of a quadrilateral or none, so that what lies about a piece is known
    seen = np.repeat(pose.sees(ends.reshape(-1, 2)).reshape(-1, 8).all(axis=1), 4)
    chosen = np.flatnonzero((usable_px >= SHORTEST_PX) & seen & (half_widths >= MIN_STRIP_PX))
    of_chosen, number, total = _cut(usable_px[chosen], longest_px[chosen], pieces)
    index = chosen[of_chosen]
    trim = (margin_px / np.maximum(length_px, 1e-9)[:, None])[index]
    piece = (1 - trim.sum(axis=1)) / total
    t1 = trim[:, 0] + piece * number
    paper = np.stack([ends[index, 0] + t[:, None] * along[index] for t in (t1, t1 + piece)], axis=1)
    px = np.concatenate([pose.project(paper[:, 0]), pose.project(paper[:, 1])], axis=1)
    half_width = half_widths[index]
    everything = SegmentPlan(
        paper, px, half_width, across[index], scale[index], free[index, 1] * scale[index]
    )
    border = (half_width + BORDER_PX)[:, None]
    last = np.tile(pose.picture_px, 2) - 1
    return everything.take(((px > border) & (px < last - border)).all(axis=1))


def _cut(usable_px: Array, longest_px: Array, most: int | None) -> tuple[Index, Index, Index]:
    """Which edge each piece is of, its number along it, and into how many that edge is cut, (pieces,) each.

    Of each edge at most so many pieces are kept, those nearest its middle.
    """
    count = np.maximum(np.ceil(usable_px / longest_px), 1).astype(int)
    count = np.minimum(count, np.maximum(usable_px // SHORTEST_PX, 1).astype(int))
    kept = count if most is None else np.minimum(count, most)
    index = np.repeat(np.arange(len(count)), kept)
    number = np.arange(len(index)) - np.repeat(np.cumsum(kept) - kept, kept)
    return index, number + np.repeat((count - kept) // 2, kept), count[index]


def _lean(direction: Array) -> Array:
    """(edges, 2) by how much a strip must end sooner at either end, per px of its half width.

    Tilt turns a square into a skewed quadrilateral: deep in the ink, a strip across one side meets the next side where
    the corner is acute. ``direction`` (edges, 2) are the sides in px.
    """
    sides = direction.reshape(-1, 4, 2)
    following = np.roll(sides, -1, axis=1)
    dot = (sides * following).sum(axis=2)
    cross = np.abs(sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0])
    at_end = np.maximum(-dot, 0) / np.maximum(cross, 1e-9)
    return np.stack([np.roll(at_end, 1, axis=1), at_end], axis=2).reshape(-1, 2)


def _outside(ends: Array, pose: Pose, border_px: Array) -> Array:
    """(edges, 2) how much of each edge, from either end, lies outside the picture less a border (edges,), px."""
    start, end = pose.project(ends[:, 0]), pose.project(ends[:, 1])
    along = end - start
    low, high = np.zeros(len(ends)), np.ones(len(ends))
    for axis, size in enumerate(pose.picture_px):
        with np.errstate(divide="ignore", invalid="ignore"):
            t = np.stack([(b - start[:, axis]) / along[:, axis] for b in (border_px, size - 1 - border_px)])
        low, high = np.fmax(low, t.min(axis=0)), np.fmin(high, t.max(axis=0))
    length = np.hypot(*along.T)
    cut = np.stack([low, 1 - high], axis=1)
    return np.where(cut > 0, np.maximum(cut, 0) * length[:, None] + INSIDE_PX, 0.0)
