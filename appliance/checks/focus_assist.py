"""Focus assist: live sharpness of the chart's middle, near and far parts, and which way to turn.

For setting a back-focus ring by hand. The chart is located once; then each frame costs a few milliseconds. Where focus
lies follows from all strips together: the squared edge width is a parabola in depth about it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

import cv2
import numpy as np

from appliance import optics
from appliance.arrays import Array, Index
from appliance.chart.locate import Located, locate
from appliance.chart.pose import Pose
from appliance.chart.pose_fit import fit_pose
from appliance.chart.segments import SegmentPlan, plan_segments
from appliance.checks._strips import Sharpness, Strips, sharpness
from appliance.focus.edges.survey import edge_lengths_px
from appliance.focus.result import Setup
from appliance.frame import Frame, greens

Turn = Literal["nearer", "farther", "hold", ""]
MOST_UNSURE = 3.0
"""Standard deviations of focus beyond this many times what is good enough say nothing, not even that it is good."""
STRIP_PX = 28.0
PIECE_PX = 80.0
DEPTH_BINS = 14
PIECES_PER_BIN = 4
MIDDLE_SHARE = 0.2
"""The middle is this share of the chart's depth either side of the aim point."""
FEWEST_FOUND = 10
FOLLOW_PX = 1.5
LOST_PX = 20.0
COARSE_PX = 96
"""Width of the reduced picture behind the coarse figure: blur of a fifth of the picture's width still counts."""
LEAST_COARSE_CONTRAST = 0.01
"""Standard deviation of the picture, as a share of the range, below which there is nothing to be sharp."""
SMOOTHING = 0.35
"""Weight of the newest frame in the figures shown: calm, yet following within half a second at 10 frames/s."""


@dataclass(frozen=True)
class AssistFigures:
    """What focus assist shows. Sharpness in per cent: 100 is an edge as wide as one pixel.

    ``focus_mm`` is where focus lies behind the aim point (− in front), ± ``focus_sd_mm``; None while too blurred.
    ``turn`` says which way to move focus. ``found`` is False while no chart can be made out; ``middle`` is then a
    coarse figure of the whole picture, good for nothing but turning until it rises.
    """

    found: bool
    middle: float
    near: float | None = None
    far: float | None = None
    peak: float = 0.0
    focus_mm: float | None = None
    focus_sd_mm: float | None = None
    turn: Turn = ""
    edges: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return asdict(self)


@dataclass
class _Plan:
    plan: SegmentPlan
    strips: Strips
    depth_mm: Array
    pose: Pose


class FocusAssist:
    """Follows the chart from frame to frame; one instance per session at the ring."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._located: Located | None = None
        self._plan: _Plan | None = None
        self._smooth: dict[str, float] = {}
        self._peak = 0.0
        self._tries = 0

    def reset_peak(self) -> None:
        """Forget the best sharpness so far."""
        self._peak = 0.0

    def look(self, frame: Frame) -> AssistFigures:
        """Figures of one frame."""
        if self._plan is None and not self._find(frame):
            return self._coarse(frame)
        plan = self._plan
        assert plan is not None
        seen = sharpness(plan.strips.spread(frame), plan.strips.distance_px)
        if seen.found.sum() < max(FEWEST_FOUND, 0.4 * len(plan.plan)) or not self._follow(frame, seen):
            self._plan = (
                None  # turned, moved or blurred beyond the strips: looked for again in the next frame
            )
            return self._coarse(frame)
        return self._figures(plan, seen)

    # Finding and following

    def _find(self, frame: Frame) -> bool:
        self._tries += 1
        if (
            self._tries % 3 != 1
        ):  # looking for the chart takes long: most frames of a blurred picture go without
            return False
        pitch_mm = self._setup.pixel_pitch_um * 1e-3
        located = locate(frame, 1.03 * self._setup.focal_length_mm / pitch_mm)
        if not isinstance(located, Located):
            return False
        self._located, self._tries = located, 0
        return self._make_plan(frame, located.pose)

    def _make_plan(self, frame: Frame, pose: Pose) -> bool:
        assert self._located is not None
        layout = self._located.layout
        count = len(layout.edges)
        margin = np.maximum(0.12 * edge_lengths_px(layout.edges, pose), 3.0)
        every = plan_segments(
            layout.edges, pose, margin, np.full(count, STRIP_PX), np.full(count, PIECE_PX), pieces=1
        )
        if len(every) < FEWEST_FOUND:
            return False
        plan = every.take(_spread_over_depth(pose.depth_mm(every.middle_mm), every.half_width_px))
        shape = (frame.plane.shape[0], frame.plane.shape[1])
        strips = Strips.of(plan, shape, frame.bayer)
        self._plan = _Plan(plan, strips, pose.depth_mm(plan.middle_mm), pose)
        return True

    def _follow(self, frame: Frame, seen: Sharpness) -> bool:
        """Move the plan along where the picture breathes or shifts; False if it is lost."""
        plan = self._plan
        assert plan is not None
        offset = seen.offset_px[seen.found]
        moved = float(np.percentile(np.abs(offset), 80))
        if moved > LOST_PX:
            return False
        if moved > FOLLOW_PX:
            chosen = plan.plan.take(seen.found)
            along = chosen.px[:, 2:] - chosen.px[:, :2]
            normal = np.column_stack([along[:, 1], -along[:, 0]]) / np.hypot(*along.T)[:, None]
            middle = (chosen.px[:, :2] + chosen.px[:, 2:]) / 2 + offset[:, None] * normal
            sd = np.full(len(chosen), 1.0)
            fit = fit_pose(plan.pose, chosen.middle_mm, middle, normal, sd, (2, 3, 4, 5), iterations=3)
            return self._make_plan(frame, fit.pose)
        return True

    # Figures

    def _figures(self, plan: _Plan, seen: Sharpness) -> AssistFigures:
        found = seen.found
        depth, per_px = plan.depth_mm[found], seen.per_px[found]
        reach = float(np.abs(plan.depth_mm).max())
        parts = {
            "middle": np.abs(depth) <= MIDDLE_SHARE * reach,
            "near": depth < -MIDDLE_SHARE * reach,
            "far": depth > MIDDLE_SHARE * reach,
        }
        shown = {
            name: self._calm(name, 100 * float(np.median(per_px[part])))
            for name, part in parts.items()
            if part.any()
        }
        focus, sd = self._focus_mm(plan.pose, depth, per_px, reach)
        middle = shown.get("middle", 0.0)
        self._peak = max(self._peak, middle)
        turn = self._turn(plan.pose, focus, sd, shown)
        return AssistFigures(
            True,
            round(middle, 1),
            _rounded(shown.get("near")),
            _rounded(shown.get("far")),
            round(self._peak, 1),
            _rounded(focus),
            _rounded(sd),
            turn,
            int(found.sum()),
        )

    def _calm(self, name: str, value: float) -> float:
        before = self._smooth.get(name, value)
        self._smooth[name] = before + SMOOTHING * (value - before)
        return self._smooth[name]

    def _focus_mm(
        self, pose: Pose, depth: Array, per_px: Array, reach: float
    ) -> tuple[float | None, float | None]:
        """Vertex of the parabola of squared edge widths in dioptres, with its standard deviation, mm."""
        o = pose.object_distance_mm
        q = depth / (1 + depth / o) / reach
        width2 = 1 / per_px**2
        weight = 1 / np.maximum(width2, 4.0) ** 2
        a = np.column_stack([np.ones_like(q), q, q * q])
        normal = a.T @ (weight[:, None] * a)
        try:
            inverse = np.linalg.inv(normal)
        except np.linalg.LinAlgError:
            return None, None
        c = inverse @ (a.T @ (weight * width2))
        if c[2] <= 0:
            return None, None
        rest = width2 - a @ c
        covariance = inverse * float((weight * rest**2).sum() / max(len(q) - 3, 1))
        gradient = np.array([0.0, -1 / (2 * c[2]), c[1] / (2 * c[2] ** 2)])
        vertex, sd = -c[1] / (2 * c[2]), float(np.sqrt(max(gradient @ covariance @ gradient, 0.0)))
        if abs(vertex) > 1.3:
            return None, None
        scaled = vertex * reach
        return self._calm("focus", scaled / (1 - scaled / o)), sd * reach

    def _turn(self, pose: Pose, focus: float | None, sd: float | None, shown: dict[str, float]) -> Turn:
        near, far = shown.get("near"), shown.get("far")
        if focus is None or sd is None:
            if near is None or far is None or abs(np.log(far / near)) < 0.05:
                return ""
            return "nearer" if far > near else "farther"
        m = pose.scale_px_per_mm * self._setup.pixel_pitch_um * 1e-3
        tolerance_um = self._setup.tolerance_um or optics.depth_of_focus_um(
            self._setup.f_number, m, self._setup.coc_um
        )
        good_mm = 0.25 * tolerance_um / m**2 / 1000
        if abs(focus) <= max(good_mm, sd):
            return "hold" if sd <= MOST_UNSURE * good_mm else ""
        return "nearer" if focus > 0 else "farther"

    def _coarse(self, frame: Frame) -> AssistFigures:
        """How fine the picture's structure is, without a direction.

        Which half of so blurred a picture is the sharper one depends as much on what is in view as on focus: measured
        on the bench, it would send one the wrong way. So it only says whether turning makes it better.
        """
        self._smooth.clear()
        return AssistFigures(False, round(coarse_sharpness(frame), 1), peak=self._peak)


def coarse_sharpness(frame: Frame) -> float:
    """Steepness over contrast of a much reduced picture's middle, 0 … 100; falls as blur grows, whatever its sign.

    Both come as products of two halves of the pixels with noise of their own, so that noise is no sharpness. The mean
    *square* slope falls with an edge's width; the mean slope would not, until edges run into each other.
    """
    plane, scale = frame.plane, 1 / (frame.white - frame.black)
    height, width = plane.shape
    top, left = height // 16 * 2, width // 16 * 2
    middle = plane[top : height - top, left : width - left]
    halves = greens(middle, frame.bayer)
    size = COARSE_PX, max(round(COARSE_PX * middle.shape[0] / middle.shape[1]), 2)
    a, b = (
        cv2.resize(np.ascontiguousarray(half), size, interpolation=cv2.INTER_AREA) * scale for half in halves
    )
    contrast = float(((a - a.mean()) * (b - b.mean())).mean())
    slope = sum(float((np.diff(a, axis=k) * np.diff(b, axis=k)).mean()) for k in (0, 1))
    return min(80 * float(np.sqrt(max(slope, 0.0) / max(contrast, LEAST_COARSE_CONTRAST**2))), 100.0)


def _spread_over_depth(depth: Array, half_width: Array) -> Index:
    """Indices of a few pieces per depth bin, those with the widest strips."""
    edges = np.linspace(depth.min(), depth.max() + 1e-6, DEPTH_BINS + 1)
    chosen: list[int] = []
    for low, high in pairwise(edges):
        inside = np.flatnonzero((depth >= low) & (depth < high))
        chosen += inside[np.argsort(-half_width[inside], kind="stable")][:PIECES_PER_BIN].tolist()
    return np.array(chosen, int)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 2)
