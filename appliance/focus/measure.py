"""One photo to one focus position: locate, survey, refine the pose, measure near focus, fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from appliance import optics
from appliance.chart.layout import Layout
from appliance.chart.locate import Located, NotLocated, locate
from appliance.chart.pose import DISTORTION, NEARNESS, PARAMETERS, Array, Pose, PoseFit, fit_pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.focus import through
from appliance.focus.pupil import PupilTable
from appliance.focus.reasons import reason
from appliance.focus.result import Reason, Setup
from appliance.frame import Frame
from appliance.sfr import EdgeBatch, measure_edges

FREQUENCY_CPP = np.arange(0.04, 0.49, 0.04)
SURVEY_PIECE_PX = 60.0
SURVEY_STRIP_PX = 16.0
MOST_SEGMENTS = 900
FOCAL_LENGTH_PRIOR = 0.04
"""Relative standard deviation of a marked focal length: ISO 517 allows ± 5 %, zooms more."""
FEWEST_SEGMENTS = 12
TILT_RANGE_DEG = (20.0, 70.0)
CURVE_FREQUENCY = 3
"""Index into FREQUENCY_CPP of the frequency that the plotted curve shows."""


@dataclass(frozen=True)
class Refusal:
    """A photo that cannot be measured, and why."""

    reason: Reason
    picture_px: tuple[int, int]
    located: Located | None = None


@dataclass(frozen=True)
class Measurement:
    """What one photo says.

    ``focus_mm`` is the depth of best focus behind the aim point with the standard uncertainties ``noise_mm`` (averages
    over frames) and ``pose_mm`` (does not); ``beyond`` is −1, 0 or +1 if focus lies on the near side of, on, or on the
    far side of the chart, where ``reach_mm`` (near, far) is what the measured edges span.
    """

    focus_mm: float
    noise_mm: float
    pose_mm: float
    beyond: int
    reach_mm: tuple[float, float]
    pose: PoseFit
    layout: Layout
    plan: SegmentPlan
    batch: EdgeBatch
    depth_mm: Array
    fit: through.ThroughFocus
    magnification: float
    used: npt.NDArray[np.bool_]
    curve_depth_mm: Array
    curve_sfr: Array
    sfr: Array
    sfr_sd: Array
    picture_px: tuple[int, int]
    notes: tuple[Reason, ...]


class _Waves:
    """Conversion between depth behind the aim point (mm) and defocus at the pupil's rim (waves)."""

    def __init__(self, setup: Setup, pose: Pose) -> None:
        self.distance = pose.object_distance_mm
        pupil_radius = setup.focal_length_mm / (2 * setup.f_number)
        self.per_diopter_mm = pupil_radius**2 / 2 / (optics.GREEN_WAVELENGTH_UM * 1e-3)
        m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
        self.working_f_number = optics.working_f_number(setup.f_number, m)
        self.magnification = m
        self.blur_px_per_wave = (
            8 * self.working_f_number * optics.GREEN_WAVELENGTH_UM / setup.pixel_pitch_um
        )  # full width of the geometric blur disc

    def from_depth(self, depth_mm: Array) -> Array:
        return np.asarray(self.per_diopter_mm * (1 / self.distance - 1 / (self.distance + depth_mm)), float)

    def to_depth(self, q: Array) -> Array:
        nearness = 1 / self.distance - q / self.per_diopter_mm
        return np.asarray(1 / np.maximum(nearness, 1e-9) - self.distance, float)


def measure_frame(frame: Frame, setup: Setup) -> Measurement | Refusal:
    """Measure where focus lies in one photo, or say why that cannot be done."""
    picture_px = (frame.plane.shape[1], frame.plane.shape[0])
    dark = _too_dark(frame)
    if dark is not None:
        return Refusal(dark, picture_px)
    principal_px = setup.focal_length_mm / (setup.pixel_pitch_um * 1e-3)
    located = locate(frame, principal_px * 1.03)
    if isinstance(located, NotLocated):
        return Refusal(reason(located.code, detail=located.text), picture_px)
    survey = _survey(frame, located, setup)
    if isinstance(survey, Refusal):
        return survey
    pose_fit, plan, batch = survey
    tilt = pose_fit.pose.tilt_deg
    if not TILT_RANGE_DEG[0] <= tilt <= TILT_RANGE_DEG[1]:
        low, high = TILT_RANGE_DEG
        return Refusal(reason("TILT_OUT_OF_RANGE", tilt=tilt, low=low, high=high), picture_px, located)
    wrong = _wrong_lens(pose_fit, setup)
    if wrong is not None:
        return Refusal(wrong, picture_px, located)
    return _focus(frame, setup, located, pose_fit, plan, batch)


def _too_dark(frame: Frame) -> Reason | None:
    sample = frame.plane[::7, ::7] if frame.bayer is None else frame.plane[::6, 1::6]
    bright = (float(np.percentile(sample, 99)) - frame.black) / (frame.white - frame.black)
    return reason("TOO_DARK", percent=100 * bright) if bright < 0.03 else None


def _survey(frame: Frame, located: Located, setup: Setup) -> tuple[PoseFit, SegmentPlan, EdgeBatch] | Refusal:
    """Measure the middle of every edge once, refine the pose with them, and once more where that moved it much."""
    pose, layout = located.pose, located.layout
    count = len(layout.edges)
    fit = None
    for _ in range(2):
        length = _edge_length_px(layout, pose)
        margin = np.maximum(0.12 * length, 3.0)
        plan = plan_segments(
            layout, pose, margin, np.full(count, SURVEY_STRIP_PX), np.full(count, SURVEY_PIECE_PX), pieces=1
        )
        if len(plan) > MOST_SEGMENTS:
            plan = plan.take(np.linspace(0, len(plan) - 1, MOST_SEGMENTS).astype(int))
        batch = _measure(frame, plan, setup, pose)
        good = batch.measured & np.isfinite(batch.offset_px) & (batch.offset_px_sd < 1.0)
        clipped = float((batch.reason == "CLIPPED").mean()) if len(batch) else 0.0
        if clipped > 0.3:
            return Refusal(reason("CLIPPED", percent=100 * clipped), pose.picture_px, located)
        if good.sum() < FEWEST_SEGMENTS:
            return Refusal(
                reason("CHART_CROPPED", detail=f"{int(good.sum())} edges could be measured"),
                pose.picture_px,
                located,
            )
        fit = _refine(pose, plan, batch, good, setup)
        moved = np.abs(fit.pose.project(plan.middle_mm) - pose.project(plan.middle_mm)).max()
        pose = fit.pose
        if moved < 2.0:
            break
    assert fit is not None
    return fit, plan, batch


def _edge_length_px(layout: Layout, pose: Pose) -> Array:
    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    return np.asarray(np.hypot(*(pose.project(ends[:, 1]) - pose.project(ends[:, 0])).T))


def _measure(frame: Frame, plan: SegmentPlan, setup: Setup, pose: Pose) -> EdgeBatch:
    m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
    airy = optics.GREEN_WAVELENGTH_UM * optics.working_f_number(setup.f_number, m) / setup.pixel_pitch_um
    return measure_edges(
        frame.plane,
        plan.px,
        plan.half_width_px,
        lattice=frame.bayer,
        frequency_cpp=FREQUENCY_CPP,
        white=0.995 * frame.white,
        airy_px=airy,
    )


def _refine(
    pose: Pose, plan: SegmentPlan, batch: EdgeBatch, good: npt.NDArray[np.bool_], setup: Setup
) -> PoseFit:
    """Pose from where the edges were found; lines count only along their normals."""
    chosen = plan.take(good)
    middle_px = (chosen.px[:, :2] + chosen.px[:, 2:]) / 2
    measured = middle_px + batch.offset_px[good, None] * batch.normal[good]
    prior_mean, prior_sd = pose.vector(), np.full(PARAMETERS, np.inf)
    m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
    image_mm = optics.image_distance_mm(setup.focal_length_mm, m)
    prior_mean[NEARNESS] = 1e3 * pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3 / image_mm
    prior_sd[NEARNESS] = FOCAL_LENGTH_PRIOR * prior_mean[NEARNESS]
    prior_mean[DISTORTION], prior_sd[DISTORTION] = 0.0, 0.03
    sd = np.hypot(batch.offset_px_sd[good], 0.03)
    free = (0, 1, 2, 3, 4, 5, NEARNESS, DISTORTION)
    return fit_pose(pose, chosen.middle_mm, measured, batch.normal[good], sd, free, prior_mean, prior_sd)


def _wrong_lens(fit: PoseFit, setup: Setup) -> Reason | None:
    m = fit.pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
    measured = fit.pose.principal_distance_px * setup.pixel_pitch_um * 1e-3 / (1 + m)
    relative = measured / setup.focal_length_mm - 1
    if abs(relative) > 0.15:
        return reason("WRONG_LENS", measured=measured, given=setup.focal_length_mm)
    return None


def _segments(
    setup: Setup, pose: Pose, plan: SegmentPlan, batch: EdgeBatch, waves: _Waves, index: npt.NDArray[np.int_]
) -> through.Segments:
    aperture = _pixel_aperture(batch.normal[index])
    middle = plan.middle_mm[index]
    ends = plan.paper_mm[index]
    q_ends = np.stack([waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)])
    where = (pose.project(middle) - pose.centre_px) / pose.half_diagonal_px
    return through.Segments(
        frequency_cpp=FREQUENCY_CPP,
        sfr=batch.sfr[index] / aperture,
        covariance=batch.covariance[index] / (aperture[:, :, None] * aperture[:, None, :]),
        q=waves.from_depth(pose.depth_mm(middle)),
        q_half=np.abs(q_ends[1] - q_ends[0]) / 2,
        scale_px_per_mm=plan.scale_px_per_mm[index],
        x=where[:, 0],
        r2=(where**2).sum(axis=1),
        across=plan.across[index],
    )


def _pixel_aperture(normal: Array) -> Array:
    """(n, k) response of the square pixel along each edge's normal."""
    f = FREQUENCY_CPP[None, :]
    return np.asarray(np.sinc(f * normal[:, :1]) * np.sinc(f * normal[:, 1:]), float)


def _focus(
    frame: Frame, setup: Setup, located: Located, pose_fit: PoseFit, plan: SegmentPlan, batch: EdgeBatch
) -> Measurement | Refusal:
    pose = pose_fit.pose
    waves = _Waves(setup, pose)
    cutoff = setup.pixel_pitch_um / (optics.GREEN_WAVELENGTH_UM * waves.working_f_number)  # cycles per pixel
    table = PupilTable(FREQUENCY_CPP / cutoff, max(1.5, 2.2 * SURVEY_STRIP_PX / waves.blur_px_per_wave))
    usable = _usable(batch)
    if usable.sum() < FEWEST_SEGMENTS:
        return Refusal(reason("TOO_BLURRED"), pose.picture_px, located)
    data = _segments(setup, pose, plan, batch, waves, np.flatnonzero(usable))
    low, high = float(data.q.min()), float(data.q.max())
    blur = _print_blur(setup)
    extra = min(6.0, 12 / waves.blur_px_per_wave)
    step = min(0.25, 0.7 / waves.blur_px_per_wave)
    candidates = np.arange(low - extra, high + extra + step, step)
    first, _ = through.fit(data, table, candidates, blur, model_error=0.01)
    # second look: near focus only, in pieces short enough in depth, strips wide enough for the blur
    plan2 = _plan_near(located.layout, pose, waves, first.q_focus, setup)
    batch2 = _measure(frame, plan2, setup, pose) if len(plan2) else batch
    if len(plan2) and _usable(batch2).sum() >= FEWEST_SEGMENTS:
        plan, batch = plan2, batch2
        usable = _usable(batch)
        data = _segments(setup, pose, plan, batch, waves, np.flatnonzero(usable))
        candidates = first.q_focus + np.array([-0.1, 0.0, 0.1])
        fit, _ = through.fit(data, table, candidates, blur)
    else:
        fit = first
    return _collect(setup, located, pose_fit, plan, batch, waves, usable, data, fit, table)


def _usable(batch: EdgeBatch) -> npt.NDArray[np.bool_]:
    finite = np.isfinite(batch.sfr).all(axis=1) & np.isfinite(batch.covariance).all(axis=(1, 2))
    return np.asarray(batch.measured & (batch.reason == "") & finite, bool)


def _print_blur(setup: Setup) -> tuple[float, float]:
    if setup.print_blur_um is None:
        return 0.03, 0.03
    return setup.print_blur_um * 1e-3, max(0.1 * setup.print_blur_um * 1e-3, 0.003)


def _plan_near(layout: Layout, pose: Pose, waves: _Waves, q_focus: float, setup: Setup) -> SegmentPlan:
    ends = np.array([((e.x1_mm, e.y1_mm), (e.x2_mm, e.y2_mm)) for e in layout.edges])
    q = np.stack([waves.from_depth(pose.depth_mm(ends[:, k])) for k in (0, 1)])
    nearest = np.abs(np.clip(q_focus, q.min(axis=0), q.max(axis=0)) - q_focus)
    blur_radius = nearest * waves.blur_px_per_wave / 2
    airy_px = optics.GREEN_WAVELENGTH_UM * waves.working_f_number / setup.pixel_pitch_um
    reach_px = 5.0 + 1.5 * airy_px
    length = _edge_length_px(layout, pose)
    q_per_px = np.abs(q[1] - q[0]) / np.maximum(length, 1e-9)
    piece_waves = max(0.35, 1.2 / waves.blur_px_per_wave)
    longest = np.clip(piece_waves / np.maximum(q_per_px, 1e-9), 30.0, 220.0)
    near = blur_radius < reach_px
    margin = np.where(near, 2.5 + 1.2 * airy_px + blur_radius, 1e6)
    wanted = 10.0 + 1.8 * reach_px + 3.0 * airy_px
    plan = plan_segments(layout, pose, margin, np.full(len(length), wanted), longest)
    if len(plan):
        distance = np.abs(waves.from_depth(pose.depth_mm(plan.middle_mm)) - q_focus)
        plan = plan.take(distance * waves.blur_px_per_wave / 2 < reach_px)
        plan = _same_strip(plan, wanted)
    if len(plan) > MOST_SEGMENTS:
        plan = plan.take(np.linspace(0, len(plan) - 1, MOST_SEGMENTS).astype(int))
    return plan


def _same_strip(plan: SegmentPlan, wanted_px: float) -> SegmentPlan:
    """Pieces with one common strip width, the widest that most of them allow.

    What a strip cuts off the spread function's tails is a small error that depends on its width; with one width it is
    even about best focus and does no harm, with widths that follow the local scale it would pull the focus to one side.
    """
    length = np.hypot(plan.px[:, 2] - plan.px[:, 0], plan.px[:, 3] - plan.px[:, 1])
    for part in (1.0, 0.85, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2):
        wide = plan.half_width_px >= part * wanted_px - 1e-6
        if length[wide].sum() >= 0.6 * length.sum():
            chosen = plan.take(wide)
            return replace(chosen, half_width_px=np.full(len(chosen), part * wanted_px))
    return plan


def _collect(
    setup: Setup,
    located: Located,
    pose_fit: PoseFit,
    plan: SegmentPlan,
    batch: EdgeBatch,
    waves: _Waves,
    usable: npt.NDArray[np.bool_],
    data: through.Segments,
    fit: through.ThroughFocus,
    table: PupilTable,
) -> Measurement:
    pose = pose_fit.pose
    q_low, q_high = float(data.q.min()), float(data.q.max())
    beyond = 0
    if fit.q_focus > q_high - 0.5 * fit.q_sd:
        beyond = 1
    elif fit.q_focus < q_low + 0.5 * fit.q_sd:
        beyond = -1
    depth = waves.to_depth(
        np.array([fit.q_focus, fit.q_focus - fit.q_sd, fit.q_focus + fit.q_sd, q_low, q_high])
    )
    curve_q = np.linspace(q_low - 0.3, q_high + 0.3, 121)
    shape = fit.shape
    w = shape[through.KAPPA] * (curve_q - fit.q_focus) - shape[through.SPHERICAL]
    value, _ = table.lookup(table.at_spherical(shape[through.SPHERICAL])[0], w)
    k = CURVE_FREQUENCY
    index = np.flatnonzero(usable)
    gain = np.exp(fit.log_amplitude[k])
    sfr = np.full(len(plan), np.nan)
    sd = np.full(len(plan), np.nan)
    sfr[index], sd[index] = data.sfr[:, k], np.sqrt(data.covariance[:, k, k])
    return Measurement(
        focus_mm=float(depth[0]),
        noise_mm=float(abs(depth[2] - depth[1]) / 2),
        pose_mm=_pose_uncertainty_mm(pose_fit, float(depth[0])),
        beyond=beyond,
        reach_mm=(float(depth[3]), float(depth[4])),
        pose=pose_fit,
        layout=located.layout,
        plan=plan,
        batch=batch,
        depth_mm=pose.depth_mm(plan.middle_mm),
        fit=fit,
        magnification=waves.magnification,
        used=usable,
        curve_depth_mm=waves.to_depth(curve_q),
        curve_sfr=gain * value[:, k],
        sfr=sfr,
        sfr_sd=sd,
        picture_px=pose.picture_px,
        notes=(),
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
