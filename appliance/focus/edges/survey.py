"""The first look at all edges of a located chart: it refines the pose and shows roughly where focus lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from appliance.arrays import Array, Index, Mask
from appliance.chart.edges import PrintedEdge
from appliance.chart.layout import Layout
from appliance.chart.locate import Located, green_half, reduced
from appliance.chart.pose import Pose
from appliance.chart.pose_fit import PoseFit
from appliance.chart.segments import SegmentPlan, ends_of, plan_segments
from appliance.focus.edges.positions import CUT_OFF, EdgePositions, refine_pose
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.reasons import reason
from appliance.focus.refusals import clipped
from appliance.focus.result import Reason, Setup
from appliance.frame import Frame
from appliance.sfr import EdgeBatch, measure_edges

FREQUENCY_CPP: Array = np.array([0.02, 0.04, 0.06, 0.08, 0.10, *np.arange(0.12, 0.49, 0.04)])
"""Frequencies of the through-focus fit, cycles per pixel: far enough apart to be nearly independent."""
PIECE_PX = 60.0
"""Longest piece of the survey: 60 px cross ten rows at 10°, so that sub-pixel phases are even (ISO 12233, edge
angle)."""
STRIP_PX = 16.0
"""Half width of the survey's strips: a blur of σ = 3 px fits with its levels."""
MAX_SEGMENTS = 900
"""Pieces measured at most: noise falls by their root only, time grows with them."""
MIN_SEGMENTS, ENOUGH_SEGMENTS = 12, 40
"""Edges that a pose can be refined by (twelve: it has eleven parameters), and enough to do without doubtful ones."""
LONG_ENOUGH_PX = 36.0
"""From such a length on an edge that is seen whole can nearly always be measured."""
MOVED_PX = 2.0
"""A pose that moved by more is looked at again: strips lay beside their edges."""
MAX_RESIDUAL = 6.0
"""Median residual, in standard deviations, beyond which the edges found are not the chart's."""


@dataclass(frozen=True)
class Survey:
    """Pose and edges of the first look; ``located`` are those whose places can be used.

    ``reduction`` is 1 unless blur forced the look into a smaller picture.
    """

    pose: PoseFit
    plan: SegmentPlan
    batch: EdgeBatch
    located: Mask
    reduction: float

    @property
    def positions(self) -> EdgePositions:
        """Where the edges were found, those too blurred for their strips with less weight."""
        small = self.plan.resized(1 / self.reduction)
        return EdgePositions.of(small, self.batch, self.located, CUT_OFF).enlarged(self.reduction)


def edge_lengths_px(edges: Sequence[PrintedEdge], pose: Pose) -> Array:
    """(edges,) lengths of printed edges in the picture, px."""
    ends = ends_of(edges)
    return np.asarray(np.hypot(*(pose.project(ends[:, 1]) - pose.project(ends[:, 0])).T))


def measure(
    frame: Frame, plan: SegmentPlan, waves: DefocusScale, profiles: bool = False, mtf50: bool = False
) -> EdgeBatch:
    """Measure the planned pieces in the full picture: their SFR, or if asked for their profiles in its place."""
    return measure_edges(
        frame.plane,
        plan.px,
        plan.half_width_px,
        lattice=frame.bayer,
        frequency_cpp=FREQUENCY_CPP[:0] if profiles else FREQUENCY_CPP,
        white=0.995 * frame.white,
        airy_px=waves.airy_px,
        mtf50=mtf50,
        profiles=profiles,
    )


def usable(batch: EdgeBatch) -> Mask:
    """(n,) True for edges whose SFR may enter the fit."""
    finite = np.isfinite(batch.sfr).all(axis=1) & np.isfinite(batch.covariance).all(axis=(1, 2))
    return np.asarray(batch.measured & (batch.reason == "") & finite, bool)


def survey(frame: Frame, located: Located, setup: Setup) -> Survey | Reason:
    """Measure the middle of every edge, refine the pose with where they were found; smaller pictures if too blurred."""
    layout, pose = located.layout, located.pose
    result = _looked(frame, layout, pose, setup)
    if _sound(result) or (isinstance(result, Reason) and result.code == "CLIPPED"):
        return result
    for reduction in (2.0, 4.0):
        small = _look_reduced(frame, layout, pose, setup, reduction)
        if isinstance(small, Survey) and _sound(small):
            closer = _looked(frame, layout, small.pose.pose, setup)
            return closer if _sound(closer) else small
    if isinstance(result, Survey) and usable(result.batch).sum() < MIN_SEGMENTS:
        return reason("TOO_BLURRED")
    return result


def _looked(frame: Frame, layout: Layout, pose: Pose, setup: Setup) -> Survey | Reason:
    """Look, and again if the pose moved so far that strips lay beside their edges."""
    result = _look(frame, layout, pose, setup)
    if isinstance(result, Survey):
        middle = result.plan.middle_mm
        if np.abs(result.pose.pose.project(middle) - pose.project(middle)).max() >= MOVED_PX:
            again = _look(frame, layout, result.pose.pose, setup)
            result = again if isinstance(again, Survey) else result
    return result


def _sound(result: Survey | Reason) -> bool:
    """Whether enough edges were measured, and lie where a flat chart has them."""
    return (
        isinstance(result, Survey)
        and int(usable(result.batch).sum()) >= MIN_SEGMENTS
        and float(np.median(np.abs(result.pose.residuals))) < MAX_RESIDUAL
    )


def _look(frame: Frame, layout: Layout, pose: Pose, setup: Setup) -> Survey | Reason:
    count = len(layout.edges)
    margin = np.maximum(0.12 * edge_lengths_px(layout.edges, pose), 3.0)
    plan = plan_segments(
        layout.edges, pose, margin, np.full(count, STRIP_PX), np.full(count, PIECE_PX), pieces=1
    )
    plan = plan.take(thinned(len(plan)))
    batch = measure(frame, plan, DefocusScale.of(setup, pose))
    over = clipped(batch)
    if over is not None:
        return over
    good = batch.measured & np.isfinite(batch.offset_px) & (batch.offset_px_sd < 1.0)
    if usable(batch).sum() >= ENOUGH_SEGMENTS:
        good &= usable(batch)
    if good.sum() < MIN_SEGMENTS:
        return _too_few(good, layout, pose)
    return Survey(refine_pose(pose, EdgePositions.of(plan, batch, good), setup), plan, batch, good, 1.0)


def _too_few(good: Mask, layout: Layout, pose: Pose) -> Reason:
    """Why so few of the planned pieces (n,) are good: blurred or covered, too small, or outside the picture."""
    if len(good) >= MIN_SEGMENTS and good.mean() < 0.5:
        return reason("TOO_BLURRED")
    ends = ends_of(layout.edges).reshape(-1, 2)
    px = pose.project(ends)
    seen = pose.sees(ends).reshape(-1, 2).all(axis=1)
    whole = ((px >= 0) & (px < pose.picture_px)).all(axis=1).reshape(-1, 2).all(axis=1)
    length_px = np.where(seen, edge_lengths_px(layout.edges, pose), 0.0)
    long = length_px >= LONG_ENOUGH_PX
    # where longer edges lie outside, those inside are fine print about the star
    if (long & whole).sum() >= MIN_SEGMENTS or long.sum() < MIN_SEGMENTS:
        return reason("CHART_TOO_FAR", longest=length_px[whole].max(initial=0.0))
    return reason("CHART_CROPPED", detail=f"only {int(good.sum())} edges could be measured")


def _look_reduced(
    frame: Frame, layout: Layout, pose: Pose, setup: Setup, reduction: float
) -> Survey | Reason:
    """The same in a picture of 1/2 or 1/4 of the size, where a wide blur fits the strip."""
    grey, first = green_half(frame)
    if reduction > first:
        grey = reduced(grey, first / reduction)
    small_pose = pose.reduced(reduction, (grey.shape[1], grey.shape[0]))
    small_setup = setup.with_pitch(setup.pixel_pitch_um * reduction)
    small_frame = Frame(grey, None, 0.0, 1.0)
    result = _look(small_frame, layout, small_pose, small_setup)
    if isinstance(result, Reason):
        return result
    fit = result.pose
    full = fit.pose.reduced(1 / reduction, pose.picture_px)
    pose_fit = PoseFit(full, fit.covariance, fit.residuals, fit.weights)
    return Survey(pose_fit, result.plan.resized(reduction), result.batch, result.located, reduction)


def thinned(count: int) -> Index:
    """Which of so many pieces to measure: at most MOST_SEGMENTS, spread evenly over the chart."""
    if count <= MAX_SEGMENTS:
        return np.arange(count)
    return np.linspace(0, count - 1, MAX_SEGMENTS).astype(int)
