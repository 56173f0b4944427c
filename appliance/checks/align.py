"""Alignment of the bench: tilt, roll, yaw, distance, centring and evenness of light in one photo, against limits."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from appliance.chart.layout import Layout
from appliance.chart.locate import Located, green_half, locate
from appliance.chart.pose import Pose
from appliance.focus.refusals import too_dark
from appliance.focus.result import Setup
from appliance.frame import Frame

TILT_DEG = (42.0, 48.0)
"""The holder's 45°; depth per millimetre of paper changes by 1.7 % per degree, which the pose takes into account."""
ROLL_DEG = 4.0
"""Squares are turned by 11°: at more roll than this the edges of one kind come near the pixel axes."""
YAW_DEG = 3.0
"""Beyond it, left and right of the chart lie at depths that differ by more than a twentieth of the chart's own."""
DISTANCE_SHARE = 0.01
"""Departure from the distance set; 1.5 % is refused by the check itself as a wrong print scale."""
DISTANCE_FOCAL_LENGTHS = (15.0, 60.0)
"""Where no distance is set: the usual range of a focus check."""
CENTRING_SHARE = 0.04
"""Of the picture's height; field curvature then moves focus by less than a fiftieth of what it does at the edge."""
LEAST_EVENNESS = 0.7
"""Darkest over brightest part of the paper; below it, exposure that suits one end clips or starves the other."""


@dataclass(frozen=True)
class AlignFigure:
    """One figure against its limits; ``advice`` says what to turn, empty if it is good."""

    name: str
    value: float
    unit: str
    low: float | None
    high: float | None
    advice: str

    @property
    def good(self) -> bool:
        """Whether the value lies within its limits."""
        above = self.low is None or self.value >= self.low
        return above and (self.high is None or self.value <= self.high)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        return {**asdict(self), "good": self.good}


@dataclass(frozen=True)
class Alignment:
    """What one photo says of the bench: its figures, or why there are none."""

    figures: tuple[AlignFigure, ...]
    problem: str = ""
    chart: str = ""
    """Title of the chart in view."""

    @property
    def good(self) -> bool:
        """Whether every figure is within its limits."""
        return bool(self.figures) and all(figure.good for figure in self.figures)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready dictionary."""
        figures = [figure.to_dict() for figure in self.figures]
        return {"good": self.good, "problem": self.problem, "chart": self.chart, "figures": figures}


def align(frame: Frame, setup: Setup) -> Alignment:
    """Figures of one photo of the chart."""
    dark = too_dark(frame)
    if dark is not None:
        return Alignment((), dark.text)
    located = locate(frame, 1.03 * setup.focal_length_mm / (setup.pixel_pitch_um * 1e-3))
    if not isinstance(located, Located):
        return Alignment((), f"No chart: {located.text}. See that it is lit, in view and roughly in focus.")
    located = located.printed_at(setup.print_of(located.layout.title).scale)
    pose = located.pose
    light, brightest = evenness(frame, located.layout, pose)
    return Alignment(
        (
            *_angles(pose),
            _distance(pose, setup),
            *_centring(pose),
            _figure("light", light, "", LEAST_EVENNESS, None, f"move the lamps: {brightest} is too bright"),
        ),
        chart=located.layout.title,
    )


def _figure(
    name: str, value: float, unit: str, low: float | None, high: float | None, advice: str
) -> AlignFigure:
    figure = AlignFigure(name, round(value, 2), unit, low, high, "")
    return figure if figure.good else AlignFigure(name, round(value, 2), unit, low, high, advice)


def angles_deg(pose: Pose) -> tuple[float, float, float]:
    """Tilt about the picture's horizontal, roll about the optical axis, yaw about the picture's vertical, degrees.

    Tilt > 0: the top leans away. Roll > 0: the chart is turned clockwise in the picture. Yaw > 0: its right side lies
    farther away.
    """
    r = pose.matrix()  # = roll about z · yaw about y · tilt about x, so that a rolled camera shows no yaw
    tilt = float(np.degrees(np.arctan2(-r[2, 1], r[2, 2])))
    roll = float(np.degrees(np.arctan2(r[1, 0], r[0, 0])))
    yaw = float(np.degrees(np.arcsin(np.clip(r[2, 0], -1, 1))))
    return tilt, roll, yaw


def _angles(pose: Pose) -> tuple[AlignFigure, ...]:
    tilt, roll, yaw = angles_deg(pose)
    lean = "away from" if tilt < TILT_DEG[0] else "towards"
    around = "anticlockwise" if roll > 0 else "clockwise"
    side = "right" if yaw > 0 else "left"
    return (
        _figure("tilt", tilt, "°", *TILT_DEG, f"lean the chart's top {lean} the camera"),
        _figure(
            "roll", roll, "°", -ROLL_DEG, ROLL_DEG, f"turn the chart {around}, or the camera the other way"
        ),
        _figure("yaw", yaw, "°", -YAW_DEG, YAW_DEG, f"bring the chart's {side} side nearer to the camera"),
    )


def sensor_distance_mm(pose: Pose, setup: Setup) -> float:
    """Distance from the sensor to the aim point, mm, from the chart's scale and the focal length as marked."""
    m = pose.scale_px_per_mm * setup.pixel_pitch_um * 1e-3
    return setup.focal_length_mm * (1 + m) ** 2 / m


def _distance(pose: Pose, setup: Setup) -> AlignFigure:
    distance = sensor_distance_mm(pose, setup)
    if setup.distance_mm is not None:
        low, high = ((1 + s * DISTANCE_SHARE) * setup.distance_mm for s in (-1, 1))
    else:
        low, high = (count * setup.focal_length_mm for count in DISTANCE_FOCAL_LENGTHS)
    advice = "move the chart away" if distance < low else "move the chart nearer"
    return _figure("distance", distance, "mm", round(low, 1), round(high, 1), advice)


def _centring(pose: Pose) -> tuple[AlignFigure, ...]:
    x, y = 100 * (pose.aim_px - pose.centre_px) / pose.picture_px[1]
    limit = 100 * CENTRING_SHARE
    return (
        _figure("centre x", float(x), "%", -limit, limit, f"point the camera more to the {_side(x)}"),
        _figure(
            "centre y", float(y), "%", -limit, limit, f"point the camera {'lower' if y > 0 else 'higher'}"
        ),
    )


def _side(x: float) -> str:
    return "right" if x > 0 else "left"


def evenness(frame: Frame, layout: Layout, pose: Pose) -> tuple[float, str]:
    """Darkest over brightest part of the paper in view, and where the brightest is, in words.

    The paper's white is the brightest tenth around each printed square, so that ink and blur do not count.
    """
    grey, reduction = green_half(frame)
    corners = np.array(layout.squares)
    centre = (pose.project(corners.mean(axis=1)) + 0.5) / reduction
    side = float(np.hypot(*(corners[0, 1] - corners[0, 0]))) * pose.scale_px_per_mm / reduction
    reach = max(int(0.9 * side), 3)
    height, width = grey.shape
    inside = ((centre > reach) & (centre < (width - reach, height - reach))).all(axis=1)
    points = centre[inside].astype(int)
    step = max(reach // 8, 1)
    white = np.array(
        [
            np.percentile(grey[y - reach : y + reach : step, x - reach : x + reach : step], 90)
            for x, y in points
        ]
    )
    if len(white) < 4:
        return 1.0, ""
    low, high = np.percentile(white, (3, 97))
    x, y = points[white >= high].mean(axis=0) / (width, height) - 0.5
    where = (
        ("the right" if x > 0 else "the left") if abs(x) > abs(y) else ("the bottom" if y > 0 else "the top")
    )
    return float(low / max(high, 1e-6)), where
