"""The second look: which pieces of edges to measure near focus, and what the fit needs of measured pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance.chart.layout import Layout
from appliance.chart.pose import Array, Pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus.model import CURVATURE, LENS_BLUR, PRINT, SPHERICAL, TILT_X, Segments
from appliance.focus.result import Setup
from appliance.focus.stray import stray
from appliance.focus.survey import FREQUENCY_CPP, edge_lengths_px, measure, thinned, usable, window_px
from appliance.focus.through import ThroughFocus
from appliance.focus.waves import Waves
from appliance.frame import Frame
from appliance.sfr import EdgeBatch
from appliance.sfr.predict import places_of

LEAST_HALO_WAVES = 0.12
MOST_PRINT_MM = 0.08
CORNER_PX = 5.0
STRIP_SIGMA = 5.9
"""Half width of a strip in standard deviations of its blur: the window and, outside it, enough for the levels."""


@dataclass(frozen=True)
class Look:
    """The pieces near focus, measured with a window of half width ``window_px``.

    ``index`` (n,) are the usable ones; ``stray`` (n, K) is what other print adds to their profiles, at the places that
    :func:`places_of` their half widths names.
    """

    plan: SegmentPlan
    batch: EdgeBatch
    waves: Waves
    window_px: float
    index: npt.NDArray[np.int_]
    stray: Array


def look_near(frame: Frame, layout: Layout, pose: Pose, setup: Setup, first: ThroughFocus) -> Look:
    """Measure the edges near where ``first`` puts focus; none may be usable."""
    waves = Waves.of(setup, pose)
    halo_px, soft_px = halo_px_of(first, waves), soft_px_of(first, pose, waves)
    plan = plan_near(layout, pose, waves, first, halo_px, soft_px)
    window = window_px(waves, halo_px, soft_px)
    batch = measure(frame, plan, waves, window)
    index = np.flatnonzero(usable(batch))
    seen = plan.take(index)
    beside = (
        stray(layout, pose, seen, waves.airy_px, places_of(seen.half_width_px))
        if len(seen)
        else np.empty((0, 0))
    )
    return Look(plan, batch, waves, window, index, beside)


def passed_frequencies(waves: Waves) -> npt.NDArray[np.int_]:
    """Indices of the frequencies that the lens passes: below 0.9 of the diffraction cutoff."""
    passed = int(np.count_nonzero(FREQUENCY_CPP * waves.airy_px < 0.9))
    return np.arange(max(passed, 3))


def segments_of(pose: Pose, plan: SegmentPlan, batch: EdgeBatch, waves: Waves, reduction: float) -> Segments:
    """What the fit needs of the usable pieces of a batch measured in a picture of 1/``reduction`` of the size."""
    index = np.flatnonzero(usable(batch))
    passed = passed_frequencies(waves)
    frequency, normal = FREQUENCY_CPP[passed], batch.normal[index]
    aperture = np.sinc(frequency * normal[:, :1]) * np.sinc(frequency * normal[:, 1:])
    covariance = batch.covariance[np.ix_(index, passed, passed)]
    middle, ends = plan.middle_mm[index], plan.paper_mm[index]
    q_ends = [waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)]
    where = (pose.project(middle) - pose.centre_px) / pose.half_diagonal_px
    return Segments(
        frequency_cpp=frequency,
        sfr=batch.sfr[np.ix_(index, passed)] / aperture,
        covariance=covariance / (aperture[:, :, None] * aperture[:, None, :]),
        q=waves.from_depth(pose.depth_mm(middle)),
        q_half=np.abs(q_ends[1] - q_ends[0]) / 2,
        scale_px_per_mm=plan.scale_px_per_mm[index] / reduction,
        x=where[:, 0],
        r2=(where**2).sum(axis=1),
        across=plan.across[index],
    )


def halo_px_of(fit: ThroughFocus, waves: Waves) -> float:
    """How much farther than defocus alone spherical aberration throws light, px: the rays of the pupil's rim."""
    spherical = abs(float(fit.shape[SPHERICAL]))
    return waves.blur_px_per_wave / 2 * min(spherical, 0.6) if spherical > LEAST_HALO_WAVES else 0.0


def soft_px_of(fit: ThroughFocus, pose: Pose, waves: Waves) -> float:
    """Standard deviation in px of what blurs edges near focus at any defocus: the print, and the lens itself."""
    nearer = waves.object_distance_mm / (
        waves.object_distance_mm + float(waves.to_depth(np.array(fit.q_focus)))
    )
    print_mm2 = min(max(float(fit.shape[PRINT]), 0.0), MOST_PRINT_MM**2)
    lens_px2 = max(float(fit.shape[LENS_BLUR]), 0.0)
    return float(np.sqrt(print_mm2 * (pose.scale_px_per_mm * nearer) ** 2 + lens_px2))


def plan_near(
    layout: Layout, pose: Pose, waves: Waves, first: ThroughFocus, halo_px: float, soft_px: float
) -> SegmentPlan:
    """Pieces of all edges near focus, field curvature and tilt included, short in depth, clear of corners."""

    def local_focus(paper_mm: Array) -> Array:
        where = (pose.project(paper_mm) - pose.centre_px) / pose.half_diagonal_px
        field = first.shape[TILT_X] * where[:, 0] + first.shape[CURVATURE] * (where**2).sum(axis=1)
        return np.asarray(first.q_focus + field, float)

    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    q = np.stack([waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)])
    focus = local_focus(ends.mean(axis=1))
    nearest = np.abs(np.clip(focus, q.min(axis=0), q.max(axis=0)) - focus)
    blur_radius = nearest * waves.blur_px_per_wave / 2
    reach_px = 5.0 + 1.5 * waves.airy_px
    q_per_px = np.abs(q[1] - q[0]) / np.maximum(edge_lengths_px(layout, pose), 1e-9)
    piece_waves = max(0.35, 1.2 / waves.blur_px_per_wave)
    longest = np.clip(piece_waves / np.maximum(q_per_px, 1e-9), 30.0, 220.0)
    sharp = float(np.hypot(CORNER_PX + 2.0 * waves.airy_px, 2.5 * soft_px))
    margin = np.where(blur_radius < reach_px, sharp + blur_radius + halo_px, 1e6)
    wanted = float(np.hypot(13.0 + 3.4 * waves.airy_px, STRIP_SIGMA * soft_px)) + 1.9 * halo_px
    plan = plan_segments(layout, pose, margin, np.full(len(ends), wanted), longest)
    if not len(plan):
        return plan
    distance = np.abs(waves.from_depth(pose.depth_mm(plan.middle_mm)) - local_focus(plan.middle_mm))
    return thinned(_same_strip(plan.take(distance * waves.blur_px_per_wave / 2 < reach_px), wanted))


def _same_strip(plan: SegmentPlan, wanted_px: float) -> SegmentPlan:
    """Pieces with one common strip width, the widest that most of them allow.

    What a strip cuts off the spread function's tails is a small error that depends on its width; with one width it is
    even about best focus and does no harm, with widths that follow the local scale it would pull the focus to one side.
    """
    length = np.hypot(plan.px[:, 2] - plan.px[:, 0], plan.px[:, 3] - plan.px[:, 1])
    for part in (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4):
        wide = plan.half_width_px >= part * wanted_px - 1e-6
        if length[wide].sum() >= 0.75 * length.sum() and all(
            length[wide & s].sum() >= 0.5 * length[s].sum() for s in (plan.across, ~plan.across)
        ):
            chosen = plan.take(wide)
            return replace(chosen, half_width_px=np.full(len(chosen), part * wanted_px))
    return plan
