"""From measured focus positions to a verdict with guard bands (ISO 14253-1:2017), its reasons and its budget."""

from __future__ import annotations

from collections.abc import Sequence
from math import hypot, sqrt
from typing import Any

import numpy as np

from appliance import optics
from appliance.focus.condition import measured_focal_length_mm
from appliance.focus.measure import Measurement, Refusal
from appliance.focus.model import ASTIGMATISM, CURVATURE, KAPPA, RADIAL, SPHERICAL, TILT_X
from appliance.focus.reasons import reason
from appliance.focus.result import Curve, EdgePoint, Reason, Result, Setup, Verdict
from appliance.focus.settle import NOISE, combined, remedy

GUARD_FACTOR = 1.65
COVERAGE_95 = 1.96
FIXED_PATTERN = 0.15
"""Part of the noise's variance that comes from pixels of uneven gain, and so is the same in every photo: at 0.85 % and
full light. Where there is less light it is less."""
MOST_APART = 5.0
"""Photos of which one lies so many standard deviations from their mean do not show the same."""
LEAST_RELATIVE_TOLERANCE = 4.0


def tolerance_um(setup: Setup, magnification: float) -> tuple[float, str]:
    """The tolerance (± µm, image side) and where it comes from, in words."""
    if setup.tolerance_um is not None:
        return setup.tolerance_um, f"± {setup.tolerance_um:g} µm as given"
    value = optics.depth_of_focus_um(setup.f_number, magnification, setup.coc_um)
    return value, (
        f"± {value:.1f} µm: working f-number {optics.working_f_number(setup.f_number, magnification):.2f} "
        f"× circle of confusion {setup.coc_um:g} µm"
    )


def decide(error_um: float, u_um: float, tolerance: float) -> Verdict:
    """PASS, FAIL or RETEST by the guard band g = 1.65 u: PASS if |e| + g ≤ T, FAIL if |e| − g > T."""
    guard = GUARD_FACTOR * u_um
    if abs(error_um) + guard <= tolerance:
        return Verdict.PASS
    if abs(error_um) - guard > tolerance:
        return Verdict.FAIL_BACK if error_um > 0 else Verdict.FAIL_FRONT
    return Verdict.RETEST


def invalid(refusal: Refusal) -> Result:
    """The result of a photo that cannot be measured."""
    located = refusal.located
    return Result(
        verdict=Verdict.INVALID,
        reasons=(refusal.reason,),
        picture_px=refusal.picture_px,
        chart=located.layout.title if located else None,
        chart_tilt_deg=located.pose.tilt_deg if located else None,
    )


def judge(measured: Sequence[Measurement], setup: Setup) -> Result:
    """Combine the frames of one set-up and decide."""
    apart = disagreement(measured)
    if apart is not None:
        return invalid(Refusal(apart, measured[0].picture_px))
    m = float(np.mean([x.magnification for x in measured]))
    tolerance, tolerance_text = tolerance_um(setup, m)
    focus_mm = _mean_focus_mm(measured)
    beyond = _beyond_all(measured, focus_mm)
    object_mm, image_mm = optics.aim_distances_mm(setup.focal_length_mm, m, focus_mm)
    um_per_mm = optics.image_shift_um_per_mm(focus_mm, object_mm, image_mm)
    budget = _budget(measured, setup, um_per_mm)
    if setup.aim_u_mm:  # the plane in focus stays, and the aim point is elsewhere
        budget["aim"] = setup.aim_u_mm * optics.image_shift_um_per_mm(0.0, object_mm, image_mm)
    u_um, u_mm = combined(budget), hypot(combined(budget, without="aim") / um_per_mm, setup.aim_u_mm)
    common = _common(measured, setup, m, tolerance, tolerance_text, budget)
    too_tight = setup.remount_u_um and tolerance < LEAST_RELATIVE_TOLERANCE * setup.remount_u_um
    if beyond and not too_tight:
        return _beyond(measured, tolerance, beyond, object_mm, image_mm, u_um, common)
    shift_um = optics.image_shift_um(focus_mm, object_mm, image_mm)
    common["figures"] |= {
        "focus_error_dioptres": optics.focus_error_dioptres(focus_mm, object_mm),
        **_shift_figures(shift_um, u_um, common["depth_of_focus_um"]),
    }
    verdict = decide(shift_um, u_um, tolerance)
    reasons = _reasons(verdict, shift_um, tolerance, budget, len(measured))
    if too_tight:
        verdict = Verdict.INVALID
        reasons = (reason("TOLERANCE_TOO_TIGHT", tolerance=tolerance, repeatability=setup.remount_u_um),)
    return Result(
        verdict=verdict,
        reasons=reasons,
        focus_error_mm=focus_mm,
        focus_error_mm_u95=COVERAGE_95 * u_mm,
        image_shift_um=shift_um,
        image_shift_um_u95=COVERAGE_95 * u_um,
        **common,
    )


def _mean_focus_mm(measured: Sequence[Measurement]) -> float:
    weights = np.array([1 / x.noise_mm**2 for x in measured])
    return float(np.average([x.focus_mm for x in measured], weights=weights))


def disagreement(measured: Sequence[Measurement]) -> Reason | None:
    """FRAMES_DISAGREE if photos do not show the same chart, side of it, or focus."""
    titles = sorted({x.layout.title for x in measured})
    if len(titles) > 1:
        return reason("FRAMES_DISAGREE", detail=f"they show the charts {' and '.join(titles)}")
    if {-1, 1} <= {x.beyond for x in measured}:
        return reason("FRAMES_DISAGREE", detail="focus lies before the chart in one and behind it in another")
    mean = _mean_focus_mm(measured)
    for x in measured:
        if abs(x.focus_mm - mean) > MOST_APART * np.hypot.reduce([x.noise_mm, x.pose_mm, x.model_mm]):
            least, most = (pick(y.focus_mm for y in measured) for pick in (min, max))
            return reason("FRAMES_DISAGREE", detail=f"focus lies at {least:+.2f} to {most:+.2f} mm")
    return None


def _beyond_all(measured: Sequence[Measurement], focus_mm: float) -> int:
    """The side on which focus lies beyond the chart by all photos together; 0 if it lies on it."""
    sides = {x.beyond for x in measured}
    if len(sides) == 1:
        return sides.pop()
    low, high = (float(np.mean([x.reach_mm[k] for x in measured])) for k in (0, 1))
    return int(focus_mm > high) - int(focus_mm < low)


def _budget(measured: Sequence[Measurement], setup: Setup, per_mm: float) -> dict[str, float]:
    """Standard uncertainties in µm on the image side, at ``per_mm`` of depth where focus lies, but for the aim's.

    Noise averages over photos; the sensor's fixed pattern and the rest do not.
    """
    noise = 1 / sqrt(sum(1 / x.noise_mm**2 for x in measured))
    pattern = sqrt(FIXED_PATTERN * float(np.mean([x.noise_mm**2 for x in measured])))
    if len(measured) > 1:  # what the photos themselves show may be more than their noise
        mean = _mean_focus_mm(measured)
        noise *= sqrt(
            max(sum(((x.focus_mm - mean) / x.noise_mm) ** 2 for x in measured) / (len(measured) - 1), 1)
        )
    budget = {
        NOISE: sqrt(1 - FIXED_PATTERN) * noise * per_mm,
        "sensor_pattern": pattern * per_mm,
        "pose": sqrt(np.mean([x.pose_mm**2 for x in measured])) * per_mm,
        "lens_model": sqrt(np.mean([x.model_mm**2 for x in measured])) * per_mm,
    }
    if setup.chart_flatness_mm:
        budget["chart_flatness"] = setup.chart_flatness_mm * per_mm
    if setup.remount_u_um:
        budget["remount"] = setup.remount_u_um
    scale_u = setup.print_of(measured[0].layout.title).scale_u
    if scale_u:  # every depth on the chart is in error by the same share
        budget["print_scale"] = abs(_mean_focus_mm(measured)) * per_mm * scale_u
    return budget


def _reasons(
    verdict: Verdict, shift_um: float, tolerance: float, budget: dict[str, float], photos: int
) -> tuple[Reason, ...]:
    if verdict is Verdict.PASS:
        return (reason("IN_TOLERANCE"),)
    if verdict is Verdict.FAIL_BACK:
        return (reason("BACK_FOCUS"),)
    if verdict is Verdict.FAIL_FRONT:
        return (reason("FRONT_FOCUS"),)
    wanted_u_um = abs(abs(shift_um) - tolerance) / GUARD_FACTOR
    return (reason("TOO_CLOSE_TO_CALL", remedy=remedy(budget, photos, wanted_u_um)),)


def _beyond(
    measured: Sequence[Measurement],
    tolerance: float,
    side: int,
    object_mm: float,
    image_mm: float,
    u_um: float,
    common: dict[str, Any],
) -> Result:
    reach = [x.reach_mm[1] if side > 0 else x.reach_mm[0] for x in measured]
    bound = min(reach) if side > 0 else max(reach)
    # focus was found beyond the end of what was measured, but no surer than this
    focus_mm = _mean_focus_mm(measured)
    u_mm = u_um / optics.image_shift_um_per_mm(focus_mm, object_mm, image_mm)
    found = focus_mm * side - COVERAGE_95 * u_mm
    # where even the aim point was too blurred only the side is known
    bound = max(min(bound * side, found), 0.0) * side
    shift = abs(optics.image_shift_um(bound, object_mm, image_mm))
    likely = abs(optics.image_shift_um(focus_mm, object_mm, image_mm))
    fails = max(shift, likely - GUARD_FACTOR * u_um) > tolerance
    failed, direction = (Verdict.FAIL_BACK, "BACK_FOCUS") if side > 0 else (Verdict.FAIL_FRONT, "FRONT_FOCUS")
    return Result(
        verdict=failed if fails else Verdict.INVALID,
        reasons=(reason("BEYOND_CHART"), reason(direction if fails else "CHART_TOO_SMALL")),
        focus_error_mm_at_least=bound,
        **common,
    )


def _common(
    measured: Sequence[Measurement],
    setup: Setup,
    m: float,
    tolerance: float,
    tolerance_text: str,
    budget: dict[str, float],
) -> dict[str, Any]:
    first = measured[0]
    pose = first.pose.pose
    aim = pose.project(np.array([pose.aim_mm]))[0]
    return {
        "tolerance_um": tolerance,
        "tolerance_text": tolerance_text,
        "depth_of_focus_um": optics.depth_of_focus_um(setup.f_number, m, setup.coc_um),
        "magnification": m,
        "chart_tilt_deg": pose.tilt_deg,
        "focal_length_measured_mm": measured_focal_length_mm(pose, setup),
        "mtf50_peak_cpp": _peak_mtf50(first),
        "edges_used": int(sum(x.used.sum() for x in measured)),
        "frames_used": len(measured),
        "chart": first.layout.title,
        "print_text": setup.print_of(first.layout.title).words(setup.distance_mm is not None),
        "aim_px": (float(aim[0]), float(aim[1])),
        "picture_px": first.picture_px,
        "edges": tuple(_edge_points(first)),
        "curve": Curve(
            first.curve_cpp,
            tuple(float(v) for v in first.curve_depth_mm),
            tuple(float(v) for v in first.curve_sfr),
        ),
        "budget_um": budget,
        "figures": {**_figures(first, setup, m), **_print_figures(first, setup)},
    }


def _peak_mtf50(x: Measurement) -> float | None:
    """MTF50 of the sharpest tenth of the edges: their median, cycles per pixel."""
    values = x.batch.mtf50_cpp[x.used]
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    return float(np.median(np.sort(values)[-max(len(values) // 10, 1) :]))


def _edge_points(x: Measurement) -> list[EdgePoint]:
    points = []
    for k in range(len(x.plan)):
        mtf50, sd = float(x.batch.mtf50_cpp[k]), float(x.batch.mtf50_cpp_sd[k])
        used = bool(x.used[k])
        known = used and np.isfinite(mtf50) and np.isfinite(sd)
        x1, y1, x2, y2 = (round(float(v), 2) for v in x.plan.px[k])
        points.append(
            EdgePoint(
                x1,
                y1,
                x2,
                y2,
                depth_mm=round(float(x.depth_mm[k]), 4),
                mtf50_cpp=round(mtf50, 5) if known else None,
                mtf50_cpp_sd=round(sd, 6) if known else None,
                contrast=round(float(x.sfr[k]), 5) if used else None,
                contrast_sd=round(float(x.sfr_sd[k]), 6) if used else None,
                across_tilt=bool(x.plan.across[k]),
                used=used,
            )
        )
    return points


def _print_figures(x: Measurement, setup: Setup) -> dict[str, float]:
    """What is known of the printed chart: its scale by the ruler, and its spread as the photo shows it."""
    printed, figures = setup.print_of(x.layout.title), {}
    if printed.bar_mm is not None:
        figures["print_scale_percent"] = 100 * printed.scale
    if x.print_blur_um is not None:
        figures["print_blur_um"], figures["print_blur_um_u"] = x.print_blur_um
    return figures


def _shift_figures(shift_um: float, u_um: float, depth_of_focus_um: float) -> dict[str, float]:
    """The image-side shift in other units, and what would take it away if the focus ring is trusted."""
    flange_um = optics.flange_error_um(shift_um)
    return {
        "focus_error_depths_of_focus": optics.depths_of_focus(shift_um, depth_of_focus_um),
        "flange_error_um": flange_um,
        "ring_turn_deg": optics.ring_turn_deg(flange_um),
        "ring_turn_deg_u95": COVERAGE_95 * optics.ring_turn_u_deg(flange_um, u_um),
    }


def _figures(x: Measurement, setup: Setup, m: float) -> dict[str, float]:
    """Further figures; waves are turned into µm of image shift by 8 N² λ."""
    um_per_wave = 8 * optics.working_f_number(setup.f_number, m) ** 2 * optics.GREEN_WAVELENGTH_UM
    shape, sd = x.fit.shape, np.sqrt(np.diag(x.fit.covariance)).tolist()
    return {
        "astigmatism_um": float(shape[ASTIGMATISM] * um_per_wave),
        "astigmatism_corner_um": float(shape[RADIAL] * um_per_wave),
        "astigmatism_corner_um_u95": COVERAGE_95 * sd[RADIAL] * um_per_wave,
        "field_curvature_corner_um": float(shape[CURVATURE] * um_per_wave),
        "field_tilt_corner_um": float(shape[TILT_X] * um_per_wave),
        "spherical_w040_waves": float(shape[SPHERICAL]),
        "cone_ratio": float(shape[KAPPA]),
        "distortion_corner_percent": 100 * x.pose.pose.distortion,
        "reduced_chi2": x.fit.reduced_chi2,
    }
