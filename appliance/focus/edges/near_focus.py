"""The second look: every edge near focus, in strips made to measure, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance.arrays import Array, Mask
from appliance.chart.layout import Layout
from appliance.chart.pose import Pose
from appliance.chart.pose_fit import PoseFit
from appliance.chart.segments import SegmentPlan, ends_of, plan_segments
from appliance.focus.edges.geometry import field_of
from appliance.focus.edges.positions import EdgePositions, refine_pose
from appliance.focus.edges.strips import Strips
from appliance.focus.edges.survey import MAX_SEGMENTS, MIN_SEGMENTS, Survey, edge_lengths_px, measure
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import COMMON_VARIANCE, CURVATURE, PRINT_VARIANCE, SPHERICAL, TILT_X
from appliance.focus.result import Setup
from appliance.frame import Frame
from appliance.sfr import EdgeBatch

MIN_HALO_WAVES = 0.12
"""W040 below which rays of the rim fall within the strip as it is: by trial on the simulated bench."""
MAX_PRINT_MM = 0.08
"""Widest print that strips are sized for: an inkjet on plain paper."""
CORNER_PX = 4.0
"""Clearance of a square's corners without any blur: the pixel, and the sub-pixel place of the corner."""
FARTHEST = 4.0
"""Edges count out to this many times the blur that is called near: how fast blur grows tells where it began."""
MIN_STRIP_PX = 4.0
"""Narrowest half width of a strip without any blur: two pixels of level on either side."""
MIN_CROSSED_PX = 1.0
"""A piece must cross so many rows or columns of pixels: along them, few places against the edge are seen at all."""
STRIP_SIGMA = 5.9
"""Wanted half width of a strip in standard deviations of its blur: the edge, and outside it enough for the levels."""


@dataclass(frozen=True)
class NearFocus:
    """The pieces near focus, those ``used`` (n,) as ``strips``, and the ``pose`` that they and the survey tell."""

    plan: SegmentPlan
    batch: EdgeBatch
    used: Mask
    pose: PoseFit
    strips: Strips
    first: FittedLens
    """The fit that led here, moved to that pose."""


def measure_near_focus(
    frame: Frame, layout: Layout, seen: Survey, setup: Setup, first: FittedLens
) -> NearFocus | None:
    """Measure the edges near where ``first`` puts focus, and the pose again; None if too few are usable."""
    pose = seen.pose.pose
    waves = DefocusScale.of(setup, pose, first.paraxial_focus_waves)
    halo_px = halo_radius_px(first, waves)
    plan = plan_near(layout, pose, waves, first, halo_px, common_blur_px(first, pose, waves))
    if len(plan) < MIN_SEGMENTS:
        return None
    batch = measure(frame, plan, waves, profiles=True, mtf50=True)
    used = comparable(batch)
    if np.count_nonzero(used) < MIN_SEGMENTS:
        return None
    closer = refine_pose(pose, seen.positions.joined(EdgePositions.of(plan, batch, used)), setup)
    chosen, index = plan.take(used), np.flatnonzero(used)
    waves = DefocusScale.of(setup, closer.pose, first.paraxial_focus_waves)
    strips = Strips.of(layout, closer.pose, chosen, batch.take(index), waves, halo_px > 0)
    return NearFocus(plan, batch, used, closer, strips, first.moved(_moved(pose, closer.pose, chosen, setup)))


def _moved(before: Pose, after: Pose, plan: SegmentPlan, setup: Setup) -> float:
    """How many waves farther away the pieces lie by another pose."""
    depths = [
        DefocusScale.of(setup, pose).from_depth(pose.depth_mm(plan.middle_mm)) for pose in (before, after)
    ]
    return float(np.median(depths[1] - depths[0]))


def comparable(batch: EdgeBatch) -> Mask:
    """(n,) True for edges whose profile may enter the fit: a strip too narrow for an SFR of its own will do."""
    return np.asarray(batch.measured & np.isfinite(batch.spread_px) & np.isfinite(batch.offset_px), bool)


def halo_radius_px(fit: FittedLens, waves: DefocusScale) -> float:
    """How much farther than defocus alone spherical aberration throws light, px: the rays of the pupil's rim."""
    spherical = abs(float(fit.shape[SPHERICAL]))
    return waves.blur_px_per_wave / 2 * min(spherical, 0.6) if spherical > MIN_HALO_WAVES else 0.0


def common_blur_px(fit: FittedLens, pose: Pose, waves: DefocusScale) -> float:
    """Standard deviation in px of what blurs edges near focus at any defocus: the print, and the lens itself."""
    nearer = waves.object_distance_mm / (
        waves.object_distance_mm + float(waves.to_depth(np.array(fit.best_focus_waves)))
    )
    print_mm2 = min(max(float(fit.shape[PRINT_VARIANCE]), 0.0), MAX_PRINT_MM**2)
    lens_px2 = max(float(fit.shape[COMMON_VARIANCE]), 0.0)
    return float(np.sqrt(print_mm2 * (pose.scale_px_per_mm * nearer) ** 2 + lens_px2))


def plan_near(
    layout: Layout, pose: Pose, waves: DefocusScale, first: FittedLens, halo_px: float, soft_px: float
) -> SegmentPlan:
    """Pieces of all edges near focus, field curvature and tilt included, short in depth, clear of corners."""

    def blur_px(paper_mm: Array) -> Array:
        x, r2 = field_of(pose, paper_mm)
        field = first.shape[TILT_X] * x + first.shape[CURVATURE] * r2
        off = waves.from_depth(pose.depth_mm(paper_mm)) - first.best_focus_waves - field
        return np.asarray(off * waves.blur_px_per_wave / 2, float)

    edges = layout.edges + layout.more_edges
    ends = ends_of(edges)
    near_px = 5.0 + 1.5 * waves.airy_px
    reach_px = FARTHEST * near_px
    at_ends = np.stack([blur_px(ends[:, k]) for k in (0, 1)], axis=1)
    nearest = np.where(np.prod(at_ends, axis=1) < 0, 0.0, np.abs(at_ends).min(axis=1))
    at_ends = np.minimum(np.abs(at_ends), reach_px)
    q_per_px = np.abs(
        np.subtract(*(waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)))
    ) / np.maximum(edge_lengths_px(edges, pose), 1e-9)
    piece_waves = max(0.35, 1.2 / waves.blur_px_per_wave)
    longest = np.clip(piece_waves / np.maximum(q_per_px, 1e-9), 30.0, 220.0)
    sharp = float(np.hypot(CORNER_PX + 1.5 * waves.airy_px, 2.2 * soft_px))
    corner = ~np.array([(e.open_start, e.open_end) for e in edges])
    margin = np.where(nearest[:, None] < reach_px, (sharp + at_ends + halo_px) * corner, 1e6)
    least = float(np.hypot(MIN_STRIP_PX + 1.3 * waves.airy_px, 3.0 * soft_px)) + halo_px
    wanted = float(np.hypot(13.0 + 3.4 * waves.airy_px, STRIP_SIGMA * soft_px)) + 1.9 * halo_px
    plan = plan_segments(edges, pose, margin, wanted + at_ends.max(axis=1), longest)
    if not len(plan):
        return plan
    blur = np.abs(blur_px(plan.middle_mm))
    clear = np.minimum(plan.half_width_px, plan.room_px - blur - soft_px)
    plan = replace(plan, half_width_px=np.minimum(clear, wanted + blur))
    plan = plan.take((blur < reach_px) & (clear > least + blur))
    plan = plan.take(plan.crossed_px >= MIN_CROSSED_PX)
    length_px = np.hypot(*(plan.px[:, 2:] - plan.px[:, :2]).T)
    return plan.take(np.sort(np.argsort(-length_px, kind="stable")[:MAX_SEGMENTS]))
