"""From pieces of edges in a picture to the numbers that the through-focus fit takes."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from appliance.arrays import Array, Index
from appliance.chart.pose import Pose
from appliance.chart.segments import SegmentPlan
from appliance.focus.edges.survey import FREQUENCY_CPP, usable
from appliance.focus.lens.data import Geometry, Segments
from appliance.focus.lens.defocus import DefocusScale
from appliance.sfr import EdgeBatch, SfrFit

MIN_FREQUENCIES = 6
"""Frequencies that are fitted however little the lens passes: fewer would not tell defocus from a Gaussian."""


def passed_frequencies(waves: DefocusScale) -> Index:
    """Indices of the frequencies that the lens passes: below 0.9 of the diffraction cutoff."""
    passed = int(np.count_nonzero(FREQUENCY_CPP * waves.airy_px < 0.9))
    return np.arange(max(passed, MIN_FREQUENCIES))


def aperture(frequency: Array, normal: Array) -> Array:
    """(n, f) response of a square pixel at frequencies (f,) along normals (n, 2)."""
    return np.asarray(np.sinc(frequency * normal[:, :1]) * np.sinc(frequency * normal[:, 1:]))


def segments_of(
    pose: Pose, plan: SegmentPlan, batch: EdgeBatch, waves: DefocusScale, reduction: float = 1.0
) -> Segments:
    """The usable pieces of a batch measured in a picture of 1/``reduction`` of the size, by their own SFR."""
    index = np.flatnonzero(usable(batch))
    chosen = passed_frequencies(waves)
    geometry = geometry_of(pose, plan.take(index), waves)
    geometry = replace(geometry, scale_px_per_mm=geometry.scale_px_per_mm / reduction)
    covariance = batch.covariance[np.ix_(index, chosen, chosen)]
    sfr = batch.sfr[np.ix_(index, chosen)]
    count = np.full(len(sfr), float(len(chosen)))
    return _seen(geometry, batch.normal[index], FREQUENCY_CPP[chosen], sfr, covariance, count)


def seen_at(geometry: Geometry, normal: Array, frequency: Array, seen: SfrFit) -> Segments:
    """Pieces by the comparison of their profiles."""
    return _seen(geometry, normal, frequency, seen.sfr, seen.covariance, seen.count)


def _seen(
    geometry: Geometry, normal: Array, frequency: Array, sfr: Array, covariance: Array, count: Array
) -> Segments:
    pixel = aperture(frequency, normal)
    return Segments(
        **{f.name: getattr(geometry, f.name) for f in fields(geometry)},
        frequency_cpp=frequency,
        sfr=sfr / pixel,
        covariance=covariance / (pixel[:, :, None] * pixel[:, None, :]),
        count=count,
    )


def geometry_of(
    pose: Pose, plan: SegmentPlan, waves: DefocusScale, best_focus_waves: float | None = None
) -> Geometry:
    """Where pieces are; more exactly if it is known where focus is, in waves."""
    q_ends = [waves.from_depth(pose.depth_mm(plan.paper_mm[:, k])) for k in (0, 1)]
    half = np.abs(q_ends[1] - q_ends[0]) / 2
    q, x, r2, distortion_defocus = where(pose, plan.middle_mm, waves, best_focus_waves)
    place = (pose.project(plan.middle_mm) - pose.centre_px) / pose.half_diagonal_px
    return Geometry(
        q,
        half,
        plan.scale_px_per_mm,
        x,
        r2,
        _field_astigmatism_weight(place, plan.px),
        _azimuth(plan.px),
        distortion_defocus,
        place,
    )


def where(
    pose: Pose, paper_mm: Array, waves: DefocusScale, best_focus_waves: float | None = None
) -> tuple[Array, Array, Array, Array]:
    """(n,) ``q``, ``x``, ``r2`` and ``distortion_defocus`` of :class:`Geometry` of points (n, 2) on paper."""
    q = waves.from_depth(pose.depth_mm(paper_mm))
    x, r2 = field_of(pose, paper_mm)
    if best_focus_waves is None:
        return q, x, r2, np.zeros(len(q))
    # a surface bent by so many µm is so many waves where the image forms: nearer the lens for what is farther away
    image_mm = waves.magnification * waves.object_distance_mm
    r2 = r2 * (1 + 2 * (q - best_focus_waves) * waves.um_per_wave * 1e-3 / image_mm)
    return q, x, r2, _distortion_defocus(pose, paper_mm, waves, q, best_focus_waves)


def _distortion_defocus(
    pose: Pose, middle: Array, waves: DefocusScale, q: Array, best_focus_waves: float
) -> Array:
    """(n,) how far distortion moves points along the slope, waves: 0 at ``best_focus_waves`` on the aim point's column.

    Without distortion, depth in waves is linear in a flat chart's place in the picture.
    """
    even = replace(pose, distortion=0.0)

    def columns(px: Array) -> Array:
        return np.column_stack([np.ones(len(px)), px - pose.centre_px])

    linear = np.linalg.lstsq(columns(even.project(middle)), q, rcond=None)[0]
    distortion_defocus = columns(pose.project(middle)) @ linear - q
    column = pose.aim_mm + np.outer(np.linspace(-1, 1, 201) * np.ptp(middle[:, 1]), (0.0, 1.0))
    q_column = waves.from_depth(pose.depth_mm(column))
    distortion_of_column = columns(pose.project(column)) @ linear - q_column
    order = np.argsort(q_column)
    return np.asarray(
        distortion_defocus - np.interp(best_focus_waves, q_column[order], distortion_of_column[order])
    )


def _field_astigmatism_weight(place: Array, px: Array) -> Array:
    """(n,) (n · r)² − r²/2 of pieces (n, 4) whose normals are n, at places r (n, 2) from the picture's centre."""
    x, y = (px[:, 2:] - px[:, :2]).T
    along_normal = (place[:, 1] * x - place[:, 0] * y) ** 2 / (x * x + y * y)
    return np.asarray(along_normal - (place**2).sum(axis=1) / 2)


def _azimuth(px: Array) -> Array:
    """(n, 2) half of n_y² − n_x², and n_x n_y, of pieces (n, 4) whose normals are n."""
    x, y = (px[:, 2:] - px[:, :2]).T
    return np.asarray(np.stack([(x * x - y * y) / 2, -x * y], axis=1) / (x * x + y * y)[:, None])


def field_of(pose: Pose, paper_mm: Array) -> tuple[Array, Array]:
    """(n,) places of points (n, 2) in half diagonals: across the tilt from the aim point, squared from the centre."""
    where = (pose.project(np.vstack([paper_mm, pose.aim_mm])) - pose.centre_px) / pose.half_diagonal_px
    return where[:-1, 0] - where[-1, 0], (where[:-1] ** 2).sum(axis=1)
