"""Conditions that make a photo unfit to judge, found in the survey of its edges: clipping, flicker, lens, scale."""

from __future__ import annotations

import numpy as np

from appliance import optics
from appliance.arrays import Array
from appliance.chart.pose import INVERSE_DISTANCE, Pose
from appliance.chart.pose_fit import PoseFit
from appliance.chart.segments import SegmentPlan
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import APERTURE_RATIO
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Setup
from appliance.frame import Frame
from appliance.sfr import EdgeBatch

TILT_RANGE_DEG = (20.0, 70.0)
"""Tilts of the chart, degrees, between which it spans depth and its squares stay squares to the camera."""
MIN_BRIGHTNESS = 0.03
"""Part of full scale that the brightest hundredth must reach: below, read noise decides."""
MAX_CLIPPED, MAX_SATURATED = 0.3, 0.25
"""Part of the edges, and of the picture, that may be saturated."""
MAX_CONE_RATIO, PLAUSIBLE_SENSOR_TILT_RAD = 1.25, 0.012
"""Two thirds of a stop: stops are marked to a third of one, and lenses differ a little from their marks. And how far a
sensor may be out of square with its mount."""
FOCAL_LENGTH_TOLERANCE = 0.15
"""Relative difference between marked and measured focal length: three times what ISO 517 allows."""
SCALE_TOLERANCE = 0.015
"""Relative difference of the chart's size: half of what 'fit to page' takes at least."""
SQUEEZE_TOLERANCE = 0.1
"""Relative squeeze: the weakest anamorphic lens has 25 %."""
MAX_SENSOR_TILT_RAD = 0.06
"""A sensor out of square by more is no mount's tolerance, but what is left of a view that no flat chart gives."""
FLICKER_AMPLITUDE = 0.03
"""Relative amplitude of bands along the rows: what no smooth illumination leaves."""
GREENS_APART = 0.06
"""Logarithm of how far apart a sensor's two greens may be: one filter, beside red in one, beside blue in the other."""
ROW_BINS = 24
"""Bins along the rows: bands of a twelfth of the picture and wider are seen."""


def too_dark(frame: Frame) -> Reason | None:
    """TOO_DARK if even the brightest hundredth of the green pixels lies near black."""
    bright = (float(np.percentile(_green(frame), 99)) - frame.black) / (frame.white - frame.black)
    return reason("TOO_DARK", percent=max(100 * bright, 0.0)) if bright < MIN_BRIGHTNESS else None


def overexposed(frame: Frame) -> Reason | None:
    """CLIPPED if so much of the picture is saturated that no chart can be found in it."""
    part = float((_green(frame) >= 0.995 * frame.white).mean())
    return reason("CLIPPED", percent=100 * part) if part > MAX_SATURATED else None


def _green(frame: Frame) -> Array:
    """A few of the green pixels, all over the picture."""
    if frame.bayer is None:
        return np.asarray(frame.plane[::7, ::7])
    return np.asarray(frame.greens()[0][::3, ::3])


def wrong_bayer(frame: Frame) -> Reason | None:
    """WRONG_BAYER if the two pixels said to be green differ as two colours do, and the two others are alike instead."""
    if frame.bayer is None:
        return None
    green: list[float] = []
    other: list[float] = []
    for k, colour in enumerate(frame.bayer):
        bright = float(np.percentile(frame.plane[k // 2 :: 30, k % 2 :: 30], 99)) - frame.black
        (green if colour == "g" else other).append(bright / (frame.white - frame.black))
    if min(*green, *other) < MIN_BRIGHTNESS / 3:
        return None
    apart, others = (abs(np.log(a / b)) for a, b in (green, other))
    if apart < GREENS_APART or others > apart / 3:
        return None
    return reason("WRONG_BAYER", percent=100 * (np.exp(apart) - 1), order=frame.bayer)


def wrong_distance(setup: Setup) -> Reason | None:
    """WRONG_DISTANCE if no lens of that focal length focuses as near as the distance given."""
    if setup.distance_mm is None or setup.distance_mm >= 4 * setup.focal_length_mm:
        return None
    return reason("WRONG_DISTANCE", distance=setup.distance_mm, focal=setup.focal_length_mm)


def wrong_f_number(fit: FittedLens, pose: Pose, setup: Setup) -> Reason | None:
    """WRONG_F_NUMBER if blur surely grows with defocus as at another stop, by two thirds of a stop or more.

    CHECK_F_NUMBER, which is no reason to refuse a photo, if a tilt of the sensor along the chart's slope would explain
    it too: that changes how fast defocus grows by its part of m tan θ, θ being the chart's tilt.
    """
    kappa, sd = cone_ratio(fit)
    low, high = 1 / MAX_CONE_RATIO, MAX_CONE_RATIO
    at_least, at_most = APERTURE_RATIO.bounds
    within = at_least < kappa < at_most
    if low <= kappa + 2 * sd and kappa - 2 * sd <= high and within:
        return None
    low, high = cones_explained(pose, setup)
    # at an end of its range the ratio is only known to lie beyond
    explained = within and low <= kappa + 2 * sd and kappa - 2 * sd <= high
    code = "CHECK_F_NUMBER" if explained else "WRONG_F_NUMBER"
    return reason(code, measured=setup.f_number / kappa, given=setup.f_number)


def cone_ratio(fit: FittedLens) -> tuple[float, float]:
    """κ, the cone of light that a fit found in parts of the given stop's, and its standard deviation."""
    variance = float(fit.covariance[APERTURE_RATIO, APERTURE_RATIO])
    return float(fit.shape[APERTURE_RATIO]), float(np.sqrt(variance))


def cones_explained(pose: Pose, setup: Setup) -> tuple[float, float]:
    """The least and the greatest κ that a mark and a tilt of the sensor explain."""
    slope = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3 * np.tan(np.radians(pose.tilt_deg))
    tilt = float(PLAUSIBLE_SENSOR_TILT_RAD / max(slope, 1e-9))
    return 1 / MAX_CONE_RATIO - tilt, MAX_CONE_RATIO + tilt


def clipped(batch: EdgeBatch) -> Reason | None:
    """CLIPPED if many edges reach saturation."""
    part = float((batch.reason == "CLIPPED").mean()) if len(batch) else 0.0
    return reason("CLIPPED", percent=100 * part) if part > MAX_CLIPPED else None


def tilt_out_of_range(pose: Pose) -> Reason | None:
    """TILT_OUT_OF_RANGE if the chart is too square to the axis or too oblique to carry a through-focus curve."""
    low, high = TILT_RANGE_DEG
    if low <= pose.tilt_deg <= high:
        return None
    return reason("TILT_OUT_OF_RANGE", tilt=pose.tilt_deg, low=low, high=high)


def not_flat(pose: Pose) -> Reason | None:
    """NOT_FLAT if the edges do not lie where a flat chart has them before any usual lens."""
    askew = float(np.hypot(pose.sensor_tilt_x_rad, pose.sensor_tilt_y_rad))
    return reason("NOT_FLAT", askew=np.degrees(askew)) if askew > MAX_SENSOR_TILT_RAD else None


def measured_focal_length_mm(pose: Pose, setup: Setup) -> float:
    """Focal length i / (1 + m) in mm that the photo's perspective shows."""
    pitch_mm = setup.pixel_pitch_um * 1e-3
    return pose.principal_distance_px * pitch_mm / (1 + pose.scale_px_per_mm * pitch_mm)


def wrong_lens(fit: PoseFit, setup: Setup) -> Reason | None:
    """WRONG_LENS if perspective shows a focal length far from the one given, or ANAMORPHIC a squeezed picture."""
    squeeze = fit.pose.squeeze - 1
    if abs(squeeze) > SQUEEZE_TOLERANCE:
        return reason("ANAMORPHIC", percent=100 * abs(squeeze))
    measured = measured_focal_length_mm(fit.pose, setup)
    if abs(measured / setup.focal_length_mm - 1) > FOCAL_LENGTH_TOLERANCE:
        return reason("WRONG_LENS", measured=measured, given=setup.focal_length_mm)
    return None


def wrong_scale(fit: PoseFit, setup: Setup, focus_mm: float, bar_mm: float | None = None) -> Reason | None:
    """WRONG_SCALE if the chart's size disagrees with the distance and focal length given.

    With the distance d from the sensor given, m must be i / o, i being the sensor's distance from a lens that focuses
    ``focus_mm`` behind the aim point; a chart printed at a scale k shows m k. Where its bar was read (``bar_mm``)
    the pose is in true lengths, and it is SCALE_DISAGREES: something else must be wrong. A lens whose focal length is
    not quite the one marked is no fault of the chart: where perspective surely shows it at the distance given, all is
    well.
    """
    pose = fit.pose
    if setup.distance_mm is None:
        return None
    object_mm = optics.object_distance_from_sensor_distance_mm(setup.focal_length_mm, setup.distance_mm)
    # a guess of focus that lies in the lens itself must not turn the sign
    sharp_mm = max(object_mm + focus_mm, 2 * setup.focal_length_mm)
    expected = optics.magnification(setup.focal_length_mm, sharp_mm) * sharp_mm / object_mm
    shown = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
    ratio = shown / expected
    if abs(ratio - 1) <= SCALE_TOLERANCE or _in_perspective(fit, setup.distance_mm, setup.pixel_pitch_um):
        return None
    if bar_mm is not None:
        return reason("SCALE_DISAGREES", percent=100 * ratio, bar=bar_mm)
    return reason("WRONG_SCALE", percent=100 * ratio)


def _in_perspective(fit: PoseFit, distance_mm: float, pixel_pitch_um: float) -> bool:
    """Whether perspective surely shows the chart as far from the sensor as it was said to be."""
    pose, relative_u = (
        fit.pose,
        np.sqrt(fit.covariance[INVERSE_DISTANCE, INVERSE_DISTANCE]) / fit.pose.vector()[INVERSE_DISTANCE],
    )
    shown_mm = pose.object_distance_mm + pose.principal_distance_px * pixel_pitch_um * 1e-3
    return bool(abs(shown_mm / distance_mm - 1) + 2 * relative_u <= SCALE_TOLERANCE)


def flicker(plan: SegmentPlan, batch: EdgeBatch, height_px: int) -> Reason | None:
    """FLICKER if the paper's brightness goes up and down along the rows beyond a smooth fall-off."""
    # a blur that fills the strip leaves no level to read beside it
    good = batch.measured & np.isfinite(batch.light) & (batch.reason == "")
    if good.sum() < 5 * ROW_BINS:
        return None
    x, y = plan.px[good, 0] / height_px - 0.5, plan.px[good, 1] / height_px - 0.5
    light = np.log(np.maximum(batch.light[good], 1e-6))
    smooth = np.column_stack([np.ones_like(x), x, y, x * x, x * y, y * y, y**3, x * x * y, y**4])
    rest = light - smooth @ np.linalg.lstsq(smooth, light, rcond=None)[0]
    means, errors = _row_means(y, rest)
    if len(means) <= 8:
        return None
    amplitude = float(np.sqrt(2 * np.maximum(np.mean(means**2) - np.mean(errors**2), 0)))
    return reason("FLICKER") if amplitude > FLICKER_AMPLITUDE else None


def _row_means(y: Array, values: Array) -> tuple[Array, Array]:
    bins = np.clip(((y + 0.5) * ROW_BINS).astype(int), 0, ROW_BINS - 1)
    means, errors = [], []
    for k in range(ROW_BINS):
        inside = values[bins == k]
        if len(inside) >= 3:
            means.append(float(np.median(inside)))
            errors.append(1.25 * float(inside.std()) / np.sqrt(len(inside)))
    return np.array(means), np.array(errors)
