"""From measured focus positions to a verdict with guard bands (ISO 14253-1:2017), its reasons and its budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot
from typing import Any

import numpy as np

from appliance import optics
from appliance.focus.judge.budget import beyond_all, budget_of, disagreement, mean_focus_mm
from appliance.focus.judge.remedy import combined, remedy
from appliance.focus.lens.aberrations import EVEN_COMA
from appliance.focus.lens.fitted import FittedLens
from appliance.focus.lens.parameters import APERTURE_RATIO, LENS
from appliance.focus.measure import Measurement, Refusal
from appliance.focus.reasons import reason
from appliance.focus.refusals import measured_focal_length_mm, wrong_f_number
from appliance.focus.result import Curve, EdgePoint, Reason, Result, Setup, Verdict

GUARD_FACTOR = 1.65
"""Guard band in standard uncertainties: 5 % of wrong decisions on either side (ISO 14253-1:2017)."""
COVERAGE_95 = 1.96
"""Coverage factor of 95 % of a normal distribution (JCGM 100:2008, 6.3.3)."""
SURE = 3.0
"""What is said to be "at least" so large is no interval but a promise: one in a thousand falls short of it."""
MIN_RELATIVE_TOLERANCE = 4.0
"""Tolerance over remount repeatability: the rule of four to one between a tolerance and what measures it."""
MAX_NAMED = 3
"""So many of a lens's rarer faults are named."""
MAX_COMA_WAVES = 0.2
"""More of it all over the picture tells of a decentred lens."""


def tolerance_um(setup: Setup, magnification: float) -> tuple[float, str]:
    """The tolerance (± µm, image side) and where it comes from, in words."""
    if setup.tolerance_um is not None:
        return setup.tolerance_um, f"± {setup.tolerance_um:g} µm as given"
    value = optics.depth_of_focus_um(setup.f_number, magnification, setup.coc_um)
    return value, (
        f"± {value:.1f} µm: working f-number {optics.working_f_number(setup.f_number, magnification):.2f} "
        f"× circle of confusion {setup.coc_um:g} µm"
    )


def stricter_tolerance_um(setup: Setup, magnification: float, fit: FittedLens) -> tuple[float, str]:
    """The tolerance where the photo contradicts the stop given: that of the wider of both, and why, in words.

    Which of both the lens will be used at, nobody here knows; what passes at the wider stop passes at the other.
    """
    value, text = tolerance_um(setup, magnification)
    if setup.tolerance_um is not None:
        return value, text
    measured = setup.f_number / float(fit.shape[APERTURE_RATIO])
    stricter, why = tolerance_um(replace(setup, f_number=min(setup.f_number, measured)), magnification)
    return (stricter, f"{why}, as the photo shows f/{measured:.2g}") if stricter < value else (value, text)


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
        trace=refusal.trace,
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
    focus_mm = mean_focus_mm(measured)
    object_mm, image_mm = optics.aim_distances_mm(setup.focal_length_mm, m, focus_mm)
    um_per_mm = optics.image_shift_um_per_mm(focus_mm, object_mm, image_mm)
    budget = budget_of(measured, setup, um_per_mm)
    if setup.aim_u_mm:  # the plane in focus stays, and the aim point is elsewhere
        budget["aim"] = setup.aim_u_mm * optics.image_shift_um_per_mm(0.0, object_mm, image_mm)
    u_um, u_mm = combined(budget), hypot(combined(budget, without="aim") / um_per_mm, setup.aim_u_mm)
    beyond = beyond_all(measured, focus_mm, GUARD_FACTOR * u_mm)
    doubt = wrong_f_number(measured[0].fit, measured[0].pose.pose, setup)
    if doubt is not None:
        tolerance, tolerance_text = stricter_tolerance_um(setup, m, measured[0].fit)
    common = _common(measured, setup, m, tolerance, tolerance_text, budget)
    too_tight = setup.remount_u_um and tolerance < MIN_RELATIVE_TOLERANCE * setup.remount_u_um
    tight = (reason("TOLERANCE_TOO_TIGHT", tolerance=tolerance, repeatability=setup.remount_u_um),)
    if beyond and too_tight:
        return Result(Verdict.INVALID, tight, **common)
    if beyond:
        return _beyond(measured, tolerance, beyond, object_mm, image_mm, u_um, common)
    shift_um = optics.image_shift_um(focus_mm, object_mm, image_mm)
    common["figures"] |= {
        "focus_error_dioptres": optics.focus_error_dioptres(focus_mm, object_mm),
        **_shift_figures(shift_um, u_um, common["depth_of_focus_um"]),
    }
    verdict = decide(shift_um, u_um, tolerance)
    reasons = _reasons(verdict, shift_um, tolerance, budget, len(measured))
    reasons = (*reasons, *_lens_faults(measured[0].fit))
    if doubt is not None:
        reasons = (*reasons, doubt)
    if too_tight:
        verdict, reasons = Verdict.INVALID, tight
    return Result(
        verdict=verdict,
        reasons=reasons,
        focus_error_mm=focus_mm,
        focus_error_mm_u95=COVERAGE_95 * u_mm,
        image_shift_um=shift_um,
        image_shift_um_u95=COVERAGE_95 * u_um,
        **common,
    )


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
    likely = side * optics.image_shift_um(mean_focus_mm(measured), object_mm, image_mm)
    # focus was found beyond the end of what was measured, but no surer than this
    sure_um = likely - SURE * u_um
    found = (
        abs(optics.focus_error_mm_from_image_shift(side * sure_um, object_mm, image_mm))
        if sure_um > 0
        else 0.0
    )
    # where even the aim point was too blurred only the side is known
    bound = max(min(bound * side, found), 0.0) * side
    shift = side * optics.image_shift_um(bound, object_mm, image_mm)
    fails = max(shift, likely - GUARD_FACTOR * u_um) > tolerance
    if not fails:
        small: tuple[Reason, ...] = (reason("BEYOND_CHART"), reason("CHART_TOO_SMALL"))
        if not _inside(common["aim_px"], common["picture_px"]):
            small = (reason("CHART_CROPPED", detail="the star is outside it"),)
        # at 0 not even the side is known
        return Result(Verdict.INVALID, small, focus_error_mm_at_least=bound or None, **common)
    failed, direction = (Verdict.FAIL_BACK, "BACK_FOCUS") if side > 0 else (Verdict.FAIL_FRONT, "FRONT_FOCUS")
    reasons = (reason("BEYOND_CHART"), reason(direction))
    return Result(failed, reasons, focus_error_mm_at_least=bound, **common)


def _inside(point_px: tuple[float, float], picture_px: tuple[int, int]) -> bool:
    return all(0 <= value < size for value, size in zip(point_px, picture_px, strict=True))


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
        "trace": tuple(step for x in measured for step in x.trace),
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
        "figures": {**_figures(first), **_print_figures(first, setup)},
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


def _lens_faults(fit: FittedLens) -> list[Reason]:
    """What a photo shows of the lens beside where it focuses."""
    decentred = fit.coma_waves > MAX_COMA_WAVES
    told = [reason("DECENTRED", waves=fit.coma_waves)] if decentred else []
    others = [
        name for name in fit.aberrations if not (decentred and name in EVEN_COMA)
    ]  # the strongest first
    if others:
        told.append(reason("FURTHER_ABERRATIONS", what=", ".join(others[:MAX_NAMED])))
    return told


def _shift_figures(shift_um: float, u_um: float, depth_of_focus_um: float) -> dict[str, float]:
    """The image-side shift in other units, and what would take it away if the focus ring is trusted."""
    flange_um = optics.flange_error_um(shift_um)
    return {
        "focus_error_depths_of_focus": optics.depths_of_focus(shift_um, depth_of_focus_um),
        "flange_error_um": flange_um,
        "ring_turn_deg": optics.ring_turn_deg(flange_um),
        "ring_turn_deg_u95": COVERAGE_95 * optics.ring_turn_u_deg(flange_um, u_um),
    }


def _figures(x: Measurement) -> dict[str, float]:
    """Further figures; waves are turned into µm of image shift by 8 N² λ of the sensor's own distance."""
    sd = np.sqrt(np.diag(x.fit.covariance))
    figures: dict[str, float] = {}
    for parameter in LENS:
        figure = parameter.figure
        if figure is None:
            continue
        unit = x.um_per_wave if figure.per_wave else 1.0
        figures[figure.name] = float(x.fit.shape[parameter]) * unit
        if figure.interval:
            figures[f"{figure.name}_u95"] = COVERAGE_95 * float(sd[parameter]) * unit
    figures["distortion_corner_percent"] = 100 * x.pose.pose.distortion
    figures["reduced_chi2"] = x.fit.reduced_chi2
    if x.fit.coma_waves:
        figures["decentring_coma_waves"] = x.fit.coma_waves
    return figures
