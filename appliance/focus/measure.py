"""One photo to one focus position: locate, survey, look again near focus, fit."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from appliance.arrays import Array, Mask
from appliance.chart.layout import Layout
from appliance.chart.locate import Located, NotLocated, locate
from appliance.chart.pose import PARAMETERS
from appliance.chart.pose_fit import PoseFit
from appliance.chart.segments import SegmentPlan
from appliance.focus.edges.near_focus import NearFocus, halo_radius_px, measure_near_focus
from appliance.focus.edges.strips import widest_waves
from appliance.focus.edges.survey import MIN_SEGMENTS, Survey, survey, usable
from appliance.focus.fit import through_focus
from appliance.focus.fit.final import Fitted, fit_strips
from appliance.focus.fit.initial import InitialFit
from appliance.focus.fit.stop import wrong_stop
from appliance.focus.lens.data import Segments
from appliance.focus.lens.defocus import DefocusScale
from appliance.focus.lens.fitted import FittedLens, curve
from appliance.focus.lens.otf import OtfTable
from appliance.focus.lens.parameters import MOTION_COS2, MOTION_SIN2, PRINT_VARIANCE, places
from appliance.focus.lens.priors import Priors
from appliance.focus.printed_chart import blur_seen, spread_mm
from appliance.focus.reasons import reason
from appliance.focus.refusals import (
    flicker,
    not_flat,
    overexposed,
    tilt_out_of_range,
    too_dark,
    wrong_bayer,
    wrong_distance,
    wrong_f_number,
    wrong_lens,
    wrong_scale,
)
from appliance.focus.result import Reason, Setup
from appliance.focus.trace import Step, timed
from appliance.frame import Frame
from appliance.sfr import EdgeBatch

CURVE_CPP = 0.16
"""The frequency that the plotted curve shows."""
MAX_MOTION_PX = 4.0
"""Travel in an exposure beyond which a picture is refused, px: more than the strips' levels leave room for."""
MIN_EDGES = 30
"""Edges that a curve must rest on: about twice as many as a lens's shape has members."""
MORE_HALO_PX, ANOTHER_CONE = 1.0, 0.002
"""A halo wider than was foreseen by more, and a working f-number off by more, relative, ask for another look."""
MIN_PICTURE_PX = 100
"""Shorter side of a picture in which a chart's fiducials could be read at all, px."""
MAX_REDUCED_CHI2, MAX_LEFT_OUT = 5.0, 0.3
"""What describes edges worse, or leaves out a greater part of them, describes something else than a chart's edges."""


@dataclass(frozen=True)
class Refusal:
    """A photo that cannot be measured, and why."""

    reason: Reason
    picture_px: tuple[int, int]
    located: Located | None = None
    trace: tuple[Step, ...] = field(default=(), compare=False)
    """How far the measurement came."""


@dataclass(frozen=True)
class Measurement:
    """What one photo says.

    ``focus_mm`` is the depth of best focus behind the aim point with the standard uncertainties ``noise_mm`` (averages
    over frames), ``pose_mm`` and ``model_mm`` (do not: the chart's pose, and what no model of a lens knows).
    ``beyond`` is −1, 0 or +1 if focus lies on the near side of, on, or on the far side of the chart, where ``reach_mm``
    (near, far) is what the measured edges span.
    """

    focus_mm: float
    noise_mm: float
    pose_mm: float
    model_mm: float
    beyond: int
    reach_mm: tuple[float, float]
    pose: PoseFit
    layout: Layout
    plan: SegmentPlan
    batch: EdgeBatch
    depth_mm: Array
    fit: FittedLens
    magnification: float
    um_per_wave: float
    """Image-side shift of focus per wave of defocus, µm, see :class:`~appliance.focus.lens.defocus.DefocusScale`."""
    used: Mask
    curve_cpp: float
    curve_depth_mm: Array
    curve_sfr: Array
    sfr: Array
    sfr_sd: Array
    picture_px: tuple[int, int]
    print_blur_um: tuple[float, float] | None = None
    """The print's spread and its standard uncertainty, as this photo alone shows them; None if it hardly does."""
    trace: tuple[Step, ...] = field(default=(), compare=False)
    """How it came about, stage by stage."""


def measure_frame(frame: Frame, setup: Setup) -> Measurement | Refusal:
    """Measure where focus lies in one photo, or say why that cannot be done."""
    picture_px = (frame.plane.shape[1], frame.plane.shape[0])
    if min(picture_px) < MIN_PICTURE_PX:
        size = " × ".join(map(str, picture_px))
        return Refusal(reason("NO_CHART", detail=f"the picture has only {size} px"), picture_px)
    for problem in (wrong_distance(setup), too_dark(frame), wrong_bayer(frame)):
        if problem is not None:
            return Refusal(problem, picture_px)
    start = time.perf_counter()
    located = locate(frame, 1.03 * setup.focal_length_mm / (setup.pixel_pitch_um * 1e-3))
    if isinstance(located, NotLocated):
        return Refusal(overexposed(frame) or reason(located.code, detail=located.text), picture_px)
    trace: tuple[Step, ...] = (timed("locate", start, f"chart {located.layout.title}"),)
    printed, setup = setup.print_of(located.layout.title), setup.with_print_of(located.layout.title)
    located = located.printed_at(printed.scale)
    start = time.perf_counter()
    seen = survey(frame, located, setup)
    if isinstance(seen, Reason):
        return Refusal(seen, picture_px, located, trace)
    trace = (*trace, timed("survey", start, f"{int(usable(seen.batch).sum())} edges, pose refined"))
    pose = seen.pose.pose
    located = replace(located, pose=pose)
    for problem in (
        wrong_lens(seen.pose, setup),
        not_flat(pose),
        tilt_out_of_range(pose),
        flicker(seen.plan, seen.batch, picture_px[1]),
    ):
        if problem is not None:
            return Refusal(problem, picture_px, located, trace)
    outcome, trace = _focus(frame, setup, located, seen, trace)
    if isinstance(outcome, Reason):
        return Refusal(outcome, picture_px, located, trace)
    # how large the chart should look depends a little on where the lens focuses
    disagrees = wrong_scale(seen.pose, setup, outcome.focus_mm, printed.bar_mm)
    if disagrees is not None:
        return Refusal(disagrees, picture_px, located, trace)
    return replace(outcome, print_blur_um=_print_blur(outcome, setup), trace=trace)


def _print_blur(measured: Measurement, setup: Setup) -> tuple[float, float] | None:
    """The print's spread and its standard uncertainty, µm, as the photo alone shows them."""
    fit = measured.fit
    variance, own = float(fit.shape[PRINT_VARIANCE]), float(fit.covariance[PRINT_VARIANCE, PRINT_VARIANCE])
    prior_mm = spread_mm(setup.print_blur_um, setup.print_blur_u_um)
    return blur_seen(variance, own, fit.reduced_chi2, prior_mm, measured.magnification)


def _focus(
    frame: Frame, setup: Setup, located: Located, seen: Survey, trace: tuple[Step, ...]
) -> tuple[Measurement | Reason, tuple[Step, ...]]:
    """Where focus lies by the survey, and then by strips near it; what was done goes on the ``trace``."""
    start = time.perf_counter()
    initial = InitialFit.of(setup, seen)
    if isinstance(initial, Reason):
        return initial, trace
    found = f"focus {initial.fit.best_focus_waves:+.2f} ± {initial.fit.best_focus_sd_waves:.2f} waves"
    trace = (*trace, replace(timed("initial fit", start, found), within=initial.fit.trace))
    elsewhere = wrong_stop(initial, seen.pose.pose, setup)
    if elsewhere is not None:
        return elsewhere, trace
    start = time.perf_counter()
    near = measure_near_focus(frame, located.layout, seen, setup, initial.fit)
    if near is None:
        fit = through_focus.fit(initial.data, initial.table, initial.fit.parameters, initial.priors)
        trace = (*trace, *fit.trace)
        used = usable(seen.batch)
        problem = _unlike(fit, seen.pose, setup) or _motion(fit, seen.plan, used) or _unfit(fit, used)
        of_survey = (seen.pose, seen.plan, seen.batch, used, initial.waves, initial.data, fit, initial.table)
        return problem or _collect(located, *of_survey), trace
    trace = (*trace, timed("near focus", start, f"{int(near.used.sum())} strips"))
    if not np.isfinite(near.strips.tails.far).all():
        return reason("CHART_CROPPED", detail="squares about focus are not seen whole"), trace
    fitted, table = _fitted(frame, located.layout, near, initial.priors)
    trace = (*trace, *fitted.trace)
    if _another(setup, near, initial.fit, fitted.fit):
        start = time.perf_counter()
        closer = measure_near_focus(frame, located.layout, seen, setup, fitted.fit)
        if closer is not None and np.isfinite(closer.strips.tails.far).all():
            near = closer
            trace = (
                *trace,
                timed("near focus again", start, f"{int(near.used.sum())} strips, as blur is other"),
            )
            fitted, table = _fitted(frame, located.layout, near, initial.priors)
            trace = (*trace, *fitted.trace)
    used = np.isin(np.arange(len(near.plan)), np.flatnonzero(near.used)[fitted.kept])
    left_out = 1 - used.sum() / near.used.sum()
    fit = fitted.fit
    problem = _unlike(fit, near.pose, setup) or _motion(fit, near.plan, used) or _unfit(fit, used, left_out)
    of_strips = (near.pose, near.plan, near.batch, used, near.strips.waves, fitted.data, fit, table)
    return problem or _collect(located, *of_strips), trace


def _another(setup: Setup, near: NearFocus, prediction: FittedLens, found: FittedLens) -> bool:
    """Whether a lens is so much another than was foreseen that strips were cut, or diffraction told, wrongly for it."""
    waves = near.strips.waves
    working = DefocusScale.of(setup, near.pose.pose, found.paraxial_focus_waves).working_f_number
    wider = halo_radius_px(found, waves) > halo_radius_px(prediction, waves) + MORE_HALO_PX
    return wider or abs(working / waves.working_f_number - 1) > ANOTHER_CONE


def _fitted(frame: Frame, layout: Layout, near: NearFocus, priors: Priors) -> tuple[Fitted, OtfTable]:
    waves = near.strips.waves
    table = OtfTable(near.strips.frequency_cpp * waves.airy_px, widest_waves(near.plan, waves))
    priors = Priors(priors.print_sigma_mm, waves.um_per_wave)
    return fit_strips(frame, layout, near, table, priors), table


def _unlike(fit: FittedLens, pose: PoseFit, setup: Setup) -> Reason | None:
    """WRONG_F_NUMBER; what is only to be checked is told with the verdict."""
    found = wrong_f_number(fit, pose.pose, setup)
    return found if found is not None and found.code == "WRONG_F_NUMBER" else None


def _unfit(fit: FittedLens, used: Mask, strange: float = 0.0) -> Reason | None:
    """FEW_EDGES or POOR_FIT where the curve rests on too little, or does not describe what was seen.

    ``strange`` is the part of the edges that was left out.
    """
    if used.sum() < MIN_EDGES:
        return reason("FEW_EDGES", count=used.sum())
    if fit.reduced_chi2 > MAX_REDUCED_CHI2 or strange > MAX_LEFT_OUT:
        return reason("POOR_FIT", chi2=fit.reduced_chi2, strange=100 * strange)
    return None


def _motion(fit: FittedLens, plan: SegmentPlan, good: Mask) -> Reason | None:
    """MOTION_BLUR if one direction is softer at all depths than the other: a smear of 4 px, or beyond measuring."""
    shares = [float(good[sel].mean()) for sel in (plan.across, ~plan.across) if sel.sum() >= MIN_SEGMENTS]
    if len(shares) == 2 and min(shares) < 0.2 and max(shares) > 0.6:
        return reason("MOTION_BLUR")
    members = places((MOTION_COS2, MOTION_SIN2))
    smear = fit.shape[members]
    # together they are the variance along a smear, whatever its direction
    variance, sd = np.hypot(*smear), np.sqrt(fit.covariance[members, members].max())
    if variance > MAX_MOTION_PX**2 / 12 and variance > 4 * sd:
        return reason("MOTION_BLUR")
    return None


def _collect(
    located: Located,
    pose_fit: PoseFit,
    plan: SegmentPlan,
    batch: EdgeBatch,
    used: Mask,
    waves: DefocusScale,
    data: Segments,
    fit: FittedLens,
    table: OtfTable,
) -> Measurement:
    pose = pose_fit.pose
    q_low, q_high = float(data.q.min()), float(data.q.max())
    beyond = int(fit.best_focus_waves > q_high) - int(fit.best_focus_waves < q_low)
    focus_mm = float(waves.to_depth(np.array(fit.best_focus_waves)))
    mm_per_wave = waves.mm_per_wave(focus_mm)
    low_mm, high_mm = waves.to_depth(np.array([q_low, q_high])).tolist()
    curve_q = np.linspace(q_low, q_high, 121)
    shown = int(np.argmin(np.abs(data.frequency_cpp - CURVE_CPP)))
    sfr, sd = np.full(len(plan), np.nan), np.full(len(plan), np.nan)
    seen = data.sfr if data.prediction is None else data.sfr - data.prediction.at(fit.shape)
    sfr[used] = seen[:, shown]
    sd[used] = np.sqrt(data.covariance[:, shown, shown])
    return Measurement(
        focus_mm=focus_mm,
        noise_mm=fit.best_focus_sd_waves * mm_per_wave,
        pose_mm=_pose_uncertainty_mm(pose_fit, focus_mm),
        model_mm=fit.model_sd_waves * mm_per_wave,
        beyond=beyond,
        reach_mm=(low_mm, high_mm),
        pose=pose_fit,
        layout=located.layout,
        plan=plan,
        batch=batch,
        depth_mm=pose.depth_mm(plan.middle_mm),
        fit=fit,
        magnification=waves.magnification,
        um_per_wave=waves.um_per_wave,
        used=used,
        curve_cpp=float(data.frequency_cpp[shown]),
        curve_depth_mm=waves.to_depth(curve_q),
        curve_sfr=curve(fit, table, curve_q)[:, shown],
        sfr=sfr,
        sfr_sd=sd,
        picture_px=pose.picture_px,
    )


def _pose_uncertainty_mm(fit: PoseFit, focus_mm: float) -> float:
    """Standard uncertainty of the depth of the chart's line that is in focus, from the pose's covariance."""
    pose = fit.pose
    slope = float(pose.depth_mm(np.array([[pose.aim_mm[0], pose.aim_mm[1] + 1.0]]))[0])
    point = (
        np.array([[pose.aim_mm[0], pose.aim_mm[1] + focus_mm / slope]]) if slope else np.array([pose.aim_mm])
    )
    v = pose.vector()
    gradient = np.zeros(PARAMETERS)
    for k in range(3):
        step = np.zeros(PARAMETERS)
        step[k] = 1e-5
        up, down = (pose.with_vector(v + s * step).depth_mm(point)[0] for s in (1, -1))
        gradient[k] = (up - down) / 2e-5
    return float(np.sqrt(np.maximum(gradient @ fit.covariance @ gradient, 0.0)))
