"""Which parts of the printed edges to measure in a photo, and how wide a strip about each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from appliance.chart.layout import Layout
from appliance.chart.pose import Array, Pose

SHORTEST_PX = 25.0


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
    across: npt.NDArray[np.bool_]
    scale_px_per_mm: Array
    room_px: Array

    def __len__(self) -> int:
        return len(self.px)

    @property
    def middle_mm(self) -> Array:
        """(n, 2) middle of each piece on paper."""
        return np.asarray(self.paper_mm.mean(axis=1))

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

    def take(self, index: npt.NDArray[np.int_] | npt.NDArray[np.bool_]) -> SegmentPlan:
        """The chosen pieces."""
        return SegmentPlan(
            self.paper_mm[index],
            self.px[index],
            self.half_width_px[index],
            self.across[index],
            self.scale_px_per_mm[index],
            self.room_px[index],
        )


def plan_segments(
    layout: Layout,
    pose: Pose,
    margin_px: Array,
    strip_px: Array,
    longest_px: Array,
    pieces: int | None = None,
) -> SegmentPlan:
    """Cut every visible edge into pieces that lie inside the picture with their strip.

    Parameters
    ----------
    margin_px:
        (edges,) distance to keep from the ends of each edge, or (edges, 2) from its first and its second.
    strip_px:
        (edges,) wanted half width of the strip; narrowed where other ink is near.
    longest_px:
        (edges,) longest piece; an edge is cut evenly into as many as that takes.
    pieces:
        If given, only so many pieces per edge are kept, those nearest its middle.
    """
    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    across = np.array([e.across_tilt for e in layout.edges])
    free = np.array([(e.clearance_mm, e.depth_of_ink_mm) for e in layout.edges])
    clearance = (free * (0.8, 0.45)).min(axis=1)
    middle = ends.mean(axis=1)
    jacobian = pose.paper_to_px(middle)
    along = ends[:, 1] - ends[:, 0]
    direction = np.einsum("nij,nj->ni", jacobian, along)
    length_px = np.hypot(*direction.T)
    # px per mm along the normal in the picture: area scale over length scale
    scale = np.abs(np.linalg.det(jacobian)) * np.hypot(*along.T) / np.maximum(length_px, 1e-9)
    half_widths = np.minimum(strip_px, clearance * scale)
    margin_px = margin_px.reshape(len(ends), -1) + (half_widths * _skew(direction))[:, None]
    margin_px = np.broadcast_to(margin_px, (len(ends), 2))
    usable_px = length_px - margin_px.sum(axis=1)
    near = 1 + pose.nearness_per_mm * pose.depth_mm(middle)
    chosen = np.flatnonzero((usable_px >= SHORTEST_PX) & (near > 0.2))
    count = np.maximum(np.ceil(usable_px[chosen] / longest_px[chosen]), 1).astype(int)
    count = np.minimum(count, np.maximum(usable_px[chosen] // SHORTEST_PX, 1).astype(int))
    kept = count if pieces is None else np.minimum(count, pieces)
    index = np.repeat(chosen, kept)
    number = np.arange(len(index)) - np.repeat(np.cumsum(kept) - kept, kept)
    total, skipped = np.repeat(count, kept), np.repeat((count - kept) // 2, kept)
    trim = (margin_px / np.maximum(length_px, 1e-9)[:, None])[index]
    piece = (1 - trim.sum(axis=1)) / total
    t1 = trim[:, 0] + piece * (number + skipped)
    paper = np.stack([ends[index, 0] + t[:, None] * along[index] for t in (t1, t1 + piece)], axis=1)
    px = np.concatenate([pose.project(paper[:, 0]), pose.project(paper[:, 1])], axis=1)
    half_width = half_widths[index]
    width, height = pose.picture_px
    border = half_width + 2
    inside = np.ones(len(px), bool)
    for k, size in ((0, width), (2, width), (1, height), (3, height)):
        inside &= (px[:, k] > border) & (px[:, k] < size - 1 - border)
    inside &= half_width >= 4
    everything = SegmentPlan(
        paper, px, half_width, across[index], scale[index], (free.min(axis=1) * scale)[index]
    )
    return everything.take(inside)


def _skew(direction: Array) -> Array:
    """(edges,) |cot| of the angle between each edge and its neighbour in the picture; directions (edges, 2) in px.

    Tilt turns a square into a skewed quadrilateral: deep in the ink, a strip across one side meets the next side.
    """
    sides = direction.reshape(-1, 4, 2)
    following = np.roll(sides, -1, axis=1)
    dot = np.abs((sides * following).sum(axis=2))
    cross = np.abs(sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0])
    return np.asarray((dot / np.maximum(cross, 1e-9)).reshape(-1))
