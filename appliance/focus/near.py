"""The second look: which pieces of edges to measure near focus, and what the fit needs of measured pieces."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance.chart.layout import Layout
from appliance.chart.pose import Array, Pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus.light import gradients
from appliance.focus.model import CURVATURE, LENS_BLUR, PRINT, SPHERICAL, TILT_X, Segments
from appliance.focus.result import Setup
from appliance.focus.stray import stray
from appliance.focus.survey import FEWEST_SEGMENTS, FREQUENCY_CPP, edge_lengths_px, measure, thinned, usable
from appliance.focus.through import ThroughFocus
from appliance.focus.waves import Waves
from appliance.frame import Frame
from appliance.sfr import Comparison, EdgeBatch, compare

LEAST_HALO_WAVES = 0.12
MOST_PRINT_MM = 0.08
CORNER_PX = 5.0
LEAST_FREQUENCIES = 6
FARTHEST = 2.5
"""Edges count out to this many times the blur that is called near: how fast blur grows tells where it began."""
LEAST_STRIP_PX = 4.0
SKEW_PER_GROWTH, STRUCTURE_PER_GROWTH = 0.3, 0.02
"""Where blur grows across an edge its two sides differ, by parts of that growth; what is no skew is of second order."""
HIGHEST_CPP = 0.8
"""Where the response of any lens ends, as far as a profile in a noisy picture can tell."""
STRIP_SIGMA = 5.9
"""Wanted half width of a strip in standard deviations of its blur: the edge, and outside it enough for the levels."""


@dataclass(frozen=True)
class Look:
    """The pieces near focus; ``index`` (n,) are the usable ones, which ``comparison`` is about."""

    plan: SegmentPlan
    batch: EdgeBatch
    waves: Waves
    index: npt.NDArray[np.int_]
    comparison: Comparison


def look_near(frame: Frame, layout: Layout, pose: Pose, setup: Setup, first: ThroughFocus) -> Look | None:
    """Measure the edges near where ``first`` puts focus; None if too few are usable."""
    waves = Waves.of(setup, pose)
    halo_px, soft_px = halo_px_of(first, waves), soft_px_of(first, pose, waves)
    plan = plan_near(layout, pose, waves, first, halo_px, soft_px)
    if len(plan) < FEWEST_SEGMENTS:
        return None
    batch = measure(frame, plan, waves, profiles=True, mtf50=True)
    index = np.flatnonzero(comparable(batch))
    if len(index) < FEWEST_SEGMENTS or batch.profiles is None:
        return None
    seen, profiles = plan.take(index), batch.profiles.take(index)
    growth = _growth(pose, waves, seen, batch.normal[index])
    profiles = replace(
        profiles,
        structure=np.hypot(profiles.structure, STRUCTURE_PER_GROWTH * growth),
        skew=np.hypot(profiles.skew, SKEW_PER_GROWTH * growth),
    )
    beside = stray(layout, pose, seen, waves.airy_px, profiles.u)
    top = min(1 / waves.airy_px, HIGHEST_CPP)
    towards = np.where(batch.rising[index], 1.0, -1.0)[:, None] * batch.normal[index]
    slope, slope_sd = gradients(batch.middle_px[index], batch.light[index], towards)
    frequency = FREQUENCY_CPP[passed_frequencies(waves)]
    comparison = compare(profiles, frequency, top, beside, slope, slope_sd)
    return Look(plan, batch, waves, index, comparison)


def _growth(pose: Pose, waves: Waves, plan: SegmentPlan, normal: Array) -> Array:
    """(n,) by how much the radius of blur grows per px across each of n pieces."""
    middle = plan.middle_mm
    step = np.linalg.solve(pose.paper_to_px(middle), normal[:, :, None])[:, :, 0]
    q = [waves.from_depth(pose.depth_mm(middle + side * step)) for side in (-0.5, 0.5)]
    return np.asarray(np.abs(q[1] - q[0]) * waves.blur_px_per_wave / 2)


def comparable(batch: EdgeBatch) -> npt.NDArray[np.bool_]:
    """(n,) True for edges whose profile may enter the fit: a strip too narrow for an SFR of its own will do."""
    return np.asarray(batch.measured & np.isfinite(batch.spread_px) & np.isfinite(batch.offset_px), bool)


def passed_frequencies(waves: Waves) -> npt.NDArray[np.int_]:
    """Indices of the frequencies that the lens passes: below 0.9 of the diffraction cutoff."""
    passed = int(np.count_nonzero(FREQUENCY_CPP * waves.airy_px < 0.9))
    return np.arange(max(passed, LEAST_FREQUENCIES))


def segments_of(
    pose: Pose, plan: SegmentPlan, batch: EdgeBatch, waves: Waves, reduction: float = 1.0
) -> Segments:
    """What the fit needs of the usable pieces of a batch measured in a picture of 1/``reduction`` of the size."""
    index = np.flatnonzero(usable(batch))
    chosen = passed_frequencies(waves)
    covariance = batch.covariance[np.ix_(index, chosen, chosen)]
    return _segments(
        pose,
        plan.take(index),
        waves,
        batch.normal[index],
        FREQUENCY_CPP[chosen],
        batch.sfr[np.ix_(index, chosen)],
        covariance,
        reduction,
        covariance.shape[0] * covariance.shape[1],
    )


def segments_near(pose: Pose, look: Look, q_focus: float) -> Segments:
    """What the fit needs of the pieces near focus, which is at about ``q_focus`` waves."""
    seen = look.comparison
    segments = _segments(
        pose,
        look.plan.take(look.index),
        look.waves,
        look.batch.normal[look.index],
        FREQUENCY_CPP[passed_frequencies(look.waves)],
        seen.sfr,
        seen.covariance,
        1.0,
        seen.count,
    )
    # a surface bent by so many µm is so many waves where the image forms: nearer the lens for what is farther away
    image_mm = look.waves.magnification * look.waves.object_distance_mm
    nearer = (segments.q - q_focus) * look.waves.um_per_wave * 1e-3 / image_mm
    bow = _bow(pose, look, segments.q, q_focus)
    return replace(segments, r2=segments.r2 * (1 + 2 * nearer), bow=bow)


def _bow(pose: Pose, look: Look, q: Array, q_focus: float) -> Array:
    """(n,) how far distortion moves pieces along the slope, in waves: 0 at ``q_focus`` on the column of the aim point.

    Without distortion, depth in waves is linear in a flat chart's place in the picture.
    """
    middle = look.plan.middle_mm[look.index]
    even = replace(pose, distortion=0.0)

    def columns(px: Array) -> Array:
        return np.column_stack([np.ones(len(px)), px - pose.centre_px])

    linear = np.linalg.lstsq(columns(even.project(middle)), q, rcond=None)[0]
    bow = columns(pose.project(middle)) @ linear - q
    column = pose.aim_mm + np.outer(np.linspace(-1, 1, 201) * np.ptp(middle[:, 1]), (0.0, 1.0))
    q_column = look.waves.from_depth(pose.depth_mm(column))
    bow_column = columns(pose.project(column)) @ linear - q_column
    order = np.argsort(q_column)
    return np.asarray(bow - np.interp(q_focus, q_column[order], bow_column[order]))


def _segments(
    pose: Pose,
    plan: SegmentPlan,
    waves: Waves,
    normal: Array,
    frequency: Array,
    sfr: Array,
    covariance: Array,
    reduction: float,
    count: int,
) -> Segments:
    aperture = np.sinc(frequency * normal[:, :1]) * np.sinc(frequency * normal[:, 1:])
    q_ends = [waves.from_depth(pose.depth_mm(plan.paper_mm[:, k])) for k in (0, 1)]
    x, r2 = _field(pose, plan.middle_mm)
    return Segments(
        frequency_cpp=frequency,
        sfr=sfr / aperture,
        covariance=covariance / (aperture[:, :, None] * aperture[:, None, :]),
        count=count,
        q=waves.from_depth(pose.depth_mm(plan.middle_mm)),
        q_half=np.abs(q_ends[1] - q_ends[0]) / 2,
        scale_px_per_mm=plan.scale_px_per_mm / reduction,
        x=x,
        r2=r2,
        across=plan.across,
        bow=np.zeros(len(plan)),
    )


def _field(pose: Pose, paper_mm: Array) -> tuple[Array, Array]:
    """(n,) places of points (n, 2) in half diagonals: across the tilt from the aim point, squared from the centre."""
    where = (pose.project(np.vstack([paper_mm, pose.aim_mm])) - pose.centre_px) / pose.half_diagonal_px
    return where[:-1, 0] - where[-1, 0], (where[:-1] ** 2).sum(axis=1)


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

    def blur_px(paper_mm: Array) -> Array:
        x, r2 = _field(pose, paper_mm)
        field = first.shape[TILT_X] * x + first.shape[CURVATURE] * r2
        off = waves.from_depth(pose.depth_mm(paper_mm)) - first.q_focus - field
        return np.asarray(off * waves.blur_px_per_wave / 2, float)

    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    near_px = 5.0 + 1.5 * waves.airy_px
    reach_px = FARTHEST * near_px
    at_ends = np.stack([blur_px(ends[:, k]) for k in (0, 1)], axis=1)
    nearest = np.where(np.prod(at_ends, axis=1) < 0, 0.0, np.abs(at_ends).min(axis=1))
    at_ends = np.minimum(np.abs(at_ends), reach_px)
    q_per_px = np.abs(
        np.subtract(*(waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)))
    ) / np.maximum(edge_lengths_px(layout, pose), 1e-9)
    piece_waves = max(0.35, 1.2 / waves.blur_px_per_wave)
    longest = np.clip(piece_waves / np.maximum(q_per_px, 1e-9), 30.0, 220.0)
    sharp = float(np.hypot(CORNER_PX + 2.0 * waves.airy_px, 2.5 * soft_px))
    margin = np.where(nearest[:, None] < reach_px, sharp + at_ends + halo_px, 1e6)
    least = float(np.hypot(LEAST_STRIP_PX + 1.3 * waves.airy_px, 3.0 * soft_px)) + halo_px
    wanted = float(np.hypot(13.0 + 3.4 * waves.airy_px, STRIP_SIGMA * soft_px)) + 1.9 * halo_px
    plan = plan_segments(layout, pose, margin, wanted + at_ends.max(axis=1), longest)
    if not len(plan):
        return plan
    blur = np.abs(blur_px(plan.middle_mm))
    clear = np.minimum(plan.half_width_px, plan.room_px - blur - soft_px)
    plan = replace(plan, half_width_px=np.minimum(clear, wanted + blur))
    plan = plan.take((blur < reach_px) & (clear > least + blur))
    return plan.take(thinned(len(plan)))
