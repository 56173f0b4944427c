"""The first look at all edges of a located chart: it refines the pose and shows roughly where focus lies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance import optics
from appliance.chart.layout import Layout
from appliance.chart.locate import Located, green_half, reduced
from appliance.chart.pose import (
    ASKEW_X,
    ASKEW_Y,
    DISTORTION,
    LOG_SQUEEZE,
    NEARNESS,
    PARAMETERS,
    Array,
    Pose,
    PoseFit,
    fit_pose,
)
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus.condition import clipped
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Setup
from appliance.focus.waves import Waves
from appliance.frame import Frame
from appliance.sfr import WINDOW_END_SIGMA, EdgeBatch, measure_edges

FREQUENCY_CPP: Array = np.arange(0.04, 0.49, 0.04)
"""Frequencies of the through-focus fit, cycles per pixel: far enough apart to be nearly independent."""
PIECE_PX = 60.0
STRIP_PX = 16.0
MOST_SEGMENTS = 900
FEWEST_SEGMENTS, ENOUGH_SEGMENTS = 12, 40
MOVED_PX = 2.0
UNSOUND_RESIDUAL = 6.0
FOCAL_LENGTH_PRIOR = 0.04
"""Relative standard deviation of a marked focal length: ISO 517 allows ± 5 %, zooms more."""
POSITION_FLOOR_PX = 0.03
POSITION_PER_SPREAD = 0.02
"""What is beside a blurred edge moves its apparent place by some part of the blur."""
LARGE_RESIDUAL, EXPLAINS = 1.0, 0.5
"""Median residual that wants an explanation, and what a good one leaves of it: a sensor that sits askew or, if that is
more than mechanics allow, an anamorphic lens, which looks alike."""
ASKEW_RAD = 0.01
STRANGE_LENS, SQUEEZES = 0.1, (0.75, 0.55, 1.33, 1.8)
"""A focal length off by more is no engraving, but may be an anamorphic lens on either axis: without its squeeze, tilt
and focal length of a flat chart take it on."""


@dataclass(frozen=True)
class Survey:
    """Pose and edges of the first look; ``reduction`` is 1 unless blur forced it into a smaller picture."""

    pose: PoseFit
    plan: SegmentPlan
    batch: EdgeBatch
    reduction: float


def edge_lengths_px(layout: Layout, pose: Pose) -> Array:
    """(edges,) lengths of all printed edges in the picture, px."""
    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    return np.asarray(np.hypot(*(pose.project(ends[:, 1]) - pose.project(ends[:, 0])).T))


def measure(
    frame: Frame, plan: SegmentPlan, waves: Waves, window: float | None = None, mtf50: bool = True
) -> EdgeBatch:
    """Measure the planned pieces in the full picture, all with one window so that they compare without bias."""
    return measure_edges(
        frame.plane,
        plan.px,
        plan.half_width_px,
        lattice=frame.bayer,
        frequency_cpp=FREQUENCY_CPP,
        white=0.995 * frame.white,
        airy_px=waves.airy_px,
        window_px=window_px(waves) if window is None else window,
        mtf50=mtf50,
    )


def window_px(waves: Waves, halo_px: float = 0.0, soft_px: float = 0.0) -> float:
    """Half width in px of the window about every edge: what blurs of interest, diffraction and a halo need.

    ``soft_px`` is the standard deviation of what blurs all edges alike: print and lens.
    """
    return float(np.hypot(5.5 + 1.3 * waves.airy_px, WINDOW_END_SIGMA * soft_px) + 1.4 * halo_px)


def usable(batch: EdgeBatch) -> npt.NDArray[np.bool_]:
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
    if isinstance(result, Survey) and usable(result.batch).sum() < FEWEST_SEGMENTS:
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
        and int(usable(result.batch).sum()) >= FEWEST_SEGMENTS
        and float(np.median(np.abs(result.pose.residuals))) < UNSOUND_RESIDUAL
    )


def _look(frame: Frame, layout: Layout, pose: Pose, setup: Setup) -> Survey | Reason:
    count = len(layout.edges)
    margin = np.maximum(0.12 * edge_lengths_px(layout, pose), 3.0)
    plan = plan_segments(layout, pose, margin, np.full(count, STRIP_PX), np.full(count, PIECE_PX), pieces=1)
    plan = thinned(plan)
    batch = measure(frame, plan, Waves.of(setup, pose), mtf50=False)
    over = clipped(batch)
    if over is not None:
        return over
    good = batch.measured & np.isfinite(batch.offset_px) & (batch.offset_px_sd < 1.0)
    if usable(batch).sum() >= ENOUGH_SEGMENTS:
        good &= usable(batch)
    if good.sum() < FEWEST_SEGMENTS:
        return reason("CHART_CROPPED", detail=f"only {int(good.sum())} edges could be measured")
    return Survey(_refine(pose, plan, batch, good, setup), plan, batch, 1.0)


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
    plan = SegmentPlan(
        result.plan.paper_mm,
        (result.plan.px + 0.5) * reduction - 0.5,
        result.plan.half_width_px * reduction,
        result.plan.across,
        result.plan.scale_px_per_mm * reduction,
    )
    fit = result.pose
    full = fit.pose.reduced(1 / reduction, pose.picture_px)
    return Survey(PoseFit(full, fit.covariance, fit.residuals, fit.weights), plan, result.batch, reduction)


def thinned(plan: SegmentPlan) -> SegmentPlan:
    """At most MOST_SEGMENTS pieces, spread evenly over the chart."""
    if len(plan) <= MOST_SEGMENTS:
        return plan
    return plan.take(np.linspace(0, len(plan) - 1, MOST_SEGMENTS).astype(int))


def _refine(
    pose: Pose, plan: SegmentPlan, batch: EdgeBatch, good: npt.NDArray[np.bool_], setup: Setup
) -> PoseFit:
    """Pose from where the edges were found; lines count only along their normals."""
    chosen = plan.take(good)
    middle_px = (chosen.px[:, :2] + chosen.px[:, 2:]) / 2
    measured = middle_px + batch.offset_px[good, None] * batch.normal[good]
    floor = POSITION_FLOOR_PX + POSITION_PER_SPREAD * batch.spread_px[good]
    sd = np.hypot(batch.offset_px_sd[good], floor)
    prior_sd = np.full(PARAMETERS, np.inf)
    prior_sd[DISTORTION] = 0.03
    prior_sd[[ASKEW_X, ASKEW_Y]] = ASKEW_RAD
    start = replace(pose, squeeze=1.0, askew_x_rad=0.0, askew_y_rad=0.0)

    def image_px(pose: Pose) -> float:
        m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
        return optics.image_distance_mm(setup.focal_length_mm, m) / (setup.pixel_pitch_um * 1e-3)

    def fitted(start: Pose, *more: int) -> PoseFit:
        free = (0, 1, 2, 3, 4, 5, NEARNESS, DISTORTION, *more)
        prior_mean = np.zeros(PARAMETERS)
        prior_mean[NEARNESS] = 1e3 * start.scale_px_per_mm / image_px(start)
        prior_sd[NEARNESS] = FOCAL_LENGTH_PRIOR * prior_mean[NEARNESS]
        return fit_pose(start, chosen.middle_mm, measured, batch.normal[good], sd, free, prior_mean, prior_sd)

    def left(fit: PoseFit) -> float:
        return float(np.median(np.abs(fit.residuals)))

    def strange(fit: PoseFit) -> float:
        return abs(fit.pose.principal_distance_px / image_px(fit.pose) - 1)

    fit = fitted(start)
    if left(fit) > LARGE_RESIDUAL:
        askew, squeezed = fitted(start, ASKEW_X, ASKEW_Y), fitted(start, LOG_SQUEEZE)
        other = squeezed if left(squeezed) < EXPLAINS * left(askew) else askew
        if left(other) < EXPLAINS * left(fit):
            return other
    if strange(fit) > STRANGE_LENS:
        for squeeze in SQUEEZES:
            squeezed = fitted(_as_if_squeezed(fit.pose, squeeze), LOG_SQUEEZE)
            if strange(squeezed) < EXPLAINS * STRANGE_LENS and left(squeezed) < max(
                1.2 * left(fit), LARGE_RESIDUAL
            ):
                return squeezed
    return fit


def _as_if_squeezed(pose: Pose, squeeze: float) -> Pose:
    """Much the same view of the chart by an anamorphic lens: another tilt makes up for its squeeze."""
    tilt = np.radians(pose.tilt_deg)
    other = np.arccos(np.clip(squeeze * np.cos(tilt), 0.05, 0.99))
    rotation = pose.rotation * (other / max(tilt, 0.05), 1.0, 1.0)
    return replace(pose, rotation=rotation, scale_px_per_mm=pose.scale_px_per_mm / squeeze, squeeze=squeeze)
