"""Where edges were found, and the pose that they tell."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from appliance import optics
from appliance.arrays import Array, Mask
from appliance.chart.pose import (
    DISTORTION,
    INVERSE_DISTANCE,
    LOG_SQUEEZE,
    PARAMETERS,
    SENSOR_TILT_X,
    SENSOR_TILT_Y,
    Pose,
)
from appliance.chart.pose_fit import PoseFit, fit_pose
from appliance.chart.segments import SegmentPlan
from appliance.focus.result import Setup
from appliance.sfr import EdgeBatch

FOCAL_LENGTH_PRIOR = 0.04
"""Relative standard deviation of a marked focal length: ISO 517 allows ± 5 %, zooms more."""
POSITION_FLOOR_PX = 0.03
"""Standard deviation of a printed edge's place beside noise: what a laser printer's raster leaves; by trial on the
simulated bench."""
POSITION_PER_SPREAD = 0.02
"""The same per px of blur's standard deviation: ink nearby moves a blurred edge by some part of its blur; by trial
on the simulated bench."""
MIN_POSITION_SD_PX = 0.01
"""What is beside a blurred edge moves its apparent place by some part of the blur."""
LARGE_RESIDUAL, EXPLAINS = 1.0, 0.5
"""Median residual that wants an explanation, and what a good one leaves of it: a sensor that sits askew or, if that is
more than mechanics allow, an anamorphic lens, which looks alike."""
SENSOR_TILT_SD_RAD = 0.01
"""Standard deviation of a sensor out of square with its mount: 10 mrad is 40 µm over half a diagonal of 4 mm."""
MAX_FOCAL_LENGTH_ERROR, SQUEEZES = 0.1, (0.75, 0.55, 1.33, 1.8)
"""A focal length off by more is no engraving, but may be an anamorphic lens on either axis: without its squeeze, tilt
and focal length of a flat chart take it on."""
STRIP_SIGMAS, CUT_OFF = 5.6, 0.3
"""A blur of a larger part of the half width moves an edge's apparent place by this part of what is too much."""


@dataclass(frozen=True)
class EdgePositions:
    """Where n edges were found: points (n, 2) of the paper in mm, the same in the picture in px.

    Of the difference only the part along ``normal`` (n, 2) counts; its standard deviation is ``sd_px`` (n,).
    """

    paper_mm: Array
    px: Array
    normal: Array
    sd_px: Array

    @classmethod
    def of(cls, plan: SegmentPlan, batch: EdgeBatch, good: Mask, cut_off: float = 0.0) -> EdgePositions:
        """The ``good`` (n,) of the planned pieces; ``cut_off`` widens those too blurred for their strips."""
        chosen = plan.take(good)
        middle_px = (chosen.px[:, :2] + chosen.px[:, 2:]) / 2
        normal, spread = batch.normal[good], batch.spread_px[good]
        floor = POSITION_FLOOR_PX + POSITION_PER_SPREAD * spread
        floor = floor + cut_off * np.maximum(spread - chosen.half_width_px / STRIP_SIGMAS, 0)
        return cls(
            chosen.middle_mm,
            middle_px + batch.offset_px[good, None] * normal,
            normal,
            np.hypot(batch.offset_px_sd[good], floor),
        )

    def enlarged(self, factor: float) -> EdgePositions:
        """The same in a picture of ``factor`` times the size."""
        return replace(self, px=(self.px + 0.5) * factor - 0.5, sd_px=self.sd_px * factor)

    def joined(self, other: EdgePositions) -> EdgePositions:
        """Both together."""
        return EdgePositions(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("paper_mm", "px", "normal", "sd_px")
            )
        )


def position_residuals(pose: Pose, plan: SegmentPlan, batch: EdgeBatch) -> tuple[Array, float]:
    """How far along their normals a pose has n edges from where they were found, (n,) px, and how well it knows.

    The mean along an edge counts, for the corners of a square make its sides look bent. The standard deviation is that
    of an edge's place about the pose's: what is left of the scatter, robustly, when that of the finding is taken out.
    A printer that is no ruler makes it large.
    """
    middle, half = plan.middle_mm, (plan.paper_mm[:, 1] - plan.paper_mm[:, 0]) / 2
    # two points at the root mean square distance from the middle tell the mean of a bent line
    there = np.mean([pose.project(middle + side * half / np.sqrt(3)) for side in (-1, 1)], axis=0)
    length = np.hypot(*(plan.px[:, 2:] - plan.px[:, :2]).T)
    off = ((there - batch.middle_px) * batch.normal).sum(axis=1) - batch.bend_per_px * length**2 / 12
    usual, own = 1.4826 * float(np.median(np.abs(off))), float(np.median(batch.offset_px_sd))
    return off, float(np.hypot(MIN_POSITION_SD_PX, np.sqrt(max(usual**2 - own**2, 0.0))))


def refine_pose(pose: Pose, positions: EdgePositions, setup: Setup) -> PoseFit:
    """Pose from where edges were found; lines count only along their normals."""
    prior_sd = np.full(PARAMETERS, np.inf)
    prior_sd[DISTORTION] = 0.03
    prior_sd[[SENSOR_TILT_X, SENSOR_TILT_Y]] = SENSOR_TILT_SD_RAD
    start = replace(pose, squeeze=1.0, sensor_tilt_x_rad=0.0, sensor_tilt_y_rad=0.0)

    def image_px(pose: Pose) -> float:
        m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
        return optics.image_distance_mm(setup.focal_length_mm, m) / (setup.pixel_pitch_um * 1e-3)

    def fitted(start: Pose, *more: int) -> PoseFit:
        free = (0, 1, 2, 3, 4, 5, INVERSE_DISTANCE, DISTORTION, *more)
        prior_mean = np.zeros(PARAMETERS)
        prior_mean[INVERSE_DISTANCE] = 1e3 * start.scale_px_per_mm / image_px(start)
        prior_sd[INVERSE_DISTANCE] = FOCAL_LENGTH_PRIOR * prior_mean[INVERSE_DISTANCE]
        return fit_pose(
            start,
            positions.paper_mm,
            positions.px,
            positions.normal,
            positions.sd_px,
            free,
            prior_mean,
            prior_sd,
        )

    def left(fit: PoseFit) -> float:
        return float(np.median(np.abs(fit.residuals)))

    def strange(fit: PoseFit) -> float:
        return abs(fit.pose.principal_distance_px / image_px(fit.pose) - 1)

    fit = fitted(start)
    if left(fit) > LARGE_RESIDUAL:
        askew, squeezed = fitted(start, SENSOR_TILT_X, SENSOR_TILT_Y), fitted(start, LOG_SQUEEZE)
        other = squeezed if left(squeezed) < EXPLAINS * left(askew) else askew
        if left(other) < EXPLAINS * left(fit):
            return other
    if strange(fit) > MAX_FOCAL_LENGTH_ERROR:
        for squeeze in SQUEEZES:
            squeezed = fitted(_as_if_squeezed(fit.pose, squeeze), LOG_SQUEEZE)
            if strange(squeezed) < EXPLAINS * MAX_FOCAL_LENGTH_ERROR and left(squeezed) < max(
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
